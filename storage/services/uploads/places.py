"""What somebody may do in the folders that her uploads go to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from authz.types import Actor
from storage import permissions
from storage.errors import StorageError
from storage.models import Item
from storage.permissions import Permission


class Verdict(NamedTuple):
    """Why she may not upload there (None: she may), and whether she may look there: a drop box lets nobody look."""

    refusal: StorageError | None
    sees: bool


def judge(actor: Actor, folders: Sequence[Item]) -> list[Verdict]:
    """Return a verdict for each folder, in order. One batch of questions."""
    asked = [(permission, folder) for folder in folders for permission in (Permission.UPLOAD, Permission.VIEW)]
    answers = permissions.require_all(actor, asked) if asked else []
    pairs = zip(answers[::2], answers[1::2], strict=True)
    return [Verdict(refusal, sees=unseen is None) for refusal, unseen in pairs]
