"""Conditions that cannot be decided, on single nodes: an error tells nobody that there is something she cannot see."""

from __future__ import annotations

from pathlib import Path

import pytest

from authz.dsl import parse
from authz.errors import ConditionFailed
from authz.services import client, relationships
from authz.services.active_model import LoadedModel
from authz.types import RelationshipCondition, TupleKey
from storage.errors import NotFound
from storage.models import Item, NodeKind, NodeRef
from storage.permissions import Permission, require, require_all
from storage.selectors import nodes
from tests.storage.tree import Place, fresh, grant, name_of, person, ref

pytestmark = pytest.mark.django_db

SHIPPED = (Path(__file__).parents[3] / "authz" / "default.fga").read_text()
BROKEN = RelationshipCondition("inverse", {"x": 0})


def under_condition(text: str, relation: str) -> str:
    """Let users and everybody stand in a relation of all types under the condition too."""
    begin = f"    define {relation}: ["
    assert begin in text
    return text.replace(begin, f"{begin}user with inverse, user:* with inverse, ")


@pytest.fixture(autouse=True)
def conditional(monkeypatch: pytest.MonkeyPatch) -> None:
    text = SHIPPED
    for relation in ("viewer", "blocked", "editor"):
        text = under_condition(text, relation)
    model = LoadedModel("", parse(text + "\ncondition inverse(x: int) {\n  1 / x == 1\n}\n"))
    monkeypatch.setattr(client, "active", lambda: model)


@pytest.fixture
def place() -> Place:
    return Place.make()


def write(user: str, relation: str, name: str) -> None:
    relationships.write(writes=[TupleKey(user, relation, name, BROKEN)])


@pytest.mark.parametrize("everybody", [True, False])
def test_what_may_be_seen_by_a_condition_alone_is_as_absent(place: Place, everybody: bool) -> None:
    folder = place.folder("f")
    file, friend = place.file("a", folder), person()
    write("user:*" if everybody else friend, "viewer", name_of(folder))
    absent = NodeRef(NodeKind.FILE, "nothing")
    assert nodes.by_ids(friend, [ref(file), absent, ref(folder)]) == [None, None, None]
    for permission in (Permission.VIEW, Permission.DOWNLOAD, Permission.EDIT):
        with pytest.raises(NotFound):
            require(friend, permission, fresh(file))
    # Who can see it by something else, sees it.
    grant(friend, "editor", folder)
    other = place.folder("g")
    write(friend, "viewer", name_of(other))
    assert nodes.by_ids(friend, [ref(file), absent, ref(folder), ref(other)]) == [file, None, folder, None]
    seen = nodes.by_id(friend, ref(file))
    assert isinstance(seen, Item)
    assert (seen.version_number, seen.stored is not None, seen.ancestry) == (1, True, (folder.id,))
    require(friend, Permission.VIEW, fresh(file))


def test_what_a_condition_may_take_away_is_as_absent(place: Place) -> None:
    file, friend = place.file("a"), person()
    grant(friend, "viewer", file)
    write(friend, "blocked", name_of(file))
    assert nodes.by_id(friend, ref(file)) is None
    with pytest.raises(NotFound):
        require(friend, Permission.DOWNLOAD, fresh(file))


def test_who_sees_it_is_told_that_a_condition_cannot_be_decided(place: Place) -> None:
    file, hidden, friend = place.file("a"), place.file("b"), person()
    grant(friend, "viewer", file)
    write(friend, "editor", name_of(file))
    write(friend, "editor", name_of(hidden))
    with pytest.raises(ConditionFailed):
        require(friend, Permission.EDIT, fresh(file))
    answers = require_all(friend, [(Permission.VIEW, fresh(file)), (Permission.EDIT, fresh(hidden))])
    assert answers[0] is None
    assert isinstance(answers[1], NotFound)
