"""The front door of authz: what storage, accounts and schema call."""
