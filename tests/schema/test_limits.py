# Operations are read in one piece.
# ruff: noqa: E501

from __future__ import annotations

import pytest
from graphql import GraphQLSyntaxError, parse
from hypothesis import given
from hypothesis import strategies as st

from schema import limits as module
from schema.documents import judge
from schema.executor import core_schema
from schema.limits import LimitExceeded, Limits, check_document, check_text
from schema.root import schema

CORE = core_schema(schema)
LIMITS = Limits()


def refused(text: str, limits: Limits = LIMITS) -> str | None:
    """Return the sentence a document is refused with by the limits, or None."""
    try:
        check_text(text, limits)
        check_document(parse(text), CORE, limits)
    except LimitExceeded as error:
        return error.message
    return None


def bomb(links: int) -> str:
    """A document whose fragments double at each link."""
    fragments = [f"fragment F{i} on Viewer {{ ...F{i + 1} ...F{i + 1} }}" for i in range(links)]
    return "{ viewer { ...F0 } } " + " ".join(fragments) + f" fragment F{links} on Viewer {{ a: actor }}"


@pytest.mark.parametrize("links", [22, 200])
def test_a_chain_of_fragments_is_refused_in_work_linear_in_its_text(
    links: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    counters: list[module._Counter] = []

    class Counter(module._Counter):
        def __init__(self, *args: object) -> None:
            super().__init__(*args)  # type: ignore[arg-type]
            counters.append(self)

    monkeypatch.setattr(module, "_Counter", Counter)
    message = refused(bomb(links), Limits(tokens=10_000))
    assert message is not None
    assert "aliases" in message
    assert counters[0].visited <= 2 * links + 5
    assert len(message) < 80, "no figure of sixty digits"


def test_a_refusal_tells_how_far_it_went_too_far() -> None:
    text = "{ drives { nodes { trashed { nodes { parent { __typename } } } } } }"
    assert refused(text, Limits(cost=100)) == (
        "The document has too many nodes to load (cost): 5101; at most 100 are allowed."
    )


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{ viewer { actor " + "@include(if: true) " * 51 + "} }", "directives"),
        ("{ viewer { actor " + "@include(if: true) " * 5000 + "} }", "tokens"),
        ("{ " + " ".join(f"a{i}: viewer {{ actor }}" for i in range(1000)) + " }", "tokens"),
        ("{ viewer { " + " ".join(f"a{i}: actor" for i in range(31)) + " } }", "aliases"),
        ("{ " + "viewer { actor } " * 21 + "}", "root"),
        ("{ node(id: 1) " + "{ ... on Folder { parent " * 14 + "{ __typename }" + " } }" * 14 + " }", "levels"),
        ("{ a" * 70 + " }" * 70, "nested brackets"),
        ("{ node(id: " + "[" * 70 + "]" * 70 + ") { id } }", "nested brackets"),
        (
            "{ drives(first: 100) { nodes { children(first: 100) { nodes { ... on Folder { children(first: 100) { nodes { shares { id } } } } } } } } }",
            "cost",
        ),
        (
            "query($n: Int) { drives(first: $n) { nodes { children(first: $n) { nodes { ... on Folder { children(first: $n) { nodes { id } } } } } } } }",
            "cost",
        ),
        ("{ drives(first: " + "1" * 5000 + ") { nodes { id } } }", "digits in a number"),
        ("{ node(id: -1" + "0" * 20 + ") { id } }", "digits in a number"),
        ("{ node(id: 1e" + "0" * 20 + ") { id } }", "digits in a number"),
        (
            "{ nodes(ids: [1, 2, 3, 4, 5, 6]) { ... on File { shares { subject { ... on Group { members { id } } } } } } }",
            "cost",
        ),
        ("{ drives(first: 6) { nodes { shares { subject { ... on Group { members { id } } } } } } }", "cost"),
        ("{ " + " ".join(f"a{i}: __schema {{ types {{ name }} }}" for i in range(6)) + " }", "cost"),
    ],
)
def test_too_much_of_one_thing_is_refused_by_name(text: str, word: str) -> None:
    message = refused(text)
    assert word in (message or "nothing")


@pytest.mark.parametrize(
    "text",
    [
        "{ viewer { actor } }",
        "{ drives(first: 100) { nodes { children(first: 100) { nodes { id name viewerCan { view } } } } } }",
        "{ viewer { " + " ".join(f"a{i}: actor" for i in range(30)) + " } }",
        "{ " + " ".join("viewer { actor }" for _ in range(20)) + " }",
        "fragment A on Viewer { ...A } { viewer { ...A } }",
        "{ viewer { ...Missing } }",
        "{ nothing { like { this } } }",
    ],
)
def test_what_is_within_the_limits_is_left_to_validation(text: str) -> None:
    assert refused(text) is None


def test_the_standard_introspection_query_is_within_the_limits() -> None:
    from graphql import get_introspection_query  # noqa: PLC0415

    judged = judge(get_introspection_query(), CORE, LIMITS)
    assert judged.errors == ()


def test_text_that_is_no_graphql_is_a_syntax_error() -> None:
    with pytest.raises(GraphQLSyntaxError):
        check_text('{ "unterminated', LIMITS)


@given(st.text(alphabet='{}()[]:!.$@"#a1 \n', max_size=200))
def test_no_text_makes_the_judge_fail(text: str) -> None:
    judged = judge(text, CORE, LIMITS)
    assert (judged.document is None) == bool(judged.errors)
    assert all(error.extensions and error.extensions["code"] for error in judged.errors)
