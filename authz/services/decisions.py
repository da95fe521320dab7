"""Whole questions, answered by the engine itself: what opens bytes or changes state asks here.

Structure is not stored as tuples, so a question brings it along as contextual tuples. Questions of one batch that bring
the very same ``contextual_tuples`` object share their evaluation. Each is told the time (``circumstances``). Every
error is an ``authz.errors.AuthzError``, never an allow. The user of a question is whoever asks it: a no is a refusal,
which the audit may want to know of. Questions about others are for ``authz.services.access``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.db import DEFAULT_DB_ALIAS

from authz.clients import horizon
from authz.clients.sql.structure import NO_STRUCTURE, Structure
from authz.services.circumstances import circumstances
from authz.services.client import configured_client
from authz.services.wrapping import noting_denials
from authz.types import CheckRequest


def check(request: CheckRequest, structure: Structure = NO_STRUCTURE) -> bool:
    """Tell whether the user has the relation to the object; see ``batch_check``."""
    return batch_check([request], structure)[0]


def batch_check(requests: Sequence[CheckRequest], structure: Structure = NO_STRUCTURE) -> list[bool]:
    """Answer all questions, in order, with one statement per level of the deepest one.

    ``structure`` is for models in which a stored tuple can lead anywhere into the tree, as ``folder:x#viewer`` does for
    a subject: the place of what nobody has told is then read from the rows.
    """
    client = noting_denials(configured_client(structure))
    told = circumstances(client)
    if told:
        # The same object for all of them: questions under one context share their evaluation.
        requests = [replace(each, context={**told, **each.context} if each.context else told) for each in requests]
    return client.batch_check(requests)


def shares_reads(structure: Structure = NO_STRUCTURE) -> bool:
    """Tell whether one more question about the same objects, in the same batch, costs next to nothing.

    So it is with the embedded engine; a remote one has each question evaluated by itself.
    """
    return configured_client(structure).shares_reads


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


def revision() -> str:
    """Return the value of ``revision_sql`` as of now. One statement."""
    return horizon.revision(DEFAULT_DB_ALIAS)
