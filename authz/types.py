"""The plain values that every engine and client speaks, in OpenFGA's words.

Pure Python: no Django, no network. An *object* is ``"type:id"``; a *user* is one of ``"type:id"``,
``"type:*"`` (everyone of that type) or the userset ``"type:id#relation"``. Model definitions live in
``authz.dsl.model``; how a question is answered lives in ``authz.engine``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NewType

Actor = NewType("Actor", str)
"""Who asks, as the OpenFGA user ``"user:<id>"``, ``"service:<id>"`` or ``"anonymous:<id>"``. Always an argument."""

ANONYMOUS = Actor("anonymous:visitor")
"""The actor of a request that carries no credentials."""

SYSTEM = Actor("service:filegraph")
"""The installation itself, where nobody asks for something: when it is set up, and when it tidies up."""

OPERATOR = Actor("service:operator")
"""Whoever has the machine, and puts a model in force or makes an administrator there: no permission is asked of her."""

PROBE = Actor("user:nobody")
"""Who asks only to find out whether questions are answered. No account has such an id, and yet no engine knows the
answer without looking, as it would of a visitor. It leaves no entry in the audit."""

ORGANIZATION = "organization:default"
"""The object that stands for the installation: there is one organization in it."""


@dataclass(frozen=True, slots=True)
class RelationshipCondition:
    """The condition that a tuple carries: its name in the model and the context stored with the tuple."""

    name: str
    context: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class TupleKey:
    """One relationship: ``user`` has ``relation`` to ``object``."""

    user: str
    relation: str
    object: str
    condition: RelationshipCondition | None = None

    @property
    def bare(self) -> TupleKey:
        """The tuple without its condition, which is no part of what names it."""
        return self if self.condition is None else TupleKey(self.user, self.relation, self.object)


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """The question "has ``user`` the ``relation`` to ``object``?".

    ``contextual_tuples`` count as if they were stored, for this question only; ``context`` feeds conditions.
    """

    user: str
    relation: str
    object: str
    contextual_tuples: tuple[TupleKey, ...] = ()
    context: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class ListObjectsRequest:
    """The question "to which objects of ``type`` has ``user`` the ``relation``?"."""

    user: str
    relation: str
    type: str
    contextual_tuples: tuple[TupleKey, ...] = ()
    context: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class ListUsersRequest:
    """The question "which users of ``user_type`` (or usersets ``user_type#user_relation``) have the relation?"."""

    object: str
    relation: str
    user_type: str
    user_relation: str | None = None
    contextual_tuples: tuple[TupleKey, ...] = ()
    context: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Asker:
    """Who asks about lists and pages: ``actor``, and what counts for this question only.

    ``usersets`` (``"share_link:l1#bearer"``) are memberships of the actor; ``context`` feeds conditions.
    """

    actor: str
    usersets: tuple[str, ...] = ()
    context: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @cached_property
    def memberships(self) -> tuple[TupleKey, ...]:
        """The usersets as contextual tuples."""
        named = (userset.partition("#") for userset in self.usersets)
        return tuple(TupleKey(self.actor, relation, name) for name, _, relation in named)

    def check(self, relation: str, object: str) -> CheckRequest:
        """Return the question whether this one has ``relation`` to ``object``."""
        return CheckRequest(self.actor, relation, object, self.memberships, self.context)

    def list_objects(self, relation: str, type: str) -> ListObjectsRequest:
        """Return the question to which objects of ``type`` this one has ``relation``."""
        return ListObjectsRequest(self.actor, relation, type, self.memberships, self.context)


def split_object(value: str) -> tuple[str, str]:
    """Split ``"type:id"`` at its first colon into ``(type, id)``.

    Raises ValueError when there is no colon or either side is empty.
    """
    type_name, colon, object_id = value.partition(":")
    if not (type_name and colon and object_id):
        raise ValueError(f"not an object: {value!r}")
    return type_name, object_id


def split_user(value: str) -> tuple[str, str, str | None]:
    """Split a user into ``(type, id, relation)``; ``relation`` is None unless it is a userset, ``id`` may be ``"*"``.

    Raises ValueError when it has none of the three shapes.
    """
    subject, hash_sign, relation = value.partition("#")
    if hash_sign and not relation:
        raise ValueError(f"not a user: {value!r}")
    type_name, object_id = split_object(subject)
    return type_name, object_id, relation or None
