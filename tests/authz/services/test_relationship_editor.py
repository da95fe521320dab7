"""Editors write tuples; what the model or the tree forbids is refused with its reason, and an administrator stays."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth import get_user_model

import accounts.permissions
import storage.permissions
from accounts.permissions import grant_organization
from accounts.principal import actor_of
from authz.errors import AdministratorLockout, EditorRequired, InvalidRequest, ModelConflict, WriteConflict
from authz.services import activation, decisions, model_versions, relationship_editor, relationships, shipped_model
from authz.services.models import pinned
from authz.types import ORGANIZATION, Actor, CheckRequest, TupleKey

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 2, tzinfo=UTC)
NEEDS = storage.permissions.NEEDS.joined(accounts.permissions.NEEDS)


def person(*, administrator: bool = False) -> Actor:
    row = get_user_model().objects.create(username=f"p{get_user_model().objects.count()}")
    grant_organization(actor_of(row.pk), administrator=administrator)
    return actor_of(row.pk)


@pytest.fixture
def ada() -> Actor:
    return person(administrator=True)


def write(actor: Actor, *writes: TupleKey, deletes: tuple[TupleKey, ...] = ()) -> list[str]:
    refused = relationship_editor.write(actor, writes=writes, deletes=deletes, needs=NEEDS)
    return [f"{each.list} {each.place}: {each.error}" for each in refused]


def test_tuples_are_written_and_read(ada: Actor) -> None:
    key = TupleKey("user:eve", "blocked", "file:f")
    assert write(ada, key) == []
    page = relationship_editor.page(ada, user=None, relation="blocked", object="file:f", page_size=10, after="")
    assert page is not None
    assert page.tuples == (key,)
    with pytest.raises(WriteConflict):
        write(ada, key)
    assert write(ada, deletes=(key,)) == []
    assert relationships.read_all(object="file:f") == []


def test_only_editors_write_and_only_readers_read(ada: Actor) -> None:
    bob, auditor = person(), person()
    relationships.write(writes=[TupleKey(auditor, "auditor", ORGANIZATION)])
    for actor in (bob, auditor, Actor("anonymous:visitor")):
        with pytest.raises(EditorRequired):
            write(actor, TupleKey(bob, "admin", ORGANIZATION))
    nothing = {"user": None, "relation": None, "object": None, "page_size": 10, "after": ""}
    assert relationship_editor.page(bob, **nothing) is None  # type: ignore[arg-type]
    assert relationship_editor.page(auditor, **nothing) is not None  # type: ignore[arg-type]


def test_every_refused_tuple_is_named_with_its_reason(ada: Actor) -> None:
    good = TupleKey("user:eve", "viewer", "file:f")
    refused = write(
        ada,
        good,
        TupleKey("user:eve", "can_view", "file:f"),
        TupleKey("user:eve", "viewer", "planet:f"),
        TupleKey("folder:a", "ancestor", "folder:b"),
        TupleKey("drive:a", "drive", "folder:b"),
        TupleKey(ORGANIZATION, "organization", "drive:a"),
        TupleKey(ORGANIZATION, "organization", "group:a"),
        deletes=(TupleKey("backend:a", "backend", "drive:a"), TupleKey("user:eve", "gone", "file:f")),
    )
    assert [line.partition(":")[0] for line in refused] == [*(f"writes {place}" for place in range(1, 7)), "deletes 0"]
    assert "can_view" in refused[0]
    assert "planet" in refused[1]
    assert all("told from the tree" in line for line in refused[2:])
    assert relationships.read_all(object="file:f") == []
    with pytest.raises(InvalidRequest):
        write(ada)


def test_tuples_that_were_judged_by_a_model_which_is_not_active_any_more_are_not_written(ada: Actor) -> None:
    """The request began under one model; what another would have said of its tuples nobody has asked."""
    key = TupleKey("service:eve", "viewer", "file:f")
    text = shipped_model.SHIPPED_MODEL.read_text(encoding="utf-8")
    without = text.replace("define viewer: [user, service,", "define viewer: [user,")
    assert without != text
    version = model_versions.create(ada, without, now=NOW)
    with pinned():
        assert relationship_editor.write(ada, writes=[key], deletes=[], needs=NEEDS) == []
        relationships.write(deletes=[key])
        activation.activate(ada, version.id, needs=NEEDS, now=NOW)
        with pytest.raises(ModelConflict):
            write(ada, key)
    assert relationships.read_all(object="file:f") == []
    assert write(ada, key)[0].startswith("writes 0")


def test_the_last_administrator_stays(ada: Actor) -> None:
    admin = TupleKey(ada, "admin", ORGANIZATION)
    with pytest.raises(AdministratorLockout):
        write(ada, deletes=(admin,))
    assert decisions.check(CheckRequest(ada, "can_administer", ORGANIZATION))
    # A group that nobody is in does not administer anything; one with somebody active in it does.
    group = TupleKey("group:g#member", "admin", ORGANIZATION)
    with pytest.raises(AdministratorLockout):
        write(ada, group, deletes=(admin,))
    bob = person()
    assert write(ada, group, TupleKey(bob, "member", "group:g"), deletes=(admin,)) == []
    get_user_model().objects.filter(pk=bob.partition(":")[2]).update(is_active=False)
    with pytest.raises(AdministratorLockout):
        write(bob, deletes=(TupleKey(bob, "member", "group:g"),))
