"""Both engines asked the same: they agree, and where they do not, the first difference can be replayed."""

from __future__ import annotations

from pathlib import Path

import pytest

from authz.services import activation, model_versions, relationships, shipped_model
from authz.services.remote import engine_comparison
from authz.storefile.run import run_store_file
from authz.testing.contract import key
from authz.types import RelationshipCondition, TupleKey
from storage.permissions import EDGES
from tests.components.permissions import Installation
from tests.storage.services.test_access import NEEDS, NOW, administrator
from tests.storage.tree import Place, grant, person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def store(installation: Installation) -> Installation:
    """An OpenFGA server answers."""
    installation.choose("openfga")
    installation.prepare()
    return installation


def test_they_agree_over_a_tree(store: Installation) -> None:
    place = Place.make()
    friends = [person() for _ in range(3)]
    folder = place.folder("a")
    place.file("plan.txt", place.folder("b", folder))
    grant(friends[0], "viewer", folder)
    grant("group:g#member", "editor", place.drive)
    grant(friends[1], "member", "group:g")
    grant(friends[1], "blocked", folder)
    outcome = engine_comparison.compare(EDGES, 300)
    assert (outcome.asked, outcome.agreed, outcome.difference) == (300, 300, None)
    assert outcome.allowed > 10, "questions that nobody would say yes to compare nothing"


def test_a_difference_is_found_and_can_be_replayed(store: Installation, tmp_path: Path) -> None:
    """The store has a right that our record has not: the server says yes, and we say no."""
    relationships.write(writes=[key("user:ann member group:g"), key("user:ann viewer file:1")])
    store.put(*(key(f"group:g#member {relation} file:1") for relation in ("viewer", "editor", "commenter", "blocked")))
    outcome = engine_comparison.compare(EDGES, 5000)
    assert outcome.difference is not None
    written = tmp_path / "difference.fga.yaml"
    written.write_text(engine_comparison.replay(outcome.difference))
    # What was stored past us is not in it: with the tuples of our record the embedded engine is right.
    result = run_store_file(written)
    assert [each.passed for each in result.assertions] == [True]


UNTIL = """
condition until(current_time: timestamp, end: timestamp) {
  current_time < end
}

condition inside(network: ipaddress) {
  network.in_cidr("10.0.0.0/8")
}
"""


def activate_conditions() -> None:
    """Put a model in force under which a drive may be seen until a time, or from a network that nobody tells."""
    admin = administrator()
    text = shipped_model.SHIPPED_MODEL.read_text()
    text = text.replace("define viewer: [user,", "define viewer: [user, user with until, user with inside,") + UNTIL
    version = model_versions.create(admin, text, now=NOW)
    activation.activate(admin, version.id, needs=NEEDS, now=NOW)


def test_conditions_are_told_the_time_as_by_every_request(store: Installation) -> None:
    activate_conditions()
    place = Place.make()
    for number in range(6):
        place.file(f"f{number}")
        end = "2999-01-01T00:00:00Z" if number % 2 else "2001-01-01T00:00:00Z"
        until = RelationshipCondition("until", {"end": end})
        relationships.write(writes=[TupleKey(person(), "viewer", f"drive:{place.drive.id}", until)])
    outcome = engine_comparison.compare(EDGES, 200)
    assert (outcome.agreed, outcome.undecided, outcome.difference) == (200, 0, None)
    assert outcome.allowed > 10


def test_what_neither_can_decide_does_not_count_as_agreed(store: Installation) -> None:
    activate_conditions()
    place = Place.make()
    inside = RelationshipCondition("inside")
    for number in range(6):
        place.file(f"f{number}")
        relationships.write(writes=[TupleKey(person(), "viewer", f"drive:{place.drive.id}", inside)])
    outcome = engine_comparison.compare(EDGES, 200)
    assert outcome.difference is None
    assert outcome.undecided > 0
    assert outcome.agreed == 200 - outcome.undecided


def test_a_difference_under_a_condition_is_replayed_at_its_time(store: Installation, tmp_path: Path) -> None:
    activate_conditions()
    until = RelationshipCondition("until", {"end": "2999-01-01T00:00:00Z"})
    relationships.write(writes=[TupleKey("user:ann", "viewer", "file:1", until)])
    store.take(key("user:ann viewer file:1"))
    outcome = engine_comparison.compare(EDGES, 5000)
    assert outcome.difference is not None
    assert outcome.difference.allowed
    text = engine_comparison.replay(outcome.difference)
    assert "current_time" in text
    written = tmp_path / "difference.fga.yaml"
    written.write_text(text)
    assert run_store_file(written).passed


def test_where_nothing_is_nothing_is_asked(store: Installation) -> None:
    assert engine_comparison.compare(EDGES, 100).asked == 0
