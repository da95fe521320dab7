"""What a model says whatever its conditions say: two readings of it in which none of them is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from authz.dsl.model import AuthorizationModel, Condition, ConditionParameter, ParameterType, Relation

_UNTOLD = ConditionParameter("", ParameterType("bool"))
"""A parameter that no question and no tuple gives, for a text cannot name it."""


def without_conditions(model: AuthorizationModel) -> AuthorizationModel:
    """Return ``model`` as one for which tuples under a condition do not exist; itself if it has no conditions.

    One object for each model: what is compiled for it is kept by identity.
    """
    return _read(_Same(model), _without_conditions) if model.conditions else model


def undecidable(model: AuthorizationModel) -> AuthorizationModel:
    """Return ``model`` as one whose conditions can never be decided; itself if it has none.

    What it allows is allowed whichever way each condition turns out, also behind any ``but not``. One object for each
    model.
    """
    return _read(_Same(model), _undecidable) if model.conditions else model


class _Same:
    """A model as a key, by identity: models are equal that differ in their types."""

    def __init__(self, model: AuthorizationModel) -> None:
        self.model = model

    def __hash__(self) -> int:
        return id(self.model)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.model is other.model


@lru_cache(maxsize=16)
def _read(same: _Same, reading: Callable[[AuthorizationModel], AuthorizationModel]) -> AuthorizationModel:
    return reading(same.model)


def _without_conditions(model: AuthorizationModel) -> AuthorizationModel:
    types = {
        name: replace(definition, relations={each.name: _plain(each) for each in definition.relations.values()})
        for name, definition in model.types.items()
    }
    return replace(model, types=types, conditions={})


def _plain(relation: Relation) -> Relation:
    return replace(relation, restrictions=tuple(entry for entry in relation.restrictions if entry.condition is None))


def _undecidable(model: AuthorizationModel) -> AuthorizationModel:
    return replace(model, conditions={name: _lacking(condition) for name, condition in model.conditions.items()})


def _lacking(condition: Condition) -> Condition:
    return replace(condition, parameters=(*condition.parameters, _UNTOLD))
