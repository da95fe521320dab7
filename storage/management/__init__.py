"""Django commands of storage."""
