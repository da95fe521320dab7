from __future__ import annotations

import json
from pathlib import Path

import pytest

from authz.dsl import parse, to_json
from authz.errors import InvalidModel, InvalidTuple
from authz.testing.store_file import InvalidStoreFile, StoreResult, run_store_file
from tests.components import fga

MODEL = """model
  schema 1.1
type user
type doc
  relations
    define reader: [user, user:*]
    define banned: [user]
    define can_read: reader but not banned
"""
STORE = """
name: small
model_file: model.fga
tuples:
  - {user: user:a, relation: reader, object: doc:1}
tests:
  - name: first
    tuples:
      - {user: user:b, relation: reader, object: doc:2}
    check:
      - {users: [user:a, user:b], objects: [doc:1, doc:2], assertions: {can_read: true}}
    list_objects:
      - {user: user:b, type: doc, assertions: {can_read: [doc:2], banned: []}}
    list_users:
      - {object: doc:1, user_filter: [{type: user}], assertions: {can_read: {users: [user:b]}}}
  - name: second
    tuple_file: tuples.yaml
    check:
      - {user: user:a, object: doc:1, assertions: {can_read: false}}
      - {user: user:b, object: doc:2, assertions: {can_read: false}}
"""


def run(folder: Path, store: str = STORE) -> StoreResult:
    (folder / "model.fga").write_text(MODEL)
    (folder / "tuples.yaml").write_text("- {user: user:a, relation: banned, object: doc:1}\n")
    (folder / "store.fga.yaml").write_text(store)
    return run_store_file(folder / "store.fga.yaml")


def test_failures_are_told_with_what_came_instead(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert (result.name, result.passed) == ("small", False)
    assert [(item.test, item.question, item.expected, item.got) for item in result.failed] == [
        ("first", "user:a can_read doc:2", True, False),
        ("first", "user:b can_read doc:1", True, False),
        ("first", "every user can_read doc:1", frozenset({"user:b"}), frozenset({"user:a"})),
    ]


def test_counts_are_those_of_openfga(tmp_path: Path) -> None:
    result = run(tmp_path)
    done = fga.run("model", "test", "--tests", tmp_path / "store.fga.yaml")
    assert done.returncode == 1
    assert f"Checks 4/{result.count('check')} passing" in done.stderr + done.stdout
    assert f"ListObjects 2/{result.count('list_objects')} passing" in done.stderr + done.stdout
    assert f"ListUsers 0/{result.count('list_users')} passing" in done.stderr + done.stdout


def test_a_question_that_does_not_fit_the_model_fails_with_its_error(tmp_path: Path) -> None:
    result = run(tmp_path, STORE.replace("{can_read: [doc:2], banned: []}", "{ghost: []}"))
    [failure] = [item for item in result.failed if item.kind == "list_objects"]
    assert failure.got is None
    assert failure.error is not None
    assert "ghost" in failure.error


def test_a_tuple_the_model_does_not_allow(tmp_path: Path) -> None:
    with pytest.raises(InvalidTuple):
        run(tmp_path, STORE.replace("relation: reader, object: doc:2", "relation: can_read, object: doc:2"))


def test_a_model_of_several_modules(tmp_path: Path) -> None:
    (tmp_path / "core.fga").write_text(
        "module core\ntype user\ntype doc\n  relations\n    define reader: [user, user:*]\n"
    )
    more = "    define banned: [user]\n    define can_read: reader but not banned\n"
    (tmp_path / "more.fga").write_text(f"module more\nextend type doc\n  relations\n{more}")
    (tmp_path / "fga.mod").write_text("schema: '1.2'\ncontents: [core.fga, more.fga]\n")
    modular = run(tmp_path, STORE.replace("model_file: model.fga", "model_file: fga.mod"))
    assert modular.assertions == run(tmp_path).assertions


def test_a_wrong_model(tmp_path: Path) -> None:
    with pytest.raises(InvalidModel):
        run(tmp_path, "model: |\n  model\n    schema 1.1\n  type t\n    relations\n      define a: b\n")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("model_file: model.fga", ""),
        ("model_file: model.fga", "model_file: model.fga\nmodel: x"),
        ("model_file: model.fga", "model_file: ../model.fga"),
        ("model_file: model.fga", "model_file: /etc/hostname"),
        ("model_file: model.fga", "model_file: fga.mod"),
        ("tuple_file: tuples.yaml", "tuple_file: missing.yaml"),
        ("tuple_file: tuples.yaml", "tuple_file: tuples.csv"),
        ("tuple_file: tuples.yaml", "tuple_file: model.fga"),
        ("assertions: {can_read: true}", "asertions: {can_read: true}"),
        ("assertions: {can_read: true}", "assertions: {can_read: perhaps}"),
        ("users: [user:a, user:b], ", ""),
        ("users: [user:a, user:b], ", "user: user:a, users: [user:b], "),
        ("user_filter: [{type: user}]", "user_filter: [{type: user}, {type: doc}]"),
        ("tests:", "tests: ["),
    ],
)
def test_a_wrong_file(tmp_path: Path, old: str, new: str) -> None:
    assert old in STORE
    with pytest.raises(InvalidStoreFile):
        run(tmp_path, STORE.replace(old, new))


def test_models_and_tuples_in_json_and_a_context_that_no_condition_asks_for(tmp_path: Path) -> None:
    text = "model\n  schema 1.1\ntype user\ntype doc\n  relations\n    define a: [user]\n"
    (tmp_path / "model.json").write_text(json.dumps(to_json(parse(text))))
    (tmp_path / "tuples.json").write_text('[{"user": "user:1", "relation": "a", "object": "doc:1"}]')
    store = (
        "model_file: model.json\ntuple_files: [tuples.json]\ntests:\n  - check:\n"
        "      - {user: user:1, object: doc:1, assertions: {a: true}}\n"
        "      - {user: user:1, object: doc:1, context: {now: 2030-01-01T00:00:00Z}, assertions: {a: true}}\n"
    )
    result = run(tmp_path, store)
    assert [assertion.passed for assertion in result.assertions] == [True, True]
