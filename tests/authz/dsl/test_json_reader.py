from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from authz.dsl import from_json, parse
from authz.dsl.json_reader import read_json
from authz.dsl.json_writer import to_json
from authz.dsl.model import AuthorizationModel, Source
from authz.dsl.printer import to_text
from authz.dsl.validate import validate
from authz.errors import InvalidModel
from tests.authz.dsl.generated import ALL_PARAMETER_TYPES, EXAMPLES, MODELS, models, modular_models

TEXT = """model
  schema 1.1
type user
type doc
  relations
    define a: [user, user:*] but not b
    define b: [user, doc#a]
"""

WHOLE = to_json(
    parse(TEXT.replace("doc#a", "doc#a with on") + "condition on(x: list<int>) {\n  x[0] > 1\n}\n"),
)


@given(models(ALL_PARAMETER_TYPES) | modular_models())
@settings(max_examples=MODELS, suppress_health_check=[HealthCheck.too_slow])
def test_model_to_json_to_model(generated: AuthorizationModel) -> None:
    through_text = json.loads(json.dumps(to_json(generated)))
    again = read_json(through_text).model()
    assert again == generated
    assert [list(item.relations) for item in again.types.values()] == [
        list(item.relations) for item in generated.types.values()
    ]


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


def parameter(**fields: Any) -> dict[str, Any]:
    return {"conditions": {"c": {"name": "c", "expression": "x", "parameters": {"x": fields}}}}


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
        parameter(type_name="INT"),
        parameter(type_name="TYPE_NAME_UNSPECIFIED"),
        parameter(type_name="TYPE_NAME_int"),
        parameter(type_name="TYPE_NAME_LIST"),
        parameter(type_name="TYPE_NAME_LIST", generic_types=[{"type_name": "TYPE_NAME_INT"}] * 2),
        parameter(type_name="TYPE_NAME_INT", generic_types=[{"type_name": "TYPE_NAME_INT"}]),
        parameter(type_name="TYPE_NAME_LIST", generic_types=[{"type_name": "TYPE_NAME_MAP"}]),
    ],
)
def test_a_wrong_shape_is_refused(value: dict[str, Any]) -> None:
    with pytest.raises(InvalidModel) as caught:
        read_json(value)
    assert [(item.code, item.line) for item in caught.value.problems] == [("invalid-syntax", 0)]


def test_every_part_of_a_wrong_shape_is_told_at_once() -> None:
    value = {
        "schema_version": "1.1",
        "type_definitions": [{}, {"type": "doc", "relations": {"a": {}, "b": {"this": {}}, "c": {"xor": {}}}}],
        "conditions": {"on": {"name": ""}},
    }
    with pytest.raises(InvalidModel) as caught:
        read_json(value)
    assert [item.message.split(":")[0] for item in caught.value.problems] == ["type", "doc#a", "doc#c", "condition on"]


@given(st.data())
@settings(max_examples=EXAMPLES)
def test_any_value_in_any_place_is_read_or_refused(data: st.DataObject) -> None:
    value: dict[str, Any] = json.loads(json.dumps(WHOLE))
    place: Any = value
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not (isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans())):
            break
        place = place[key]
    place[key] = data.draw(
        st.sampled_from([None, "", "a b", 7, True, [], {}, [{}], {"a": {}}, {"this": {}}, "TYPE_NAME_MAP"])
    )
    with suppress(InvalidModel):
        parsed = read_json(value)
        if not validate(parsed):
            assert read_json(to_json(parsed.model())).model() == parsed.model()
        to_text(parsed.model())


def test_bottomless_nesting_is_refused() -> None:
    rewrite: dict[str, Any] = {"this": {}}
    for _ in range(5000):
        rewrite = {"union": {"child": [rewrite]}}
    with pytest.raises(InvalidModel, match="nested deeper"):
        read_json(doc(relations={"a": rewrite}))


def test_a_condition_under_a_wrong_key() -> None:
    value = to_json(parse(TEXT))
    parameters = {"x": {"type_name": "TYPE_NAME_ANY"}}
    value["conditions"] = {"c": {"name": "d", "expression": "x == 1", "parameters": parameters}}
    with pytest.raises(InvalidModel) as caught:
        from_json(value)
    assert {item.code for item in caught.value.problems} == {"different-nested-condition-name", "condition-not-used"}


def test_where_parts_come_from_is_kept() -> None:
    value: dict[str, Any] = to_json(parse(TEXT))
    doc = value["type_definitions"][1]
    doc["metadata"] |= {"module": "wiki", "sourceInfo": {"file": "wiki.fga"}}
    doc["metadata"]["relations"]["a"] |= {"module": "core", "source_info": {"file": "core.fga"}}
    doc["metadata"]["relations"]["b"] |= {"module": "core"}
    found = from_json(value).types["doc"]
    assert (found.source, found.relations["a"].source, found.relations["b"].source) == (
        Source("wiki", "wiki.fga"),
        Source("core", "core.fga"),
        Source("core"),
    )


def test_a_file_holds_one_module() -> None:
    value: dict[str, Any] = to_json(parse(TEXT))
    for definition, module in zip(value["type_definitions"], ("core", "wiki"), strict=True):
        definition.setdefault("metadata", {}).update(module=module, source_info={"file": "a.fga"})
    with pytest.raises(InvalidModel) as caught:
        from_json(value)
    assert [(item.code, item.line) for item in caught.value.problems] == [("multiple-modules-in-file", 0)]


def test_a_version_that_is_not_there_has_no_place() -> None:
    with pytest.raises(InvalidModel) as caught:
        from_json({"type_definitions": []})
    assert [(item.code, item.line) for item in caught.value.problems] == [("schema-version-required", 0)]
