"""Conditions in check: whose value counts, what is missing, and what an error in one branch means for the answer."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from authz.dsl import parse
from authz.dsl.model import AuthorizationModel, Condition, ConditionParameter, ParameterType
from authz.engine.check import batch_check, check
from authz.engine.conditions import CONTEXT_BYTES, QUESTION_CONTEXT_BYTES, Conditions
from authz.engine.list_objects import list_objects
from authz.engine.list_users import list_users
from authz.engine.memory import MemoryTuples
from authz.errors import (
    ConditionFailed,
    InvalidContext,
    InvalidModel,
    InvalidTuple,
    MissingContext,
    UnknownCondition,
)
from authz.types import CheckRequest, ListObjectsRequest, ListUsersRequest, RelationshipCondition, TupleKey

MODEL = parse(
    """model
  schema 1.1
type user
type group
  relations
    define member: [user, user with low, group#member, group#member with low]
type folder
  relations
    define parent: [folder, folder with low]
    define viewer: [user, user with low, user:* with low, group#member, group#member with low] or viewer from parent
    define strict: [user with low]
    define editor: [user, user with low]
    define blocked: [user, user with low, group#member with low]
    define either: viewer or editor
    define both: viewer and editor
    define rest: viewer but not blocked
condition low(x: int) {
  x < 10
}
"""
)


def key(text: str, condition: RelationshipCondition | None = None) -> TupleKey:
    user, relation, name = text.split()
    return TupleKey(user, relation, name, condition)


def low(text: str, **context: Any) -> TupleKey:
    """Return a tuple under the condition: ``x < 10``."""
    return key(text, RelationshipCondition("low", context))


def ask(tuples: list[TupleKey], text: str, context: Mapping[str, Any] | None = None, *brought: TupleKey) -> bool:
    user, relation, name = text.split()
    return check(MODEL, MemoryTuples(tuples), CheckRequest(user, relation, name, brought, context or {}))


def test_the_value_of_the_tuple_goes_before_that_of_the_question() -> None:
    stored = [low("user:a viewer folder:1", x=1), low("user:b viewer folder:1")]
    assert ask(stored, "user:a viewer folder:1", {"x": 99})
    assert not ask(stored, "user:b viewer folder:1", {"x": 99})
    assert ask(stored, "user:b viewer folder:1", {"x": 9, "nobody": ["asks", "for", {"this": None}]})


def test_a_wrong_value_in_the_question_does_not_matter_where_the_tuple_has_its_own() -> None:
    assert ask([low("user:a viewer folder:1", x=1)], "user:a viewer folder:1", {"x": "many"})


def test_a_missing_value_is_an_error_though_the_expression_would_not_look_at_it() -> None:
    parameters = (ConditionParameter("x", ParameterType("int")), ConditionParameter("y", ParameterType("int")))
    conditions = Conditions({"c": Condition("c", parameters, "x == 1 || y == 1")})
    with pytest.raises(MissingContext, match="y"):
        conditions.under({"x": 1}).met(RelationshipCondition("c"))
    assert conditions.under({"x": 1}).met(RelationshipCondition("c", {"y": 5}))
    assert conditions.under({"x": 1, "z": 2}).values(RelationshipCondition("c", {"y": 5})) == {"x": 1, "y": 5}


@pytest.mark.parametrize(
    ("context", "error"),
    [
        ({}, MissingContext),
        ({"x": "many"}, InvalidContext),
        ({"x": 1.5}, InvalidContext),
        ({"x": None}, InvalidContext),
    ],
)
def test_errors_of_a_condition(context: Mapping[str, Any], error: type[ConditionFailed]) -> None:
    with pytest.raises(error):
        ask([low("user:a viewer folder:1")], "user:a viewer folder:1", context)


def test_an_expression_without_a_value() -> None:
    parameters = (ConditionParameter("x", ParameterType("map", ParameterType("int"))),)
    conditions = Conditions({"c": Condition("c", parameters, "10 / x.a > 1")})
    carried = RelationshipCondition("c")
    assert conditions.under({"x": {"a": 2}}).met(carried)
    contexts: list[dict[str, Any]] = [{"x": {"a": 0}}, {"x": {}}]
    for context in contexts:
        with pytest.raises(ConditionFailed) as caught:
            conditions.under(context).met(carried)
        assert type(caught.value) is ConditionFailed


@pytest.mark.parametrize(
    "value",
    [
        "a\x00b",
        {"a": ["\x1f"]},
        {"\x7f": 1},
        "\x85",
        "\ud800",
        object(),
        {1: 2},
        [MappingProxyType({1: 2})],
        [10**5000],
        float("nan"),
    ],
)
def test_a_context_is_json_without_control_characters(value: Any) -> None:
    with pytest.raises(InvalidContext):
        ask([], "user:a viewer folder:1", {"unasked": value})


# What is asked of user:a, what is stored, what is stored under the condition, and the answer where that is an error.
BRANCHES = [
    ("either", ["user:a editor folder:1"], "user:a viewer folder:1", True),
    ("either", [], "user:a viewer folder:1", None),
    ("both", [], "user:a viewer folder:1", False),
    ("both", ["user:a editor folder:1"], "user:a viewer folder:1", None),
    ("rest", [], "user:a blocked folder:1", False),
    ("rest", ["user:a viewer folder:1"], "user:a blocked folder:1", None),
    ("rest", ["user:a blocked folder:1"], "user:a viewer folder:1", False),
    ("rest", [], "user:a viewer folder:1", None),
    ("viewer", ["user:a viewer folder:1"], "user:* viewer folder:1", True),
    ("viewer", ["folder:2 parent folder:1"], "user:a viewer folder:2", None),
    ("viewer", ["user:a viewer folder:2"], "folder:2 parent folder:1", None),
    ("viewer", ["user:a viewer folder:1"], "folder:2 parent folder:1", True),
    ("viewer", ["user:a member group:1"], "group:1#member viewer folder:1", None),
    ("viewer", ["group:1#member viewer folder:1"], "user:a member group:1", None),
    ("rest", ["user:a viewer folder:1", "user:a member group:1"], "group:1#member blocked folder:1", None),
    ("rest", [], "group:1#member blocked folder:1", False),
]


@pytest.mark.parametrize(("relation", "plain", "conditional", "expected"), BRANCHES)
def test_an_error_counts_unless_another_branch_decides(
    relation: str, plain: list[str], conditional: str, expected: bool | None
) -> None:
    stored = [*map(key, plain), low(conditional)]
    question = f"user:a {relation} folder:1"
    answers = {ask(stored, question, {"x": value}) for value in (1, 99)}
    assert answers == ({True, False} if expected is None else {expected}), "the condition matters where it is an error"
    for context in ({}, {"x": "many"}):
        if expected is None:
            with pytest.raises(ConditionFailed):
                ask(stored, question, context)
        else:
            assert ask(stored, question, context) is expected


def test_whoever_may_be_in_a_userset_is_in_doubt_as_in_openfga() -> None:
    with pytest.raises(MissingContext):
        ask([low("group:1#member viewer folder:1")], "user:a viewer folder:1")


def test_any_mapping_will_do_for_an_object() -> None:
    assert ask([low("user:a viewer folder:1")], "user:a viewer folder:1", MappingProxyType({"x": 1}))
    parameters = (ConditionParameter("x", ParameterType("map", ParameterType("any"))),)
    under = Conditions({"c": Condition("c", parameters, "x.a.b == 1")}).under(
        {"x": MappingProxyType({"a": MappingProxyType({"b": 1})})}
    )
    assert under.met(RelationshipCondition("c"))


def test_a_context_is_not_endlessly_deep() -> None:
    value: Any = 1
    for _ in range(10_000):
        value = [value]
    with pytest.raises(InvalidContext):
        ask([], "user:a viewer folder:1", {"unasked": value})


def test_an_error_is_one_for_the_whole_batch() -> None:
    reader = MemoryTuples([low("user:a viewer folder:1"), key("user:a viewer folder:2")])
    asked = [CheckRequest("user:a", "viewer", f"folder:{number}") for number in (2, 1)]
    with pytest.raises(MissingContext):
        batch_check(MODEL, reader, asked)


def test_questions_of_one_batch_have_each_their_own_context() -> None:
    reader = MemoryTuples([low("user:a viewer folder:1")])
    values = [1, 99, 1, 2, 50]
    asked = [CheckRequest("user:a", "viewer", "folder:1", (), {"x": value}) for value in values]
    assert batch_check(MODEL, reader, asked) == [value < 10 for value in values]


def test_the_contextual_tuple_stands_in_the_place_of_the_stored_one() -> None:
    stored = [key("user:a viewer folder:1"), low("user:b viewer folder:1", x=99)]
    assert not ask(stored, "user:a viewer folder:1", {}, low("user:a viewer folder:1", x=99))
    assert ask(stored, "user:b viewer folder:1", {}, low("user:b viewer folder:1", x=1))
    assert ask(stored, "user:b viewer folder:1", {}, key("user:b viewer folder:1"))


def test_groups_that_contain_each_other_under_conditions() -> None:
    ring = [low("group:1#member member group:2"), low("group:2#member member group:1"), key("user:b member group:1")]
    facts = [low("group:2#member blocked folder:1"), key("user:a viewer folder:1"), key("user:b viewer folder:1")]
    assert ask([*ring, *facts], "user:a rest folder:1", {"x": 1})
    assert not ask([*ring, *facts], "user:b rest folder:1", {"x": 1})
    assert ask([*ring, *facts], "user:b rest folder:1", {"x": 99})
    with pytest.raises(MissingContext):
        ask([*ring, *facts], "user:a rest folder:1")


def test_what_may_be_written() -> None:
    types = [
        (key("user:a strict folder:1"), InvalidTuple, "without a condition"),
        (key("user:* viewer folder:1"), InvalidTuple, "without a condition"),
        (key("user:a viewer folder:1", RelationshipCondition("high")), UnknownCondition, "high"),
        (low("folder:2#viewer parent folder:1"), InvalidTuple, "kind"),
        (low("group:1#member editor folder:1"), InvalidTuple, "kind"),
        (low("user:a strict folder:1", y=1), InvalidTuple, "no parameter 'y'"),
        (low("user:a strict folder:1", x="many"), InvalidTuple, "'x'"),
        (low("user:a strict folder:1", x="9" * 500), InvalidTuple, "'x'"),
        (low("user:a strict folder:1", x="9" * CONTEXT_BYTES), InvalidTuple, str(CONTEXT_BYTES)),
    ]
    for written, error, words in types:
        with pytest.raises(error, match=words):
            ask([], "user:a viewer folder:9", {}, written)
    assert ask([], "user:a strict folder:1", {}, low("user:a strict folder:1", x=1))


def test_a_context_of_a_tuple_has_a_limit() -> None:
    conditions = Conditions({"c": Condition("c", (ConditionParameter("x", ParameterType("string")),), "x == ''")})
    around = len('{"x":""}')
    conditions.require(RelationshipCondition("c", {"x": "a" * (CONTEXT_BYTES - around)}))
    with pytest.raises(InvalidTuple, match=str(CONTEXT_BYTES)):
        conditions.require(RelationshipCondition("c", {"x": "a" * (CONTEXT_BYTES - around + 1)}))
    with pytest.raises(InvalidTuple, match="control"):
        conditions.require(RelationshipCondition("c", {"x": "\n"}))


def test_a_context_of_a_question_has_a_limit() -> None:
    conditions = Conditions({"c": Condition("c", (ConditionParameter("x", ParameterType("string")),), "x == ''")})
    around = len('{"x":""}')
    conditions.under({"x": "a" * (QUESTION_CONTEXT_BYTES - around)})
    with pytest.raises(InvalidContext, match=str(QUESTION_CONTEXT_BYTES)):
        conditions.under({"x": "a" * (QUESTION_CONTEXT_BYTES - around + 1)})
    # What no parameter asks for comes in all the same.
    with pytest.raises(InvalidContext, match=str(QUESTION_CONTEXT_BYTES)):
        conditions.under({"y": ["\u00e9" * 100] * 400})


@pytest.mark.parametrize("kind", [ParameterType("any"), ParameterType("list", ParameterType("any"))])
def test_how_deep_a_context_is_comes_before_what_is_in_it(kind: ParameterType) -> None:
    """To convert a value takes a level of ours for each of its own; thousands would end in an error of Python's."""
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    conditions = Conditions({"c": Condition("c", (ConditionParameter("x", kind),), "x == x")})
    with pytest.raises(InvalidContext, match="deep"):
        conditions.under({"x": deep})
    with pytest.raises(InvalidTuple, match="deep"):
        conditions.require(RelationshipCondition("c", {"x": deep}))


@pytest.mark.parametrize(
    "stored",
    [
        key("user:a strict folder:1"),
        key("user:a strict folder:1", RelationshipCondition("high", {"x": 1})),
        low("user:a strict folder:1", y=1),
        low("user:a strict folder:1", x="many"),
        low("group:1#member strict folder:1", x=1),
    ],
)
def test_a_stored_tuple_that_does_not_fit_counts_for_nothing(stored: TupleKey) -> None:
    reader = MemoryTuples([stored, key("user:a member group:1")])
    context = {"x": 1}
    assert not check(MODEL, reader, CheckRequest("user:a", "strict", "folder:1", (), context))
    assert list_objects(MODEL, reader, ListObjectsRequest("user:a", "strict", "folder", (), context)) == []
    assert list_users(MODEL, reader, ListUsersRequest("folder:1", "strict", "user", None, (), context)) == []


def test_lists_evaluate_conditions_on_the_whole_way() -> None:
    stored = [
        low("user:a member group:1", x=1),
        low("group:1#member viewer folder:1"),
        low("folder:1 parent folder:2", x=2),
        low("user:a viewer folder:3", x=99),
        low("user:* viewer folder:4"),
    ]
    reader = MemoryTuples(stored)
    objects = ListObjectsRequest("user:a", "viewer", "folder", (), {"x": 3})
    assert list_objects(MODEL, reader, objects) == ["folder:1", "folder:2", "folder:4"]
    objects = ListObjectsRequest("user:a", "viewer", "folder", (), {"x": 30})
    assert list_objects(MODEL, reader, objects) == []
    users = ListUsersRequest("folder:2", "viewer", "user", None, (), {"x": 3})
    assert list_users(MODEL, reader, users) == ["user:a"]
    users = ListUsersRequest("folder:4", "viewer", "user", None, (), {"x": 3})
    assert list_users(MODEL, reader, users) == ["user:*"]


def test_a_value_that_does_not_fit_is_converted_once_and_not_for_each_tuple() -> None:
    parameters = (ConditionParameter("x", ParameterType("list", ParameterType("int"))),)
    under = Conditions({"c": Condition("c", parameters, "x == x")}).under({"x": [*range(9000), "many"]})
    start = time.process_time()
    for _ in range(500):
        with pytest.raises(InvalidContext, match="'x'"):
            under.met(RelationshipCondition("c"))
    assert time.process_time() - start < 1


def test_a_list_that_hangs_on_an_error_is_an_error_and_never_a_shorter_one() -> None:
    reader = MemoryTuples([low("user:a viewer folder:1"), key("user:a viewer folder:2")])
    with pytest.raises(MissingContext):
        list_objects(MODEL, reader, ListObjectsRequest("user:a", "viewer", "folder"))
    with pytest.raises(MissingContext):
        list_users(MODEL, reader, ListUsersRequest("folder:1", "viewer", "user"))
    reader.add(key("folder:2 parent folder:1"))
    assert list_objects(MODEL, reader, ListObjectsRequest("user:a", "viewer", "folder")) == ["folder:1", "folder:2"]
    assert list_users(MODEL, reader, ListUsersRequest("folder:1", "viewer", "user")) == ["user:a"]


def test_a_model_whose_expression_does_not_compile_is_refused() -> None:
    bad = Condition("low", MODEL.conditions["low"].parameters, "x <")
    with pytest.raises(InvalidModel, match="low"):
        check(
            AuthorizationModel("1.1", MODEL.types, {"low": bad}),
            MemoryTuples(),
            CheckRequest("user:a", "viewer", "folder:1"),
        )
