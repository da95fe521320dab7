"""Who may edit the authorization model, and who may look at it and at the tuples. The only place of authz that asks."""

from __future__ import annotations

from enum import StrEnum

from authz.errors import ConditionFailed, EditorRequired
from authz.services import decisions, undecided
from authz.types import ORGANIZATION, Actor, CheckRequest


class Permission(StrEnum):
    """What may be asked; values are relations of the authorization model."""

    EDIT_MODEL = "can_edit_model"
    READ_AUDIT = "can_read_audit"


def require_editor(actor: Actor) -> None:
    """Raise EditorRequired unless the actor may edit the model (one whole check), or ConditionFailed."""
    if not _has_any(actor, Permission.EDIT_MODEL):
        raise EditorRequired


def may_read(actor: Actor) -> bool:
    """Return whether the actor may see models and tuples, and ask for whom they count: editors, and who audits.

    Raises ConditionFailed.
    """
    return _has_any(actor, Permission.EDIT_MODEL, Permission.READ_AUDIT)


def _has_any(actor: Actor, *permissions: Permission) -> bool:
    """Ask together. Raises ConditionFailed without its detail: who asks may be nobody who may see a relationship."""
    try:
        return any(decisions.batch_check([CheckRequest(actor, permission, ORGANIZATION) for permission in permissions]))
    except ConditionFailed as failure:
        undecided.tell(failure)
        raise type(failure) from None
