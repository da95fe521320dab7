"""Editors write tuples; what the model or the tree forbids is refused with its reason, and an administrator stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

import accounts.permissions
import storage.permissions
from accounts.permissions import grant_organization
from accounts.principal import actor_of
from authz.errors import AdministratorLockout, ConditionFailed, EditorRequired, InvalidRequest, ModelConflict
from authz.services import activation, decisions, model_versions, relationship_editor, relationships, shipped_model
from authz.services.active_model import pinned
from authz.services.shipped_model import SHIPPED_MODEL
from authz.types import ORGANIZATION, Actor, CheckRequest, RelationshipCondition, TupleKey

pytestmark = pytest.mark.django_db

TIMED = (
    SHIPPED_MODEL.read_text(encoding="utf-8").replace(
        "define admin: [user, group#member]\n    define auditor: ",
        "define admin: [user, user with until, user:* with until, group#member]\n    define auditor: ",
    )
    + """
condition until(current_time: timestamp, end: timestamp) {
  current_time < end
}
condition nearby(address: ipaddress, current_time: timestamp, end: timestamp) {
  address.in_cidr("10.0.0.0/8") && current_time < end
}
"""
)
NOW = datetime(2026, 1, 2, tzinfo=UTC)
FUTURE = "2999-01-01T00:00:00Z"
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
    assert write(ada, key) == ["writes 0: user:eve as blocked of file:f is there already"]
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
    member = TupleKey(ada, "member", "group:g")
    assert write(bob, member) == []
    get_user_model().objects.filter(pk=bob.partition(":")[2]).update(is_active=False)
    with pytest.raises(AdministratorLockout):
        write(ada, deletes=(member,))
    with pytest.raises(EditorRequired):
        write(bob, deletes=(member,))


def activate(actor: Actor, text: str) -> None:
    version = model_versions.create(actor, text, now=timezone.now())
    activation.activate(actor, version.id, needs=NEEDS, now=timezone.now())


FROZEN = (
    SHIPPED_MODEL.read_text(encoding="utf-8").replace(
        "    define can_administer: admin\n    define can_edit_model: admin\n",
        "    define spared: [user with after]\n"
        "    define frozen: [user, user:* with after, user with bomb] but not spared\n"
        "    define can_administer: admin but not frozen\n    define can_edit_model: admin but not frozen\n",
    )
    + """
condition after(current_time: timestamp, start: timestamp) {
  current_time >= start
}
condition bomb(current_time: timestamp, start: timestamp) {
  (current_time < start ? [1] : [])[0] == 2
}
"""
)


@pytest.mark.parametrize("start", [FUTURE, "2000-01-01T00:00:00Z"])
def test_what_may_take_the_last_administrator_away_one_day_is_refused(ada: Actor, start: str) -> None:
    """A condition that begins later, or cannot be decided later, and one that spares her for now."""
    activate(ada, FROZEN)
    later = {"start": start}
    barred = TupleKey("user:*", "frozen", ORGANIZATION, RelationshipCondition("after", later))
    spared = TupleKey(ada, "spared", ORGANIZATION, RelationshipCondition("after", later))
    with pytest.raises(AdministratorLockout):
        write(ada, barred)
    if start == FUTURE:
        with pytest.raises(AdministratorLockout):
            write(ada, TupleKey(ada, "frozen", ORGANIZATION, RelationshipCondition("bomb", later)))
    with pytest.raises(AdministratorLockout):
        write(ada, TupleKey(ada, "frozen", ORGANIZATION), spared)
    assert write(ada, spared) == []
    with pytest.raises(AdministratorLockout):
        write(ada, barred)
    # What may bar one person alone leaves the other.
    bob = person(administrator=True)
    assert write(ada, TupleKey(bob, "frozen", ORGANIZATION, RelationshipCondition("bomb", {"start": FUTURE}))) == []
    with pytest.raises(AdministratorLockout):
        write(ada, deletes=(TupleKey(ada, "admin", ORGANIZATION),))
    assert decisions.check(CheckRequest(ada, "can_administer", ORGANIZATION, context={"current_time": FUTURE}))


def test_what_cannot_be_decided_any_more_is_an_error_until_it_is_deleted(ada: Actor) -> None:
    activate(ada, FROZEN.replace("define viewer: [user, service,", "define viewer: [user, user:* with bomb, service,"))
    key = TupleKey("user:*", "viewer", "drive:d", RelationshipCondition("bomb", {"start": "2000-01-01T00:00:00Z"}))
    assert "Index error" in write(ada, key)[0]
    relationships.write(writes=[key])
    question = CheckRequest(Actor("user:eve"), "can_view", "drive:d")
    with pytest.raises(ConditionFailed):
        decisions.check(question)
    assert write(ada, deletes=(key.bare,)) == []
    assert not decisions.check(question)


@pytest.fixture
def timed(ada: Actor) -> None:
    assert TIMED.count("until") == 3
    used = "define viewer: [user, service, group#member, role#assignee, organization#member, user:*, anonymous:*]"
    assert TIMED.count(used) == 1
    activate(ada, TIMED.replace(used, used.replace("user:*", "user:*, user with until, user with nearby")))


@pytest.mark.usefixtures("timed")
def test_a_condition_that_nobody_could_decide_is_refused(ada: Actor) -> None:
    """The service tells the time and nothing else: such a tuple would be an error in the lists of whom it names."""

    def viewer(condition: str, **context: str) -> TupleKey:
        return TupleKey("user:eve", "viewer", "drive:d", RelationshipCondition(condition, context))

    refused = write(
        ada,
        viewer("until", end=FUTURE),
        replace(viewer("until"), object="drive:e"),
        replace(viewer("nearby", end=FUTURE), object="drive:f"),
        replace(viewer("nearby", end=FUTURE, address="10.0.0.1"), object="drive:g"),
    )
    assert [line.partition(":")[0] for line in refused] == ["writes 1", "writes 2"]
    assert "'until' lacks end" in refused[0]
    assert "'nearby' lacks address" in refused[1]
    assert write(ada, viewer("until", end=FUTURE)) == []


@pytest.mark.usefixtures("timed")
def test_every_conflict_is_told_with_its_tuple(ada: Actor) -> None:
    plain = TupleKey("user:eve", "viewer", "drive:d")
    ends = replace(plain, condition=RelationshipCondition("until", {"end": FUTURE}))
    assert write(ada, ends) == []
    assert write(ada, ends, TupleKey("user:eve", "blocked", "drive:d"), deletes=(replace(plain, user="user:x"),)) == [
        "deletes 0: user:x as viewer of drive:d is not there",
        "writes 0: user:eve as viewer of drive:d is there already",
    ]
    assert write(ada, plain) == [
        f'writes 0: user:eve as viewer of drive:d is there already, under until {{"end": "{FUTURE}"}}: delete it first'
    ]
    assert write(ada, plain, deletes=(plain,)) == []
    assert write(ada, ends) == [
        "writes 0: user:eve as viewer of drive:d is there already, without a condition: delete it first"
    ]


@pytest.mark.usefixtures("timed")
def test_an_administrator_until_some_time_is_not_the_last_one(ada: Actor) -> None:
    admin, bob = TupleKey(ada, "admin", ORGANIZATION), person()
    until = RelationshipCondition("until", {"end": FUTURE})
    for writes in ((replace(admin, condition=until),), (TupleKey("user:*", "admin", ORGANIZATION, until),)):
        with pytest.raises(AdministratorLockout):
            write(ada, *writes, deletes=(admin,))
    ends = TupleKey(bob, "admin", ORGANIZATION, until)
    assert write(ada, ends) == []
    with pytest.raises(AdministratorLockout):
        write(bob, deletes=(admin,))
    # Who has it for good may have a time of his own taken; and a plain right of another one is enough.
    assert write(ada, TupleKey(bob, "admin", ORGANIZATION), deletes=(replace(ends, condition=None),)) == []
    assert write(ada, replace(admin, condition=until), deletes=(admin,)) == []


@pytest.mark.usefixtures("timed")
def test_no_model_is_activated_under_which_every_administrator_is_one_for_a_time(ada: Actor) -> None:
    spare = TIMED[: TIMED.index("condition nearby")].replace(
        "    define can_edit_model: admin",
        "    define steward: [user, user with until]\n    define can_edit_model: admin",
    )
    only_timed = spare.replace("can_edit_model: admin", "can_edit_model: admin and steward")
    activate(ada, spare)
    steward = TupleKey(ada, "steward", ORGANIZATION)
    assert write(ada, replace(steward, condition=RelationshipCondition("until", {"end": FUTURE}))) == []
    assert activation.judge(ada, only_timed, NEEDS).locks_out
    with pytest.raises(AdministratorLockout):
        activate(ada, only_timed)
    assert write(ada, steward, deletes=(steward,)) == []
    assert not activation.judge(ada, only_timed, NEEDS).locks_out
    activate(ada, only_timed)


@pytest.mark.usefixtures("timed")
def test_an_administrator_who_is_suspended_for_a_time_is_none(ada: Actor) -> None:
    text = TIMED[: TIMED.index("condition nearby")].replace(
        "define can_administer: admin",
        "define suspended: [user with until]\n    define can_administer: admin but not suspended",
    )
    activate(ada, text)
    suspended = TupleKey(ada, "suspended", ORGANIZATION, RelationshipCondition("until", {"end": FUTURE}))
    with pytest.raises(AdministratorLockout):
        write(ada, suspended)
    person(administrator=True)
    assert write(ada, suspended) == []


def test_who_loses_the_right_while_she_is_judged_writes_nothing(ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    bob, judged = person(administrator=True), relationship_editor._refused

    def taken_back(*args: Any) -> Any:
        relationships.write(deletes=[TupleKey(bob, "admin", ORGANIZATION)], on_missing="ignore")
        return judged(*args)

    monkeypatch.setattr(relationship_editor, "_refused", taken_back)
    with pytest.raises(EditorRequired):
        write(bob, TupleKey(bob, "admin", ORGANIZATION))
    assert not decisions.check(CheckRequest(bob, "can_administer", ORGANIZATION))
