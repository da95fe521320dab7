"""What can name something: OpenFGA's shapes, never longer than the columns, and nothing that a database refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db.models import CharField
from hypothesis import given
from hypothesis import strategies as st

from authz.engine import names
from authz.errors import InvalidRequest
from authz.models import RelationshipTuple
from authz.types import split_object, split_user

ODD = st.text(st.one_of(st.sampled_from("ab:#@* \0\n\x85\u2028\ud800é"), st.characters()), max_size=12)
LONG = st.builds(lambda text, times: text * times, ODD, st.integers(1, 60))


def width(column: str) -> int:
    field = RelationshipTuple._meta.get_field(column)
    assert isinstance(field, CharField)
    return field.max_length or 0


@given(st.one_of(ODD, LONG))
def test_what_is_a_name_can_be_split_and_stored(value: str) -> None:
    is_name = {"object_id": names.is_object(value), "subject": names.is_user(value)}
    if names.is_object(value):
        split_object(value)
        assert names.is_user(value)
    if names.is_user(value):
        split_user(value)
    is_name["relation"] = names.is_relation(value)
    for column, fits in is_name.items():
        if fits:
            longest = max(map(len, value.split(":"))) if column == "object_id" else len(value)
            assert longest <= width(column)
            assert value.encode()
            assert "\0" not in value


@pytest.mark.parametrize("value", ["user:x", "a.b:c@d", f"f:{'x' * 254}", "folder:1*", "user:é"])
def test_objects(value: str) -> None:
    for judge in (names.require_object, names.require_objects, names.require_user):
        judge(value)
    names.require_user(f"{value}#member")


@pytest.mark.parametrize("value", ["", "x", ":x", "::a", ":::", "a:b:c", "a:b c", "a:\0", f"f:{'x' * 255}", "a:\ud800"])
@pytest.mark.parametrize("judge", [names.require_object, names.require_objects, names.require_user])
def test_what_names_no_object(judge: Callable[[str], None], value: str) -> None:
    with pytest.raises(InvalidRequest):
        judge(value)


def test_wildcards_usersets_and_whole_types() -> None:
    assert names.is_user("user:*")
    assert not names.is_object("user:*")
    assert not names.is_user("user:*#member")
    assert not names.is_user("group:x#")
    assert not names.is_user(f"group:x#{'m' * 51}")
    names.require_objects("folder:")
    for value in (":", "a b:", "folder"):
        with pytest.raises(InvalidRequest):
            names.require_objects(value)


@pytest.mark.parametrize("value", ["", "x" * 51, "a b", "a#b", "a:b", "a\0"])
def test_what_names_no_relation(value: str) -> None:
    with pytest.raises(InvalidRequest):
        names.require_relation(value)


def test_a_message_is_short_whatever_was_sent() -> None:
    with pytest.raises(InvalidRequest) as error:
        names.require_user("\ud800" * 1_000_000)
    assert len(str(error.value)) < 1000
    assert str(error.value).isascii()
