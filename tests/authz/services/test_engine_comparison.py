"""Both engines asked the same: they agree, and where they do not, the first difference can be replayed."""

from __future__ import annotations

from pathlib import Path

import pytest

from authz.services import engine_comparison, relationships
from authz.storefile.run import run_store_file
from authz.testing.contract import key
from storage.permissions import EDGES
from tests.components.permissions import Installation
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
    assert (outcome.asked, outcome.replay) == (300, None)
    assert outcome.allowed > 10, "questions that nobody would say yes to compare nothing"


def test_a_difference_is_found_and_can_be_replayed(store: Installation, tmp_path: Path) -> None:
    """The store has a right that our record has not: the server says yes, and we say no."""
    relationships.write(writes=[key("user:ann member group:g"), key("user:ann viewer file:1")])
    store.put(*(key(f"group:g#member {relation} file:1") for relation in ("viewer", "editor", "commenter", "blocked")))
    outcome = engine_comparison.compare(EDGES, 5000)
    assert outcome.replay is not None
    written = tmp_path / "difference.fga.yaml"
    written.write_text(outcome.replay)
    # What was stored past us is not in it: with the tuples of our record the embedded engine is right.
    result = run_store_file(written)
    assert [each.passed for each in result.assertions] == [True]


def test_where_nothing_is_nothing_is_asked(store: Installation) -> None:
    assert engine_comparison.compare(EDGES, 100).asked == 0
