"""The tree of an expression, read from what the library writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authz.dsl.compilation import compile_expression
from authz.dsl.model import ConditionParameter, ParameterType
from authz.dsl.syntax import Call, Collection, Constant, Loop, Name, Tree, read_tree

PARAMETERS = (
    ConditionParameter("x", ParameterType("list", ParameterType("string"))),
    ConditionParameter("m", ParameterType("map", ParameterType("string"))),
)


def tree(expression: str) -> Tree:
    return compile_expression(PARAMETERS, expression).tree


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'é' in x", Call("@in", (Constant("é"), Name("x")))),
        ("x == ['a', 'b']", Call("_==_", (Name("x"), Collection((Constant("a"), Constant("b")))))),
        ("m.key == 'a'", Call("_==_", (Call("_[_]", (Name("m"),)), Constant("a")))),
        ("x[1].contains('a')", Call("contains", (Call("_[_]", (Name("x"), Constant(""))), Constant("a")))),
        ("{'a': 'b'} == m", Call("_==_", (Collection((Constant("a"), Constant("b"))), Name("m")))),
        ("b'ab' == b'a'", Call("_==_", (Constant("ab"), Constant("a")))),
        ("1.5 < 2.5", Call("_<_", (Constant(""), Constant("")))),
    ],
)
def test_what_is_read(expression: str, expected: Tree) -> None:
    assert tree(expression) == expected


def test_macros_are_the_loops_that_they_are() -> None:
    found = tree("x.exists(a, a == 'b')")
    assert isinstance(found, Loop)
    assert (found.variables, found.range, found.outcome) == (("a",), Name("x"), Name(found.result))
    body = Call("_==_", (Name("a"), Constant("b")))
    assert found.step == Call("_||_", (Name(found.result), body))


def test_a_long_chain_of_or_is_no_deep_tree() -> None:
    assert isinstance(tree(" || ".join(["'a' in x"] * 4000)), Call)


@given(st.binary(max_size=60))
def test_what_is_no_tree_is_an_error_of_one_kind(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_tree(content)
