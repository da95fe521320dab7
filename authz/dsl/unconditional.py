"""A model without its conditions: what it says when no tuple counts that stands under one."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from authz.dsl.model import AuthorizationModel, Relation


def unconditional(model: AuthorizationModel) -> AuthorizationModel:
    """Return ``model`` without conditions and without the entries of direct lists that name one; itself if it has none.

    One object for each model: what is compiled for it is kept by identity.
    """
    return _without_conditions(_Same(model)) if model.conditions else model


class _Same:
    """A model as a key, by identity: models are equal that differ in their types."""

    def __init__(self, model: AuthorizationModel) -> None:
        self.model = model

    def __hash__(self) -> int:
        return id(self.model)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.model is other.model


@lru_cache(maxsize=8)
def _without_conditions(same: _Same) -> AuthorizationModel:
    types = {
        name: replace(definition, relations={each.name: _plain(each) for each in definition.relations.values()})
        for name, definition in same.model.types.items()
    }
    return replace(same.model, types=types, conditions={})


def _plain(relation: Relation) -> Relation:
    return replace(relation, restrictions=tuple(entry for entry in relation.restrictions if entry.condition is None))
