"""Questions about everything below a folder, in one statement."""

from __future__ import annotations

from django.db import connection

from authz.types import Actor
from storage.models import Item
from storage.permissions import Permission
from storage.selectors.visible import VisibleItems


def all_below_allow(actor: Actor, permission: Permission, folder: Item) -> bool:
    """Return whether the actor has the permission on every item below the folder, in the trash or not."""
    below = "n.parent_id IN (SELECT descendant_id FROM storage_folderclosure WHERE ancestor_id = %s)"
    statement = VisibleItems.any(actor, permission).exists_otherwise([(below, [folder.id])])
    with connection.cursor() as cursor:
        cursor.execute(statement.text, statement.params)
        return cursor.fetchone() is None
