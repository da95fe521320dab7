"""Django commands of authz."""
