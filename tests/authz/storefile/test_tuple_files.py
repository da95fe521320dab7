from __future__ import annotations

from pathlib import Path

import pytest

from authz.storefile.faults import InvalidStoreFile
from authz.storefile.tuple_files import PlacedTuple, read_tuples
from authz.types import RelationshipCondition, TupleKey

HEADER = "user_type,user_id,user_relation,relation,object_type,object_id,condition_name,condition_context\n"
EXPECTED = [
    TupleKey("user:a", "viewer", "doc:1"),
    TupleKey("group:g#member", "viewer", "doc:2", RelationshipCondition("soon", {"n": 1, "l": ["x"]})),
    TupleKey("user:*", "viewer", "doc:3", RelationshipCondition("soon")),
]
YAML = """# tuples
- {user: user:a, relation: viewer, object: doc:1}
- user: group:g#member
  relation: viewer
  object: doc:2
  condition:
    name: soon
    context: {n: 1, l: [x]}
- {user: "user:*", relation: viewer, object: doc:3, condition: {name: soon}}
"""
JSON = """[
  {"user": "user:a", "relation": "viewer", "object": "doc:1"},
  {"user": "group:g#member", "relation": "viewer", "object": "doc:2",
   "condition": {"name": "soon", "context": {"n": 1, "l": ["x"]}}},
  {"user": "user:*", "relation": "viewer", "object": "doc:3", "condition": {"name": "soon", "context": null}}
]
"""
JSONL = """{"user": "user:a", "relation": "viewer", "object": "doc:1"}

{"user": "group:g#member", "relation": "viewer", "object": "doc:2", "condition": {"name": "soon", "context": {"n": 1, "l": ["x"]}}}
{"user": "user:*", "relation": "viewer", "object": "doc:3", "condition": {"name": "soon"}}
"""  # noqa: E501
CSV = (
    HEADER
    + "user,a,,viewer,doc,1,,\n"
    + 'group,g,member,viewer,doc,2,soon,"{""n"": 1,\n ""l"": [""x""]}"\n'
    + "user,*,,viewer,doc,3,soon,\n"
)


def read(folder: Path, name: str, text: str) -> list[PlacedTuple]:
    file = folder / name
    file.write_text(text)
    return read_tuples(file)


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("t.yaml", YAML, [2, 3, 9]),
        ("t.yml", YAML, [2, 3, 9]),
        ("t.json", JSON, [2, 3, 5]),
        ("t.jsonl", JSONL, [1, 3, 4]),
        ("t.csv", CSV, [2, 4, 5]),
    ],
)
def test_each_kind_of_file(tmp_path: Path, name: str, text: str, lines: list[int]) -> None:
    found = read(tmp_path, name, text)
    assert [each.key for each in found] == EXPECTED
    assert [each.key.condition and each.key.condition.context for each in found] == [None, {"n": 1, "l": ["x"]}, {}]
    assert [each.line for each in found] == lines


def test_columns_in_any_order_and_only_those_that_are_needed(tmp_path: Path) -> None:
    [found] = read(tmp_path, "t.csv", "object_id, object_type,relation, user_id,user_type\n1,doc,viewer,a,user\n")
    assert found.key == TupleKey("user:a", "viewer", "doc:1")
    assert read(tmp_path, "empty.csv", HEADER) == []


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("t.txt", YAML, 0),
        ("t.yaml", "", 0),
        ("t.yaml", "[]", 0),
        ("t.yaml", "user: user:a", 1),
        ("t.yaml", YAML + "- {user: user:b, relation: viewer}\n", 10),
        ("t.yaml", YAML + "- {user: user:b, relation: viewer, object: doc:1, uesr: x}\n", 10),
        ("t.json", '[{"user": "user:a",\n"relation": 5}]', 1),
        ("t.json", "[{},\n{]", 2),
        ("t.jsonl", "", 0),
        ("t.jsonl", JSONL + "{\n", 5),
        ("t.jsonl", JSONL + "5\n", 5),
        ("t.jsonl", JSONL + '{"user": "user:b"}\n', 5),
        ("t.csv", "", 1),
        ("t.csv", HEADER.replace("user_id", "uid"), 1),
        ("t.csv", HEADER.replace("object_id", "user_id"), 1),
        ("t.csv", "user_type,user_id,relation,object_type\n", 1),
        ("t.csv", HEADER.replace("condition_name,", ""), 1),
        ("t.csv", HEADER + "user,a,,viewer,doc,1\n", 2),
        ("t.csv", HEADER + "user,a,,viewer,doc,1,,,\n", 2),
        ("t.csv", HEADER + "user,a,,viewer,doc,1,soon,{\n", 2),
        ("t.csv", HEADER + 'user,a,,viewer,doc,1,soon,"{}"x\n', 2),
        ("t.csv", HEADER + "user,a,,viewer,doc,1,soon,[1]\n", 2),
    ],
)
def test_a_wrong_file_with_the_line(tmp_path: Path, name: str, text: str, line: int) -> None:
    with pytest.raises(InvalidStoreFile) as caught:
        read(tmp_path, name, text)
    faults = caught.value.faults
    assert {fault.file for fault in faults} == {tmp_path / name}
    assert faults[0].line == line
