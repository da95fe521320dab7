"""Random worlds in which tuples carry a condition that holds, one that does not, or one that fails."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from authz.dsl import parse
from authz.dsl.model import AuthorizationModel, Relation, TypeDefinition
from authz.types import RelationshipCondition, TupleKey
from tests.authz.engine.random_models import models, worlds

World = tuple[AuthorizationModel, list[TupleKey]]
COIN = parse(
    """model
  schema 1.1
type user
type doc
  relations
    define viewer: [user with coin]
condition coin(x: int) {
  x == 1
}
"""
).conditions
HEADS, TAILS = ({"x": 1}, {"x": 0})


def with_coin(model: AuthorizationModel) -> AuthorizationModel:
    """Return the model with every entry of a direct list allowed under the condition too."""

    def doubled(relation: Relation) -> Relation:
        more = tuple(replace(entry, condition="coin") for entry in relation.restrictions)
        return replace(relation, restrictions=(*relation.restrictions, *more))

    types = {
        name: TypeDefinition(name, {key: doubled(relation) for key, relation in definition.relations.items()})
        for name, definition in model.types.items()
    }
    return AuthorizationModel(model.schema_version, types, COIN)


@st.composite
def doubtful_worlds(draw: st.DrawFn) -> World:
    """A world in which tuples carry a condition that holds, one that does not, or one that fails."""
    world = draw(worlds(models(conditions=False)))
    model, tuples = world.model, world.tuples
    contexts = st.sampled_from([None, None, HEADS, TAILS, {}, {}])
    carried = [draw(contexts) for _ in tuples]
    keys = [
        key if context is None else replace(key, condition=RelationshipCondition("coin", context))
        for key, context in zip(tuples, carried, strict=True)
    ]
    return with_coin(model), keys
