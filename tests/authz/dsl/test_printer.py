from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from authz.dsl.json_writer import to_json
from authz.dsl.model import (
    AuthorizationModel,
    Computed,
    Condition,
    ConditionParameter,
    Difference,
    Direct,
    Intersection,
    ParameterType,
    Relation,
    Rewrite,
    TypeDefinition,
    TypeRestriction,
    Union,
)
from authz.dsl.parser import parse_text
from authz.dsl.printer import canonical, to_text
from authz.errors import InvalidModel
from tests.authz.dsl.generated import ALL_PARAMETER_TYPES, CALLS, MODELS, models
from tests.components import fga

USER = (TypeRestriction("user"),)


def model(rewrite: Rewrite, *conditions: Condition, name: str = "a") -> AuthorizationModel:
    relations = {name: Relation(name, rewrite, USER), "b": Relation("b", Direct(), USER)}
    types = {"user": TypeDefinition("user"), "doc": TypeDefinition("doc", relations)}
    return AuthorizationModel("1.1", types, {item.name: item for item in conditions})


@given(models(ALL_PARAMETER_TYPES))
@settings(max_examples=MODELS, suppress_health_check=[HealthCheck.too_slow])
def test_text_to_model_to_text_to_model(generated: AuthorizationModel) -> None:
    text = to_text(generated)
    assert parse_text(text).model() == canonical(generated)
    assert to_text(parse_text(text).model()) == text


@given(generated=models())
@settings(
    max_examples=CALLS,
    phases=(Phase.generate,),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_openfga_prints_the_same_text(generated: AuthorizationModel, tmp_path: Path) -> None:
    # OpenFGA sorts relations and parameters by name, as protobuf maps have no order.
    types = {key: TypeDefinition(key, dict(sorted(item.relations.items()))) for key, item in generated.types.items()}
    conditions = {
        key: Condition(key, tuple(sorted(item.parameters, key=lambda parameter: parameter.name)), item.expression)
        for key, item in sorted(generated.conditions.items())
    }
    in_order = AuthorizationModel(generated.schema_version, types, conditions)
    assert to_text(in_order).strip() == fga.json_to_text(to_json(in_order), tmp_path).strip()


def test_a_direct_list_moves_to_the_front() -> None:
    text = to_text(model(Union((Computed("b"), Intersection((Computed("b"), Direct()))))))
    assert "define a: ([user] and b) or b\n" in text


@pytest.mark.parametrize(
    "unspeakable",
    [
        model(Difference(Computed("b"), Direct())),
        model(Union((Direct(), Computed("b"), Direct()))),
        model(Computed("b")),  # restrictions without a direct list
        model(Direct(), name="two words"),
        model(Direct(), name="define"),
        model(Direct(), Condition("c", (), "true")),
        model(Direct(), Condition("c", (ConditionParameter("x", ParameterType("int")),), "x == {1: 2}[1]")),
        model(Direct(), Condition("c", (ConditionParameter("x", ParameterType("int")),), "x // y")),
        model(Direct(), Condition("c", (ConditionParameter("x", ParameterType("string")),), 'x == "a #b"')),
    ],
)
def test_what_the_language_cannot_say_is_refused_and_not_changed(unspeakable: AuthorizationModel) -> None:
    with pytest.raises(InvalidModel):
        to_text(unspeakable)
