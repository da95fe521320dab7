"""Who may edit the authorization model, and who may look at it and at the tuples. The only place of authz that asks."""

from __future__ import annotations

from enum import StrEnum

from authz.errors import EditorRequired
from authz.services import decisions
from authz.types import ORGANIZATION, Actor, CheckRequest


class Permission(StrEnum):
    """What may be asked; values are relations of the authorization model."""

    EDIT_MODEL = "can_edit_model"
    READ_AUDIT = "can_read_audit"


def require_editor(actor: Actor) -> None:
    """Raise EditorRequired unless the actor may edit the model (one whole check)."""
    if not decisions.check(CheckRequest(actor, Permission.EDIT_MODEL, ORGANIZATION)):
        raise EditorRequired


def may_read(actor: Actor) -> bool:
    """Return whether the actor may see models and tuples, and ask for whom they count: editors, and who audits."""
    asked = (Permission.EDIT_MODEL, Permission.READ_AUDIT)
    return any(decisions.batch_check([CheckRequest(actor, permission, ORGANIZATION) for permission in asked]))
