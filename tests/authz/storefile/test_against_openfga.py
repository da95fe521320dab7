"""The same store files through OpenFGA's tool and through ours: equal answers, equal verdicts, equal counts."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from authz.storefile.document import Plain
from authz.storefile.faults import InvalidStoreFile
from authz.storefile.results import Kind, StoreResult, tally, tally_tests
from authz.storefile.run import run_store_file
from tests.authz.dsl.generated import CALLS
from tests.components import fga

STORES = Path(__file__).parent / "stores"
FILES = sorted(STORES.glob("*.fga.yaml"))


def ours(result: StoreResult) -> Counter[fga.Assertion]:
    """Our results in the shape of theirs."""
    return Counter(
        fga.Assertion(
            test.name,
            item.question,
            fga.canonical(item.request.context),
            item.expected,
            item.got,
            item.passed,
        )
        for test in result.tests
        for item in test.assertions
    )


def counts(result: StoreResult) -> list[str]:
    """The lines with which their tool sums up."""
    headings = {"Checks": Kind.CHECK, "ListObjects": Kind.LIST_OBJECTS, "ListUsers": Kind.LIST_USERS}
    counted = [("Tests", tally_tests([result])), *((name, tally([result], kind)) for name, kind in headings.items())]
    return [f"{name} {each.passing}/{each.total} passing" for name, each in counted if each.total]


def test_there_are_a_dozen_files_and_they_fail_as_well() -> None:
    assert len(FILES) >= 12
    results = [run_store_file(file) for file in FILES]
    assert 3 <= sum(not result.passed for result in results) < len(FILES)
    assert {item.kind for result in results for item in result.failed} == set(Kind)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name.removesuffix(".fga.yaml"))
def test_answers_verdicts_and_counts_are_equal(file: Path) -> None:
    code, theirs, said = fga.run_store_files(file)
    result = run_store_file(file)
    assert ours(result) == Counter(theirs), said
    assert result.passed == (code == 0)
    assert said.partition("# Test Summary #\n")[2].split("\n")[:-1] == counts(result)


def flipped(expected: Any) -> Any:
    """Return another expectation than this one."""
    if isinstance(expected, bool):
        return not expected
    if isinstance(expected, list):
        return expected[1:] if expected else ["doc:other"]
    return {"users": flipped(expected["users"])}


PASSING = [file for file in FILES if file.stem.partition(".")[0] in ("groups", "wildcards", "deep")]
PLACES = [
    (file, test, part, entry, relation)
    for file in PASSING
    for test, content in enumerate(yaml.safe_load(file.read_text())["tests"])
    for part in ("check", "list_objects", "list_users")
    for entry, asked in enumerate(content.get(part, ()))
    for relation in asked["assertions"]
]


@settings(max_examples=CALLS, deadline=None)
@given(st.sampled_from(PLACES))
def test_one_flipped_assertion_makes_both_fail(
    tmp_path_factory: pytest.TempPathFactory, place: tuple[Path, int, str, int, str]
) -> None:
    file, test, part, entry, relation = place
    content = yaml.safe_load(file.read_text())
    asked = content["tests"][test][part][entry]
    asked["assertions"][relation] = flipped(asked["assertions"][relation])
    mutated = tmp_path_factory.mktemp("flipped") / file.name
    mutated.write_text(yaml.safe_dump(content))
    result = run_store_file(mutated)
    users, objects = len(asked.get("users", "1")), len(asked.get("objects", "1"))
    assert len(result.failed) == users * objects
    code, theirs, _ = fga.run_store_files(mutated)
    assert code == 1
    assert Counter(theirs) == ours(result)


WORDS = ("y", "n", "yes", "No", "ON", "off", "true", "True", "tRUE", "FALSE", "null", "Null", "~", "nULL", ".5", "1:30")
SCALARS = st.one_of(
    st.from_regex(r"[-+]?[0-9_]{1,6}", fullmatch=True),
    st.from_regex(r"[-+]?[0-9_]{0,3}\.?[0-9_]{0,3}([eE][-+]?[0-9]{1,2})?", fullmatch=True),
    st.from_regex(r"[-+]?0[xXoObB]?[0-9a-fA-F_]{0,4}", fullmatch=True),
    st.sampled_from(WORDS),
)


def test_scalars_without_quotes_mean_the_same(tmp_path: Path) -> None:
    """OpenFGA's tool tells in its JSON what it took the values of a context for."""
    texts: list[str] = []

    @settings(max_examples=400, database=None, deadline=None)
    @given(SCALARS)
    def collect(text: str) -> None:
        # What is no scalar at all: a list, nothing.
        if text not in ("", "-", "?", ":"):
            texts.append(text)

    collect()
    lines = "".join(f"          - {text}\n" for text in texts)
    file = tmp_path / "scalars.fga.yaml"
    file.write_text(
        "model: |\n  model\n    schema 1.1\n  type user\n  type doc\n    relations\n      define a: [user]\n"
        f"tests:\n  - check:\n    - user: user:a\n      object: doc:1\n      assertions: {{a: false}}\n"
        f"      context:\n        x:\n{lines}"
    )
    _, [theirs], said = fga.run_store_files(file)
    for text, their in zip(texts, json.loads(theirs.context)["x"], strict=True):
        value = Plain(text).value
        assert (value, isinstance(value, bool)) == (their, isinstance(their, bool)), (text, said)
    [result] = run_store_file(file).assertions
    assert fga.canonical(result.request.context) == theirs.context


BASE = """
model: |
  model
    schema 1.1
  type user
  type doc
    relations
      define reader: [user]
tuples:
  - {user: user:a, relation: reader, object: doc:1}
tests:
  - check:
      - {user: user:a, object: doc:1, assertions: {reader: true}}
    list_users:
      - {object: doc:1, user_filter: [{type: user}], assertions: {reader: {users: [user:a]}}}
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[{type: user}]", "[{type: user}, {type: doc}]"),
        ("tuples:\n", "model_file: none.fga\ntuples:\n"),
        ("tuples:\n", "tuple_file: more.yaml\ntuples:\n"),
        ("define reader: [user]\n", "define reader: [user, user]\n"),
        ("define reader: [user]\n", "define reader: [user]\n  condition idle(x: bool) {\n    x\n  }\n"),
    ],
)
def test_what_their_tool_passes_over_is_an_error_here(tmp_path: Path, old: str, new: str) -> None:
    (tmp_path / "more.yaml").write_text("- {user: user:b, relation: reader, object: doc:2, usr: x}\n")
    file = tmp_path / "some.fga.yaml"
    file.write_text(BASE)
    assert (fga.run_store_files(file)[0], run_store_file(file).passed) == (0, True)
    assert old in BASE
    file.write_text(BASE.replace(old, new))
    code, _, said = fga.run_store_files(file)
    assert code == 0, said
    with pytest.raises(InvalidStoreFile):
        run_store_file(file)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("object: doc:1}\ntests", "object: doc:1}\n  - {user: user:a, relation: reader, object: doc:1}\ntests"),
        ("relation: reader, object", "relation: writer, object"),
        ("user: user:a, relation", "user: doc:a, relation"),
        ("user: user:a, relation", "usr: user:a, relation"),
        ("user: user:a, object: doc:1", "users: [user:a], user: user:a, object: doc:1"),
        ("user: user:a, object: doc:1", "users: [], object: doc:1"),
        ("assertions: {reader: true}", "assertions: {reader: 'true'}"),
        ("assertions: {reader: true}", "assertions: {reader: true}, context: {now: 2026-01-01T00:00:00Z}"),
        ("  - check", "  - tuple_files: [more.yaml]\n    check"),
        ("  - check", "  - tuple_file: none.yaml\n    check"),
        ("  - check", "  - name: x\n    name: y\n    check"),
        ("define reader: [user]", "define reader: [ghost]"),
        ("define reader: [user]", "define reader: user"),
        ("tests:", "test:"),
    ],
)
def test_what_is_wrong_for_both(tmp_path: Path, old: str, new: str) -> None:
    (tmp_path / "more.yaml").write_text("- {user: user:b, relation: reader, object: doc:2}\n")
    file = tmp_path / "some.fga.yaml"
    assert old in BASE
    file.write_text(BASE.replace(old, new))
    assert fga.run_store_files(file)[0] == 1
    with pytest.raises(InvalidStoreFile):
        run_store_file(file)
