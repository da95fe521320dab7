from __future__ import annotations

from pathlib import Path

import pytest

from authz.storefile.faults import Fault, InvalidStoreFile
from authz.storefile.store import Store, read_store
from authz.types import TupleKey

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
    list_users:
      - {object: doc:1, user_filter: [{type: user}], assertions: {can_read: {users: [user:b]}}}
  - name: second
    tuple_file: tuples.yaml
    check:
      - {user: user:a, object: doc:1, assertions: {can_read: false}}
"""


def read(folder: Path, text: str = STORE, *, external: bool = False) -> Store:
    (folder / "model.fga").write_text(MODEL)
    (folder / "tuples.yaml").write_text("- {user: user:a, relation: banned, object: doc:1}\n")
    (folder / "store.fga.yaml").write_text(text)
    return read_store(folder / "store.fga.yaml", external=external)


def faults(folder: Path, text: str) -> list[Fault]:
    with pytest.raises(InvalidStoreFile) as caught:
        read(folder, text)
    return list(caught.value.faults)


def test_tuples_of_the_file_and_of_the_test(tmp_path: Path) -> None:
    store = read(tmp_path)
    shared = TupleKey("user:a", "reader", "doc:1")
    assert [test.tuples for test in store.tests] == [
        (shared, TupleKey("user:b", "reader", "doc:2")),
        (shared, TupleKey("user:a", "banned", "doc:1")),
    ]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("model_file: model.fga", "", 2),
        ("model_file: model.fga", "model_file: model.fga\nmodel: x", 2),
        ("model_file: model.fga", "model_file: ../model.fga", 0),
        ("model_file: model.fga", "model_file: /etc/hostname", 0),
        ("model_file: model.fga", "model_file: fga.mod", 0),
        ("model_file: model.fga", "model_file: tuples.yaml", 1),
        ("tuple_file: tuples.yaml", "tuple_file: missing.yaml", 0),
        ("tuple_file: tuples.yaml", "tuple_files: [tuples.yaml]", 15),
        ("tuple_file: tuples.yaml", "tuple_file: model.fga", 0),
        ("assertions: {can_read: true}", "asertions: {can_read: true}", 11),
        ("assertions: {can_read: true}", "assertions: {can_read: perhaps}", 11),
        ("assertions: {can_read: true}", "assertions: {can_read: 'true'}", 11),
        ("users: [user:a, user:b], ", "", 11),
        ("users: [user:a, user:b], ", "user: user:a, users: [user:b], ", 11),
        ("user_filter: [{type: user}]", "user_filter: [{type: user}, {type: doc}]", 13),
        ("user_filter: [{type: user}]", "user_filter: []", 13),
        ("user_filter: [{type: user}], ", "", 13),
        ("relation: reader, object: doc:2", "relation: can_read, object: doc:2", 9),
        ("relation: reader, object: doc:2", "relation: ghost, object: doc:2", 9),
        ("relation: reader, object: doc:2", "relation: reader, object: doc:*", 9),
        ("user: user:b, relation: reader, object: doc:2", "user: user:a, relation: reader, object: doc:1", 9),
        ("object: doc:2}\n", "object: doc:2, condition: {name: none}}\n", 9),
        ("tests:", "tests: [", 7),
    ],
)
def test_a_wrong_file_with_the_line(tmp_path: Path, old: str, new: str, line: int) -> None:
    assert old in STORE
    found = faults(tmp_path, STORE.replace(old, new))
    assert [fault.line for fault in found] == [line], found


@pytest.mark.parametrize(
    ("old", "new", "sentences"),
    [
        ("- {user: user:b,", "- {usr: user:b,", ["tests.0.tuples.0: unknown field `usr`; did you mean `user`?"]),
        ("- {user: user:b,", "- {xyzzy: 1, user: user:b,", ["tests.0.tuples.0: unknown field `xyzzy`"]),
        ("- {user: user:b,", "- {", ["tests.0.tuples.0.user: is missing"]),
        ("tests:", "tests: 1\ntest:", ["unknown field `test`; did you mean `tests`?"]),
        ("relation: reader, object: doc:2", "relation: [], object: {}", [
            "tests.0.tuples.0.relation: should be a text", "tests.0.tuples.0.object: should be a text",
        ]),
        ("assertions: {can_read: true}", "assertions: {can_read: maybe}", [
            "tests.0.check.0.assertions.can_read: should be true or false",
        ]),
        ("users: [user:a, user:b]", "users: user:a", ["tests.0.check.0.users: should be a list"]),
        ("- {user: user:b, relation: reader, object: doc:2}", "- x", ["tests.0.tuples.0: should be a mapping"]),
        ("assertions: {can_read: true}", "assertions: 1", ["tests.0.check.0.assertions: should be a mapping"]),
    ],
)  # fmt: skip
def test_a_wrong_shape_is_told_in_words_of_the_file(tmp_path: Path, old: str, new: str, sentences: list[str]) -> None:
    assert [fault.message for fault in faults(tmp_path, STORE.replace(old, new))] == sentences


def test_everything_of_one_step_is_told_at_once(tmp_path: Path) -> None:
    found = faults(tmp_path, STORE.replace("relation: reader", "relation: ghost"))
    assert [(fault.line, fault.code) for fault in found] == [
        (5, "INVALID_AUTHORIZATION_REQUEST"),
        (9, "INVALID_AUTHORIZATION_REQUEST"),
    ]


def test_the_model_inside_is_judged_with_its_place_in_the_file(tmp_path: Path) -> None:
    indented = "".join(f"    {line}\n" for line in MODEL.splitlines())
    text = STORE.replace("model_file: model.fga\n", "model: |\n" + indented)
    assert read(tmp_path, text).model == read(tmp_path).model
    [fault] = faults(tmp_path, text.replace("but not banned", "but not ghost"))
    assert (fault.file.name, fault.code) == ("store.fga.yaml", "missing-definition")
    assert text.replace("banned\n", "ghost\n").splitlines()[fault.line - 1][fault.column - 1 :].startswith("ghost")
    folded = text.replace(
        "model: |\n" + indented, f"model: {MODEL.replace('but not banned', 'but not ghost')!r}\n".replace("'", '"')
    )
    [fault] = faults(tmp_path, folded)
    assert (fault.line, fault.column) == (3, 0)
    assert fault.message.startswith("line 8, column 37 of the model: ")


def test_the_model_in_a_file_is_judged_with_its_place_there(tmp_path: Path) -> None:
    (tmp_path / "core.fga").write_text("module core\ntype user\n")
    (tmp_path / "more.fga").write_text("module more\ntype doc\n  relations\n    define reader: [ghost]\n")
    (tmp_path / "fga.mod").write_text("schema: '1.2'\ncontents: [core.fga, more.fga]\n")
    [fault] = faults(tmp_path, STORE.replace("model.fga", "fga.mod"))
    assert fault.text.startswith(f"{tmp_path / 'more.fga'}:4:21: ")


def test_files_elsewhere_only_when_they_are_allowed(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "model.fga").write_text(MODEL)
    text = STORE.replace("model_file: model.fga", "model_file: ../model.fga")
    with pytest.raises(InvalidStoreFile, match="outside the folder"):
        read(inner, text)
    assert len(read(inner, text, external=True).tests) == 2


def test_the_file_itself(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_store(tmp_path / "missing.fga.yaml")
    with pytest.raises(InvalidStoreFile, match="regular"):
        read_store(tmp_path)


def test_a_model_and_its_tuples_are_judged_without_any_test(tmp_path: Path) -> None:
    text = STORE[: STORE.index("tests:")]
    assert read(tmp_path, text).tests == ()
    assert [fault.line for fault in faults(tmp_path, text.replace("relation: reader", "relation: ghost"))] == [5]
    twice = text + "  - {user: user:a, relation: reader, object: doc:1}\n"
    assert [fault.line for fault in faults(tmp_path, twice)] == [6]


@pytest.mark.parametrize("text", [f"# Who may what.\n\n{MODEL}", "module base\ntype user\n"])
def test_a_model_is_told_from_a_store_file(tmp_path: Path, text: str) -> None:
    file = tmp_path / "model.fga"
    file.write_text(text)
    with pytest.raises(InvalidStoreFile) as raised:
        read_store(file)
    assert [fault.message for fault in raised.value.faults] == [
        "this is a model, not a store file: name it there as model_file"
    ]
