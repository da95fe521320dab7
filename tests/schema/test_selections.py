from __future__ import annotations

import pytest
from graphql import parse

from schema.selections import depends_on_variables


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ a { b(x: 1) c } }", False),
        ("query($v: Int) { a(x: $v) { b } }", False),
        ("query($v: Int) { a(x: {y: [$v]}) { b } }", False),
        ("mutation($v: I!) { a(input: $v) { b { ... on C { d } ...F } } } fragment F on B { e }", False),
        ("{ a { b @include(if: true) } }", False),
        ("query($v: Int) { a { b(x: $v) } }", True),
        ("query($v: Int) { a { b(x: {y: [$v]}) } }", True),
        ("query($v: Boolean!) { a { b @skip(if: $v) } }", True),
        ("query($v: Boolean!) { a @skip(if: $v) { b } }", True),
        ("query($v: Boolean!) { ... @include(if: $v) { a { b } } }", True),
        ("query($v: Boolean!) { ...F @include(if: $v) } fragment F on Query { a }", True),
        ("query($v: Int) { a { ...F } } fragment F on A { b(x: $v) }", True),
        ("query A { a } query B($v: Int) { a { b(x: $v) } }", True),
    ],
)
def test_variables_below_the_root_are_found(text: str, expected: bool) -> None:
    assert depends_on_variables(parse(text)) is expected
