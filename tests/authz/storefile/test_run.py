from __future__ import annotations

from pathlib import Path

from authz.storefile.results import Kind, StoreResult, Tally, tally, tally_tests
from authz.storefile.run import run_store_file

STORE = """
name: small
model: |
  model
    schema 1.1
  type user
  type doc
    relations
      define reader: [user, user:*]
      define banned: [user]
      define can_read: reader but not banned
tuples:
  - {user: user:a, relation: reader, object: doc:1}
tests:
  - name: first
    description: who reads
    tuples:
      - {user: user:b, relation: reader, object: doc:2}
    check:
      - {users: [user:a, user:b], objects: [doc:1, doc:2], assertions: {can_read: true}}
    list_objects:
      - {user: user:b, type: doc, assertions: {can_read: [doc:2], banned: []}}
    list_users:
      - object: doc:1
        user_filter: [{type: user}]
        assertions:
          can_read: {users: [user:b]}
  - name: second
    tuples:
      - {user: user:a, relation: banned, object: doc:1}
    check:
      - {user: user:a, object: doc:1, assertions: {can_read: false}}
      - {user: user:b, object: doc:2, assertions: {can_read: false}}
"""


def run(folder: Path, text: str = STORE) -> StoreResult:
    file = folder / "store.fga.yaml"
    file.write_text(text)
    return run_store_file(file)


def test_failures_are_told_with_what_came_instead(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert (result.name, result.passed) == ("small", False)
    assert [(test.name, test.description, test.passed) for test in result.tests] == [
        ("first", "who reads", False),
        ("second", "", True),
    ]
    assert [(item.line, item.question, item.expected, item.got) for item in result.failed] == [
        (20, "user:a can_read doc:2", True, False),
        (20, "user:b can_read doc:1", True, False),
        (27, "every user can_read doc:1", ("user:b",), ("user:a",)),
    ]


def test_assertions_are_counted(tmp_path: Path) -> None:
    results = [run(tmp_path)]
    assert tally_tests(results) == Tally(1, 2)
    assert [tally(results, kind) for kind in Kind] == [Tally(4, 6), Tally(2, 2), Tally(0, 1)]


def test_a_question_that_does_not_fit_the_model_fails_with_its_error(tmp_path: Path) -> None:
    result = run(tmp_path, STORE.replace("{can_read: [doc:2], banned: []}", "{ghost: []}"))
    [failure] = [item for item in result.failed if item.kind is Kind.LIST_OBJECTS]
    assert failure.got is None
    assert failure.error == "INVALID_AUTHORIZATION_REQUEST: type 'doc' has no relation 'ghost'"


def test_usersets_are_asked_for_and_listed(tmp_path: Path) -> None:
    text = """
model: |
  model
    schema 1.1
  type user
  type group
    relations
      define member: [user, group#member]
tuples:
  - {user: "group:b#member", relation: member, object: group:a}
tests:
  - list_users:
      - object: group:a
        user_filter: [{type: group, relation: member}]
        assertions: {member: {users: ["group:b#member", "group:a#member"]}}
"""
    [item] = run(tmp_path, text).assertions
    assert item.passed
    assert item.question == "every group#member member group:a"
