from __future__ import annotations

import re

from graphql import parse, validate

from schema.executor import core_schema
from schema.root import schema
from schema.types.relationship import advice


def test_a_query_that_is_advised_can_be_asked() -> None:
    (snippet,) = re.findall(r"`([^`]*\{[^`]*)`", advice(user="kim"))
    assert validate(core_schema(schema), parse(f"{{ {snippet} }}")) == []


def test_advice_is_given_to_what_is_neither_an_id_nor_a_name() -> None:
    assert "user_..." in advice(user="kim")
    assert "file_..." in advice(object="Team:/a.txt")
    assert advice(user="user:x", object="file:x") == ""
