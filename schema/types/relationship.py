"""Relationship tuples as they are stored, and as an editor gives them."""

# The description of a field is its docstring, for clients and for us.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import strawberry

from authz.types import RelationshipCondition as Condition
from authz.types import TupleKey
from schema.errors import BadUserInput
from schema.ids import object_name, user_name
from schema.scalars import JSON
from schema.types.page_info import PageInfo

USER = 'Who: an id of this service (a group stands for its members), or a name: "user:x", "user:*", "group:x#member".'
OBJECT = 'To what: an id of this service, or a name of the authorization model: "folder:x".'


@strawberry.type(description="The condition that a tuple carries: it counts only where that is met.")
class RelationshipCondition:
    """A condition and its context."""

    name: str = strawberry.field(description="Its name in the authorization model.")
    context: JSON = strawberry.field(
        description="The values stored with the tuple; they go before those of a question."
    )


@strawberry.type(description="A relationship: a user has a relation to an object.")
class RelationshipTuple:
    """One tuple."""

    user: str = strawberry.field(description='Who: "user:x", everybody of a type ("user:*"), or "group:x#member".')
    relation: str = strawberry.field(description="The relation.")
    object: str = strawberry.field(description='To what: "folder:x".')
    condition: RelationshipCondition | None = strawberry.field(description="Under which condition; null for none.")


@strawberry.type(description="A page of stored tuples, in the order in which they were written.")
class RelationshipTupleConnection:
    """A page of tuples."""

    nodes: list[RelationshipTuple] = strawberry.field(description="The tuples of the page.")
    page_info: PageInfo = strawberry.field(
        description="Where the page stands: lists of tuples are read forwards alone."
    )


@strawberry.input(description="Which tuples; what is left out does not matter.")
class RelationshipTupleFilter:
    """A filter of tuples. An OpenFGA server takes a user only together with a type of objects."""

    user: str | None = strawberry.field(default=None, description=USER)
    relation: str | None = strawberry.field(default=None, description="The relation.")
    object: str | None = strawberry.field(
        default=None, description='To what: an id of this service, a name ("folder:x"), or a whole type ("folder:").'
    )


@strawberry.input(description="A condition for a tuple to carry.")
class RelationshipConditionInput:
    """A condition and its context."""

    name: str = strawberry.field(description="Its name in the authorization model.")
    context: JSON | None = strawberry.field(default=None, description="An object with values for its parameters.")


@strawberry.input(description="A relationship: a user has a relation to an object.")
class RelationshipTupleInput:
    """One tuple."""

    user: str = strawberry.field(description=USER)
    relation: str = strawberry.field(description="The relation.")
    object: str = strawberry.field(description=OBJECT)
    condition: RelationshipConditionInput | None = strawberry.field(
        default=None, description="Under which condition; none when left out. To delete a tuple, name none."
    )

    def key(self) -> TupleKey:
        """Return what authz calls it."""
        given = self.condition
        condition = None if given is None else Condition(given.name, context_value(given.context))
        return TupleKey(user_name(self.user), self.relation, object_name(self.object), condition)


def context_value(given: JSON | None) -> Mapping[str, Any]:
    """Return a context; empty when none is given. Raises BadUserInput for what is no object."""
    found = cast("Any", given)
    if found is not None and not isinstance(found, dict):
        raise BadUserInput("A context is an object: it gives values to the parameters of conditions.")
    return found or {}


def advice(*, user: str | None = None, object: str | None = None) -> str:
    """Return what to give instead of what is neither an id nor a name of the model: a username, a path of the tree."""
    found = ""
    if user is not None and ":" not in user_name(user):
        found += (
            ' Say who by an id, "user_..." as `viewer { user { id } }` and `filegraph user create` tell it, '
            'or by "user:<id>".'
        )
    if object is not None and (":" not in object_name(object) or ":/" in object):
        found += ' Say what by an id, "file_..." as `filegraph ls -l` tells it, or by "file:<id>".'
    return found


def relationship(key: TupleKey) -> RelationshipTuple:
    """Return a tuple for a client."""
    condition = key.condition
    return RelationshipTuple(
        user=key.user,
        relation=key.relation,
        object=key.object,
        condition=None
        if condition is None
        else RelationshipCondition(name=condition.name, context=JSON(dict(condition.context))),
    )


def relationships(keys: Sequence[TupleKey]) -> list[RelationshipTuple]:
    """Return tuples for a client."""
    return [relationship(key) for key in keys]
