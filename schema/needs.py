"""What the service, all its parts together, needs of any authorization model. No GraphQL: commands want to know too."""

from __future__ import annotations

from accounts.permissions import NEEDS as ACCOUNTS
from storage.permissions import NEEDS as STORAGE

NEEDS = STORAGE.joined(ACCOUNTS)
"""For whoever activates a model, or writes tuples under one."""
