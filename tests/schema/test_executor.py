"""The short way answers as graphql-core does, data and errors alike."""

# Operations are read in one piece.
# ruff: noqa: E501

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

import pytest
import strawberry
from graphql import DocumentNode, execute_sync, parse
from graphql.execution.executor import Executor
from hypothesis import given
from hypothesis import strategies as st

from schema.executor import core_schema, executor_for
from schema.selections import Selections, depends_on_variables


@strawberry.interface
class Named:
    @strawberry.field
    def name(self) -> str:
        raise NotImplementedError


@strawberry.type
class Leaf(Named):
    given: strawberry.Private[Any]
    number: int

    @strawberry.field
    def name(self) -> str:
        return str(self.given)

    @strawberry.field
    def required(self) -> str:
        return self.given  # type: ignore[no-any-return]

    @strawberry.field
    def optional(self) -> str | None:
        return self.given  # type: ignore[no-any-return]

    @strawberry.field
    def fails(self) -> str | None:
        raise ValueError("no")

    @strawberry.field
    def fails_hard(self) -> str:
        raise ValueError("no")

    @strawberry.field
    def times(self, factor: Annotated[int, strawberry.argument(name="by")] = 2) -> int:
        return self.number * factor

    @strawberry.field
    def words(self) -> list[str]:
        return ["a", self.given]

    @strawberry.field
    def holes(self) -> list[str | None]:
        return ["a", None]


@strawberry.type
class Branch(Named):
    leaves: list[Leaf]
    maybe: Leaf | None
    holes: list[Leaf | None]

    @strawberry.field
    def name(self) -> str:
        return "branch"

    @strawberry.field
    def things(self) -> list[Named]:
        return [*self.leaves, self]

    @strawberry.field
    def choice(self) -> Annotated[Leaf | Branch, strawberry.union("Choice")]:
        return self

    @strawberry.field
    def missing(self) -> Leaf:
        return None  # type: ignore[return-value]

    @strawberry.field
    def not_a_list(self) -> list[Leaf]:
        return 5  # type: ignore[return-value]


Branch.__annotations__["Branch"] = Branch


def tree() -> Branch:
    return Branch(
        leaves=[Leaf(given="x", number=1), Leaf(given=None, number=2)],
        maybe=None,
        holes=[Leaf(given="y", number=3), None],
    )


@strawberry.type
class Query:
    @strawberry.field
    def branch(self) -> Branch | None:
        return tree()

    @strawberry.field
    def named(self) -> list[Named]:
        return [*tree().leaves, tree()]


REFERENCE = core_schema(strawberry.Schema(Query, types=[Leaf, Branch]))
SCHEMA = strawberry.Schema(Query, types=[Leaf, Branch])
CORE = core_schema(SCHEMA)
FAST = executor_for(SCHEMA)


def answer(core: Any, executor: type[Executor[Any]], document: DocumentNode, variables: Any, **kwargs: Any) -> Any:
    built = executor.build(core, document, raw_variable_values=variables, hide_suggestions=True, **kwargs)
    assert not isinstance(built, list)
    result: Any = built.execute_operation()
    errors = sorted((error.message, str(error.path), str(error.locations)) for error in result.errors or ())
    return result.data, errors


def both(query: str, **variables: Any) -> tuple[Any, Any]:
    """graphql-core's answer and ours, which is the same when a document comes again."""
    document = parse(query)
    expected = answer(REFERENCE, Executor, document, variables)
    selections = None if depends_on_variables(document) else Selections()
    found = [answer(CORE, FAST, document, variables, selections=selections) for _ in range(2)]
    assert found[0] == found[1]
    return expected, found[0]


QUERIES = [
    "{ branch { name __typename leaves { name number t: __typename } } }",
    "{ branch { maybe { name } holes { name number } } }",
    "{ branch { leaves { optional fails number } } }",
    "{ branch { leaves { required } } }",
    "{ branch { holes { required failsHard } } }",
    "{ branch { holes { required } maybe { required } leaves { optional } } }",
    "{ branch { missing { name } } }",
    "{ branch { notAList { name } } }",
    "{ branch { leaves { a: times b: times(by: 5) c: times(by: null) } } }",
    "query($n: Int!) { branch { leaves { times(by: $n) } } }",
    "{ branch { leaves { words } } }",
    "{ branch { leaves { holes } } }",
    "{ branch { things { __typename name ... on Leaf { number optional } ... on Branch { things { name } } } } }",
    "{ branch { choice { __typename ... on Branch { name choice { ... on Branch { name } } } } } }",
    "{ named { name ... on Leaf { failsHard } } }",
    "query($skip: Boolean!) { branch { leaves { name number @skip(if: $skip) ...More @include(if: $skip) } } } fragment More on Leaf { optional }",
]


@pytest.mark.parametrize("query", QUERIES)
def test_data_and_errors_are_those_of_graphql_core(query: str) -> None:
    expected, found = both(query, n=3, skip=True)
    assert found == expected
    assert list(found[0] or {}) == list(expected[0] or {})


_LEAF = st.lists(
    st.sampled_from(["name", "number", "required", "optional", "fails", "failsHard", "times", "times5: times(by: 5)", "words", "holes", "__typename"]),
    min_size=1, max_size=5,
).map(lambda fields: "{ " + " ".join(fields) + " }")  # fmt: skip
_BRANCH = st.recursive(
    st.sampled_from(["{ name }", "{ missing { name } }"]) | _LEAF.flatmap(lambda leaf: st.sampled_from([f"{{ leaves {leaf} }}", f"{{ holes {leaf} }}", f"{{ maybe {leaf} name }}"])),
    lambda inner: inner.flatmap(lambda branch: st.sampled_from([f"{{ name choice {{ ... on Branch {branch} }} }}", f"{{ things {{ name ... on Branch {branch} }} }}"])),
    max_leaves=3,
)  # fmt: skip


@given(_BRANCH)
def test_any_selection_is_answered_as_by_graphql_core(selection: str) -> None:
    expected, found = both(f"{{ branch {selection} }}")
    assert found == expected


def test_what_a_document_selects_is_worked_out_once() -> None:
    document, selections = parse("{ branch { leaves { name } things { name } } }"), Selections()
    answer(CORE, FAST, document, {}, selections=selections)
    counts = len(selections.roots), len(selections.subfields), len(selections.steps)
    assert min(counts) > 0
    steps = {key: id(steps) for key, (_, steps) in selections.steps.items()}
    answer(CORE, FAST, document, {}, selections=selections)
    assert (len(selections.roots), len(selections.subfields), len(selections.steps)) == counts
    assert {key: id(steps) for key, (_, steps) in selections.steps.items()} == steps


def test_several_operations_of_a_document_keep_their_own_selections() -> None:
    document = parse("query A { branch { name } } query B { branch { leaves { number } } }")
    selections = Selections()
    for _ in range(2):
        for name in "AB":
            expected = answer(REFERENCE, Executor, document, {}, operation_name=name)
            assert answer(CORE, FAST, document, {}, operation_name=name, selections=selections) == expected


def test_many_threads_may_meet_a_document_at_once() -> None:
    document, selections = parse("{ branch { name things { name ... on Leaf { number fails } } } }"), Selections()
    expected = answer(REFERENCE, Executor, document, {})
    start = threading.Barrier(8)

    def work(_number: int) -> list[Any]:
        start.wait(10)
        return [answer(CORE, FAST, document, {}, selections=selections) for _ in range(20)]

    with ThreadPoolExecutor(8) as pool:
        found = [each for answers in pool.map(work, range(8)) for each in answers]
    assert all(each == expected for each in found)


def test_the_short_way_is_taken() -> None:
    assert FAST.table["Leaf", "name"].convert is None
    assert FAST.table["Leaf", "times"].convert is not None
    assert ("Query", "branch") not in FAST.table


@strawberry.type
class Slow:
    name: str

    @strawberry.field
    def inner(self) -> Slow | None:
        time.sleep(0.02)
        return Slow(name=self.name)


@strawberry.type
class SlowQuery:
    @strawberry.field
    def many(self) -> list[Slow | None]:
        return [Slow(name=str(number)) for number in range(1000)]


@strawberry.type
class SlowMutation(SlowQuery):
    @strawberry.field
    def work(self) -> Slow | None:
        time.sleep(0.4)
        return Slow(name="done")


SLOW = strawberry.Schema(SlowQuery, mutation=SlowMutation)


@pytest.mark.parametrize("kind", ["query", "mutation"])
def test_an_operation_that_is_read_for_too_long_ends_as_a_whole(kind: str) -> None:
    executor = executor_for(SLOW, seconds=0.3)
    began = time.monotonic()
    result = execute_sync(core_schema(SLOW), parse(kind + " { many { name inner { name } } }"), executor_class=executor)
    assert time.monotonic() - began < 5
    assert result.data is None
    assert [(error.message, error.extensions) for error in result.errors or ()] == [
        ("This takes longer than 0.3 seconds; ask for less.", {"code": "TIMED_OUT"})
    ]


def test_the_work_of_a_mutation_does_not_count() -> None:
    executor = executor_for(SLOW, seconds=0.3)
    text = "mutation { a: work { name inner { name } } b: work { name inner { name } } }"
    result = execute_sync(core_schema(SLOW), parse(text), executor_class=executor)
    assert result.errors is None
    done = {"name": "done", "inner": {"name": "done"}}
    assert result.data == {"a": done, "b": done}
