"""Whole questions, answered by the engine itself: what opens bytes or changes state asks here.

Structure is not stored as tuples, so a question brings it along as contextual tuples. Questions of one batch that bring
the very same ``contextual_tuples`` object share their evaluation. Every error is an ``authz.errors.AuthzError``, never
an allow.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import DEFAULT_DB_ALIAS

from authz.clients import horizon
from authz.services.client import configured_client
from authz.types import CheckRequest


def check(request: CheckRequest) -> bool:
    """Tell whether the user has the relation to the object."""
    return configured_client().check(request)


def batch_check(requests: Sequence[CheckRequest]) -> list[bool]:
    """Answer all questions, in order, with one statement per level of the deepest one."""
    return configured_client().batch_check(requests)


def stay_revocations() -> None:
    """Let ``relationships.revoke`` wait until the present transaction has ended, and wait for those that have begun.

    With ``revision_sql``, read after it, what was decided before holds until the commit.
    """
    horizon.stay_revocations(DEFAULT_DB_ALIAS)


def revision_sql() -> str:
    """Return a scalar SQL expression whose value changes with every tuple that is written or deleted here.

    What was decided while it had one value is decided still while it has the same: a transaction that must rely on a
    decision made before it began compares the two, and asks nobody. Of a writer that has not committed it knows
    nothing: see ``stay_revocations``.
    """
    return horizon.revision_sql(DEFAULT_DB_ALIAS)
