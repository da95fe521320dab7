"""Tuples as those write them who edit the authorization model, with what a drive needs: somebody who owns it."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from authz.services import relationship_editor
from authz.services.editors import require_editor
from authz.services.needs import Needs
from authz.services.relationship_editor import RefusedTuple
from authz.types import Actor, TupleKey
from storage.services.sharing import require_owners


def write(actor: Actor, *, writes: Sequence[TupleKey], deletes: Sequence[TupleKey], needs: Needs) -> list[RefusedTuple]:
    """Delete and write tuples as ``authz.services.relationship_editor`` does; raises Conflict for a drive's last owner.

    Drives are held before anything else is, as whoever changes something in one does.
    """
    require_editor(actor)
    with transaction.atomic():
        require_owners(writes, deletes)
        return relationship_editor.write(actor, writes=writes, deletes=deletes, needs=needs)
