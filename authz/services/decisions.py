"""Whole questions, answered by the engine itself: what opens bytes or changes state asks here.

Structure is not stored as tuples, so a question brings it along as contextual tuples. Questions of one batch that bring
the very same ``contextual_tuples`` object share their evaluation. Every error is an ``authz.errors.AuthzError``, never
an allow.
"""

from __future__ import annotations

from collections.abc import Sequence

from authz.services.client import configured_client
from authz.types import CheckRequest


def check(request: CheckRequest) -> bool:
    """Tell whether the user has the relation to the object."""
    return configured_client().check(request)


def batch_check(requests: Sequence[CheckRequest]) -> list[bool]:
    """Answer all questions, in order, with one statement per level of the deepest one."""
    return configured_client().batch_check(requests)
