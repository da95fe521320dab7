"""Whole questions, answered by the engine itself: what opens bytes or changes state asks here.

Structure is not stored as tuples, so a question brings it along as contextual tuples. Questions of one batch that bring
the very same ``contextual_tuples`` object share their evaluation. Every error is an ``authz.errors.AuthzError``, never
an allow.
"""

from __future__ import annotations

from collections.abc import Sequence

from authz.engine.expand import UsersetTree
from authz.services.client import configured_client
from authz.types import CheckRequest, ListObjectsRequest, ListUsersRequest, TupleKey


def check(request: CheckRequest) -> bool:
    """Tell whether the user has the relation to the object."""
    return configured_client().check(request)


def batch_check(requests: Sequence[CheckRequest]) -> list[bool]:
    """Answer all questions, in order, with one statement per level of the deepest one."""
    return configured_client().batch_check(requests)


def list_objects(request: ListObjectsRequest) -> list[str]:
    """Return every object to which the user has the relation, as far as tuples lead; for rows see ``visibility``."""
    return configured_client().list_objects(request)


def list_users(request: ListUsersRequest) -> list[str]:
    """Return everybody of a kind who has the relation; ``"user:*"`` among them means everybody."""
    return configured_client().list_users(request)


def expand(relation: str, object: str, contextual_tuples: Sequence[TupleKey] = ()) -> UsersetTree:
    """Return how the relation of an object comes about, one level deep."""
    return configured_client().expand(relation, object, contextual_tuples)
