"""What may become the active model, what is refused and told in full, and that of two at once one wins."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

import accounts.permissions
import storage.permissions
from accounts.permissions import grant_organization
from accounts.principal import actor_of
from accounts.services import users
from authz.dsl import parse
from authz.errors import (
    AdministratorLockout,
    EditorRequired,
    InvalidModel,
    ModelConflict,
    ModelNotFound,
    RelationsMissing,
)
from authz.models import AuthorizationModelVersion, ModelActivation
from authz.services import activation, active_model, decisions, model_versions, relationships, remote_engine
from authz.services.administrators import require_administrator
from authz.services.shipped_model import SHIPPED_MODEL
from authz.types import ORGANIZATION, Actor, CheckRequest, RelationshipCondition, TupleKey
from storage.permissions import APPLICABLE, Role

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 2, tzinfo=UTC)
NEEDS = storage.permissions.NEEDS.joined(accounts.permissions.NEEDS)
SHIPPED = SHIPPED_MODEL.read_text(encoding="utf-8")
VIEWS = "    define can_create_drive: admin\n"
AUDITORS_TOO = SHIPPED.replace(VIEWS, "    define can_create_drive: auditor\n")


def person(*, administrator: bool = False, active: bool = True) -> Actor:
    row = get_user_model().objects.create(username=f"p{get_user_model().objects.count()}", is_active=active)
    actor = actor_of(row.pk)
    grant_organization(actor, administrator=administrator)
    return actor


@pytest.fixture
def ada() -> Actor:
    return person(administrator=True)


def activate(actor: Actor, text: str, **more: str | None) -> activation.Activated:
    version = model_versions.create(actor, text, now=NOW)
    return activation.activate(actor, version.id, needs=NEEDS, now=NOW, **more)  # type: ignore[arg-type]


def test_an_edit_is_created_activated_and_undone(ada: Actor) -> None:
    eve = person()
    relationships.write(writes=[TupleKey(eve, "auditor", ORGANIZATION)])
    question = CheckRequest(eve, "can_create_drive", ORGANIZATION)
    assert not decisions.check(question)
    version = model_versions.create(ada, AUDITORS_TOO, note="auditors make drives", now=NOW)
    assert (version.origin, version.author, version.is_active) == ("local", ada, False)
    assert not decisions.check(question)
    done = activation.activate(ada, version.id, needs=NEEDS, note="now", now=NOW)
    assert (done.version.id, done.version.is_active, done.orphaned) == (version.id, True, 0)
    assert done.previous is not None
    assert (done.previous.origin, done.previous.is_active) == ("shipped", False)
    assert decisions.check(question)
    undone = activation.activate(ada, done.previous.id, needs=NEEDS, if_active=version.id, now=NOW)
    assert not decisions.check(question)
    assert undone.previous is not None
    assert undone.previous.id == version.id
    history = activation.activations(ada, backwards=False, limit=10)
    assert history is not None
    assert [(each.number, each.author, each.version.id) for each in history] == [
        (3, ada, done.previous.id),
        (2, ada, version.id),
        (1, "", done.previous.id),
    ]
    assert history[1].note == "now"


def test_what_is_active_is_not_activated_again(ada: Actor) -> None:
    version_id = active_model.active_version_id()
    done = activation.activate(ada, version_id, needs=NEEDS, now=NOW)
    assert (done.version.id, done.previous) == (version_id, None)
    assert ModelActivation.objects.count() == 1


def test_only_editors_may(ada: Actor) -> None:
    version = model_versions.create(ada, AUDITORS_TOO, now=NOW)
    for actor in (person(), Actor("anonymous:visitor")):
        with pytest.raises(EditorRequired):
            model_versions.create(actor, "nonsense", now=NOW)
        with pytest.raises(EditorRequired):
            activation.judge(actor, "nonsense", NEEDS)
        for version_id in (version.id, "absent"):
            with pytest.raises(EditorRequired):
                activation.activate(actor, version_id, needs=NEEDS, now=NOW)
        assert model_versions.by_ids(actor, [version.id]) == {}
        assert model_versions.page(actor, limit=10) is None
        assert activation.activations(actor, backwards=False, limit=10) is None
        assert model_versions.count(actor) == activation.count_activations(actor) == 0
    auditor = person()
    relationships.write(writes=[TupleKey(auditor, "auditor", ORGANIZATION)])
    assert set(model_versions.by_ids(auditor, [version.id])) == {version.id}
    assert len(model_versions.page(auditor, limit=10) or ()) == model_versions.count(auditor) == 2
    assert len(activation.activations(auditor, backwards=False, limit=10) or ()) == 1
    assert activation.count_activations(auditor) == 1
    with pytest.raises(EditorRequired):
        activation.activate(auditor, version.id, needs=NEEDS, now=NOW)


def test_a_model_with_errors_is_not_kept_and_all_of_them_are_told(ada: Actor) -> None:
    broken = SHIPPED.replace("[user, group#member]", "[user, crew#member]").replace("admin from", "chief from")
    with pytest.raises(InvalidModel) as refused:
        model_versions.create(ada, broken, now=NOW)
    assert len(refused.value.problems) > 3
    assert AuthorizationModelVersion.objects.count() == 1
    judged = activation.judge(ada, broken, NEEDS)
    assert judged.problems == refused.value.problems
    for text in ("model\0", "# \ud800\nmodel\n  schema 1.1\n"):
        with pytest.raises(InvalidModel):
            model_versions.create(ada, text, now=NOW)


def test_a_model_that_cannot_answer_is_refused_with_every_relation(ada: Actor) -> None:
    bare = "\n".join(
        ["model", "  schema 1.1", "type user", "type organization", "  relations", "    define admin: [user]"]
        + [f"    define {name}: admin" for name in ("can_administer", "can_edit_model")]
    )
    with pytest.raises(RelationsMissing) as refused:
        activate(ada, bare)
    missing = refused.value.missing
    for kind, permissions in APPLICABLE.items():
        for permission in permissions:
            assert f"{kind}#{permission} is not defined" in missing
    for line in ("organization#can_read_audit is not defined", "group#can_list_members is not defined"):
        assert line in missing
    assert any(line.startswith("anonymous ") for line in missing)
    assert any(line.startswith("backend#organization ") for line in missing)
    assert {f"drive#{role} takes no user, and it is written" for role in Role} <= set(missing)
    assert active_model.active().text == SHIPPED


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("define can_share: owns but not blocked", "define can_give: owns but not blocked", ["drive#can_share"]),
        ("    define commenter: [user, group#member, role#assignee]\n", "    define commenter: [role#assignee]\n",
         ["drive#commenter", "file#commenter", "folder#commenter"]),
        ("define member: [user, service", "define member: [service", ["group#member", "organization#member"]),
    ],
)  # fmt: skip
def test_what_is_missing_is_told(ada: Actor, old: str, new: str, told: list[str]) -> None:
    judged = activation.judge(ada, SHIPPED.replace(old, new), NEEDS)
    assert judged.problems == ()
    assert [line.partition(" ")[0] for line in judged.missing] == told


@pytest.mark.parametrize(
    ("relations", "told"),
    [
        ("define vault: [drive]\n    define keeper: viewer from vault", ["drive"]),
        ("define keeper: [user, folder#owns]", ["drive", "folder"]),
        ("define keeper: [user, role#assignee] but not barred\n    define barred: [file#blocked]", ["file"]),
    ],
)
def test_administering_rests_on_nothing_that_is_shared(ada: Actor, relations: str, told: list[str]) -> None:
    """Whoever owns a drive could take the last administrator away, and so could the purge of a file."""
    text = SHIPPED.replace(
        "    define can_administer: admin\n", f"    {relations}\n    define can_administer: admin and keeper\n"
    )
    assert text != SHIPPED
    judged = activation.judge(ada, text, NEEDS)
    assert (judged.problems, judged.locks_out) == ((), None)
    assert [line.partition(",")[0] for line in judged.missing] == [
        f"organization#can_administer rests on rights to a {name}" for name in told
    ]
    with pytest.raises(RelationsMissing):
        activate(ada, text)
    assert active_model.active().text == SHIPPED


def test_an_administrator_for_some_time_is_not_the_one_who_stays(ada: Actor) -> None:
    text = SHIPPED.replace(
        "define admin: [user, group#member]", "define admin: [user, user with until, group#member]", 1
    )
    text += "\ncondition until(current_time: timestamp, end: timestamp) {\n  current_time < end\n}\n"
    activate(ada, text)
    eve = person()
    until = RelationshipCondition("until", {"end": (datetime.now(UTC) + timedelta(hours=1)).isoformat()})
    relationships.write(writes=[TupleKey(eve, "admin", ORGANIZATION, until)])
    judged = activation.judge(eve, "# again\n" + text, NEEDS)
    assert (judged.problems, judged.missing, judged.locks_out, judged.orphaned) == ((), (), False, 0)
    relationships.write(deletes=[TupleKey(ada, "admin", ORGANIZATION)])
    assert activation.judge(eve, "# again\n" + text, NEEDS).locks_out, "in an hour there is nobody"
    assert activation.judge(eve, SHIPPED, NEEDS).locks_out, "the shipped model knows of no such condition"


def test_a_model_that_locks_everybody_out_is_refused(ada: Actor) -> None:
    locked = SHIPPED.replace("define can_edit_model: admin", "define can_edit_model: auditor_general").replace(
        "    # what the service asks for\n    define can_administer",
        "    define auditor_general: [user]\n    # what the service asks for\n    define can_administer",
    )
    assert activation.judge(ada, locked, NEEDS).locks_out
    with pytest.raises(AdministratorLockout):
        activate(ada, locked)
    assert active_model.active().text == SHIPPED
    # Whoever is named there must be able to sign in, and have both.
    both = locked.replace("define auditor_general: [user]", "define auditor_general: [user] or auditor")
    assert not activation.judge(ada, both, NEEDS).locks_out, "an administrator is an auditor too"
    get_user_model().objects.update(is_active=False)
    with pytest.raises(AdministratorLockout):
        activate(ada, both)


def test_a_right_of_everybody_but_some_is_looked_into(ada: Actor) -> None:
    text = SHIPPED.replace("define admin: [user, group#member]", "define admin: [user, user:*, group#member]", 1)
    excluded = text.replace("define can_edit_model: admin", "define can_edit_model: admin but not auditor")
    person(active=False)
    assert activation.judge(ada, excluded, NEEDS).locks_out, "whoever is admin is an auditor"
    assert not activation.judge(ada, text, NEEDS).locks_out


def test_tuples_that_the_new_model_does_not_allow_are_counted(ada: Actor) -> None:
    no_groups = SHIPPED.replace(
        "define viewer: [user, service, group#member, role#assignee, organization#member, user:*, anonymous:*]",
        "define viewer: [user, service]",
    )
    relationships.write(
        writes=[
            TupleKey("group:g#member", "viewer", "drive:d"),
            TupleKey("user:*", "viewer", "drive:d"),
            TupleKey("user:x", "viewer", "drive:d"),
        ]
    )
    assert activation.judge(ada, no_groups, NEEDS).orphaned == 2
    assert activate(ada, no_groups).orphaned == 2
    assert activation.judge(ada, "model", NEEDS).orphaned is None, (
        "nothing can be counted under a text that is no model"
    )


@pytest.mark.django_db(transaction=True)
def test_an_activation_is_done_whether_the_count_of_tuples_comes_to_an_end_or_not() -> None:
    ada = person(administrator=True)
    with connection.execute_wrapper(cut_the_count):
        assert activation.judge(ada, AUDITORS_TOO, NEEDS).orphaned is None
        done = activate(ada, AUDITORS_TOO)
    assert (done.version.is_active, done.orphaned) == (True, None)
    assert active_model.active().text == AUDITORS_TOO


def cut_the_count(execute: Any, sql: str, *rest: Any) -> Any:
    """Let the database end the one statement that reads the whole table, as it does when that takes too long."""
    if "GROUP BY object_type" not in sql:
        return execute(sql, *rest)
    raw: Any = connection.connection
    if connection.vendor == "sqlite":
        raw.set_progress_handler(lambda: 1, 1)
    else:
        raw.execute("SET statement_timeout = 100")
        sql = sql.replace("FROM (", "FROM pg_sleep(60), (", 1)
    try:
        return execute(sql, *rest)
    finally:
        if connection.vendor == "sqlite":
            raw.set_progress_handler(None, 1)
        else:
            raw.execute("RESET statement_timeout")


def test_what_somebody_did_not_see_is_not_activated_over(ada: Actor) -> None:
    first = active_model.active_version_id()
    activate(ada, AUDITORS_TOO)
    with pytest.raises(ModelConflict):
        activate(ada, "# mine\n" + SHIPPED, if_active=first)
    with pytest.raises(ModelNotFound):
        activation.activate(ada, "absent", needs=NEEDS, now=NOW)


def test_pages_of_versions(ada: Actor) -> None:
    made = [
        model_versions.create(ada, f"# {number}\n{SHIPPED}", now=datetime.now(UTC) + timedelta(days=number // 2)).id
        for number in range(4)
    ]
    rows = model_versions.page(ada, limit=10)
    assert rows is not None
    everything = [each.id for each in rows]
    assert set(everything[:4]) == set(made)
    assert model_versions.count(ada) == len(everything) == 5
    for index, row in enumerate(rows):
        place = (row.created_at, row.id)
        later = model_versions.page(ada, after=place, limit=10)
        before = model_versions.page(ada, before=place, backwards=True, limit=10)
        assert [each.id for each in later or ()] == everything[index + 1 :]
        assert [each.id for each in before or ()] == everything[:index][::-1]
    assert parse(rows[0].text).types.keys() == parse(SHIPPED).types.keys()
    assert set(model_versions.json_of(rows)) == set(everything)


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_wins() -> None:
    ada = person(administrator=True)
    active = active_model.active_version_id()
    ids = [model_versions.create(ada, f"# {number}\n{SHIPPED}", now=NOW).id for number in range(4)]
    barrier = threading.Barrier(len(ids))

    def race(version_id: str) -> bool:
        try:
            barrier.wait()
            activation.activate(ada, version_id, needs=NEEDS, if_active=active, now=NOW)
        except ModelConflict:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(len(ids)) as pool:
        results = list(pool.map(race, ids))
    assert results.count(True) == 1
    assert active_model.active_version_id() == ids[results.index(True)]
    assert ModelActivation.objects.count() == 2


def test_whoever_was_to_stay_may_leave_while_the_model_is_judged(ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """That an account ends is no change of a tuple, and under the model before somebody else is left."""
    bob = person(administrator=True)
    text = SHIPPED.replace(
        "    define can_edit_model: admin\n",
        "    define steward: [user]\n    define can_edit_model: admin and steward\n",
    )
    both = model_versions.create(
        ada,
        SHIPPED.replace("    define can_edit_model", "    define steward: [user]\n    define can_edit_model"),
        now=NOW,
    )
    activation.activate(ada, both.id, needs=NEEDS, now=NOW)
    relationships.write(writes=[TupleKey(ada, "steward", ORGANIZATION)])

    def leave_after(*args: Any) -> Any:
        found = require_administrator(*args)
        if get_user_model().objects.get(pk=ada.removeprefix("user:")).is_active:
            users.deactivate(bob, ada.removeprefix("user:"), now=NOW)
        return found

    monkeypatch.setattr(activation, "require_administrator", leave_after)
    with pytest.raises(AdministratorLockout):
        activate(bob, text)
    assert active_model.active_version_id() == both.id


def test_who_loses_the_right_while_the_model_is_judged_activates_none(
    ada: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob, deliver = person(administrator=True), remote_engine.deliver

    def taken_back() -> None:
        relationships.write(deletes=[TupleKey(bob, "admin", ORGANIZATION)])
        deliver()

    monkeypatch.setattr(remote_engine, "deliver", taken_back)
    before = active_model.active_version_id()
    with pytest.raises(EditorRequired):
        activate(bob, AUDITORS_TOO)
    assert active_model.active_version_id() == before
