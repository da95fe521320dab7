from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from authz.dsl import from_json, parse
from authz.dsl.json import read_json, to_json
from authz.dsl.model import AuthorizationModel
from authz.dsl.printer import to_text
from authz.errors import InvalidModel
from tests.authz.dsl.generated import CALLS, MODELS, models
from tests.components import fga

TEXT = """model
  schema 1.1
type user
type doc
  relations
    define a: [user, user:*] but not b
    define b: [user, doc#a]
"""


@given(models())
@settings(max_examples=MODELS, suppress_health_check=[HealthCheck.too_slow])
def test_model_to_json_to_model(generated: AuthorizationModel) -> None:
    through_text = json.loads(json.dumps(to_json(generated)))
    again = read_json(through_text).model()
    assert again == generated
    assert [list(item.relations) for item in again.types.values()] == [
        list(item.relations) for item in generated.types.values()
    ]


@given(generated=models())
@settings(
    max_examples=CALLS,
    phases=(Phase.generate,),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_openfga_writes_the_same_json(generated: AuthorizationModel, tmp_path: Path) -> None:
    theirs = fga.text_to_json(to_text(generated), tmp_path)
    assert to_json(generated) == theirs
    assert to_json(read_json(theirs).model()) == theirs


def test_both_doors_give_the_same_model() -> None:
    assert from_json(to_json(parse(TEXT))) == parse(TEXT)


def test_empty_fields_and_camel_case_count_as_openfga_counts_them() -> None:
    value: dict[str, Any] = to_json(parse(TEXT))
    value["schemaVersion"] = value.pop("schema_version")
    value["typeDefinitions"] = value.pop("type_definitions")
    value["conditions"] = {}
    user, doc = value["typeDefinitions"]
    user.update(relations={}, metadata=None)
    doc["metadata"].update(module="", source_info=None)
    doc["relations"]["a"]["union"] = None
    metadata = doc["metadata"]["relations"]["a"]
    metadata["directlyRelatedUserTypes"] = metadata.pop("directly_related_user_types")
    metadata["directlyRelatedUserTypes"][0].update(relation="", condition="", wildcard=None)
    assert from_json(value) == parse(TEXT)


def doc(**fields: Any) -> dict[str, Any]:
    return {"schema_version": "1.1", "type_definitions": [{"type": "doc", **fields}]}


@pytest.mark.parametrize(
    "value",
    [
        {"type_definitions": {}},
        {"type_definitions": "doc"},
        {"schema_version": 1.1},
        {"conditions": []},
        {"type_definitions": [{}]},
        doc(relations={"a": {}}),
        doc(relations={"a": {"this": {}, "union": {"child": [{"this": {}}]}}}),
        doc(relations={"a": {"union": {"child": []}}}),
        doc(relations={"a": {"xor": {}}}),
        doc(relations={"a": {"computedUserset": {}}}),
        doc(relations={"a": {"tupleToUserset": {"tupleset": {"relation": "b"}}}}),
        doc(relations={"a": {"difference": {"base": {"this": {}}}}}),
        doc(metadata={"relations": {"ghost": {}}}),
        doc(metadata={"module": "wiki"}),
        {"conditions": {"c": {"name": "c", "expression": "x", "parameters": {"x": {"type_name": "INT"}}}}},
    ],
)
def test_a_wrong_shape_is_refused(value: dict[str, Any]) -> None:
    with pytest.raises(InvalidModel) as caught:
        read_json(value)
    assert [(item.code, item.line) for item in caught.value.problems] == [("invalid-syntax", 0)]


def test_bottomless_nesting_is_refused() -> None:
    rewrite: dict[str, Any] = {"this": {}}
    for _ in range(5000):
        rewrite = {"union": {"child": [rewrite]}}
    with pytest.raises(InvalidModel, match="nested deeper"):
        read_json(doc(relations={"a": rewrite}))


def test_a_condition_under_a_wrong_key() -> None:
    value = to_json(parse(TEXT))
    parameters = {"x": {"type_name": "TYPE_NAME_ANY"}}
    value["conditions"] = {"c": {"name": "d", "expression": "x", "parameters": parameters}}
    with pytest.raises(InvalidModel) as caught:
        from_json(value)
    assert {item.code for item in caught.value.problems} == {"different-nested-condition-name", "condition-not-used"}
