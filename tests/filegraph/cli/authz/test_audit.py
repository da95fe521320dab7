"""``filegraph authz audit``: sentences for people, JSON for programs, and what cannot be understood is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from accounts.models import Group, User
from authz.clients import audit_log
from authz.models import AuditEntry, AuditOperation
from authz.services import audit, relationships
from authz.types import Actor, RelationshipCondition, TupleKey
from filegraph.cli.authz.audit import app

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
FILE = "file:" + "7" * 26


def run(*arguments: str) -> list[str]:
    done = CliRunner().invoke(app, ["authz", "audit", *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout.splitlines()


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada")


@pytest.fixture
def bob() -> User:
    return User.objects.create_user("bob")


def add(actor: str, operation: AuditOperation, key: TupleKey, *, note: str = "", occurrences: int = 1) -> None:
    entry = audit_log.entry(Actor(actor), operation, NOW, key, note=note, occurrences=occurrences)
    audit_log.append("default", [entry])


def test_every_operation_is_a_sentence_with_the_names_of_today(ada: User, bob: User) -> None:
    group = Group.objects.create(name="Writers")
    who, team = f"user:{ada.pk}", f"group:{group.pk}#member"
    until = RelationshipCondition("not_expired", {"expires_at": "2026-06-01T00:00:00Z"})
    context = json.dumps(until.context)
    add(who, AuditOperation.WRITE, TupleKey(f"user:{bob.pk}", "viewer", FILE))
    add(who, AuditOperation.WRITE, TupleKey(team, "editor", FILE, until))
    add("user:gone", AuditOperation.DELETE, TupleKey(f"user:{bob.pk}", "member", f"group:{group.pk}"))
    add(f"user:{bob.pk}", AuditOperation.DENY, TupleKey(f"user:{bob.pk}", "can_view", FILE), occurrences=3)
    add(who, AuditOperation.ACTIVATE, TupleKey("", "", "authorization_model:" + "5" * 26), note="stricter")
    add(who, AuditOperation.ASK, TupleKey("", "can_view", FILE), note="whoCanAccess")
    assert run() == [
        f"2026-05-04 12:30:00Z  {sentence}"
        for sentence in (
            f"ada asked whoCanAccess about can_view {FILE}",
            "ada activated model_" + "5" * 26 + ": stricter",
            f"bob was refused can_view on {FILE} (3 times)",
            'user:gone took from bob member on group "Writers"',
            f'ada gave group "Writers"#member editor on {FILE} under not_expired {context}',
            f"ada gave bob viewer on {FILE}",
        )
    ]


def test_filters_take_names_and_ids(ada: User, bob: User) -> None:
    who, whom = Actor(f"user:{ada.pk}"), f"user:{bob.pk}"
    relationships.write(actor=who, writes=[TupleKey(whom, "viewer", FILE), TupleKey(whom, "viewer", "file:other")])
    relationships.write(writes=[TupleKey("user:*", "viewer", FILE)])
    assert len(run()) == 3
    assert len(run("--object", FILE)) == len(run("--object", FILE.replace(":", "_"))) == 2
    assert len(run("--user", "BOB")) == len(run("--user", whom)) == 2
    assert len(run("--actor", "ada", "--object", FILE)) == 1
    assert len(run("--since", "1h")) == 3
    version = f"model_{'5' * 26}"
    add(who, AuditOperation.ACTIVATE, TupleKey("", "", f"authorization_model:{'5' * 26}"))
    (line,) = run("--object", version, "--json")
    assert json.loads(line)["object"] == version
    assert run("--since", "2999-01-01") == run("--since", "2999-01-01T12:00+02:00") == []
    assert len(run("--limit", "2")) == 2


def test_more_than_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filegraph.cli.authz.audit._PAGE", 3)
    for number in range(8):
        audit.record_question(Actor("user:x"), f"q{number}", now=NOW + timedelta(seconds=number))
    assert [line.split("asked ")[1] for line in run()] == [f"q{number}" for number in range(7, -1, -1)]
    assert [line.split("asked ")[1] for line in run("--limit", "4")] == ["q7", "q6", "q5", "q4"]


def test_json_has_ids_alone(ada: User) -> None:
    until = RelationshipCondition("not_expired", {"expires_at": "2026-06-01T00:00:00Z"})
    add(f"user:{ada.pk}", AuditOperation.WRITE, TupleKey("user:b\x1b", "viewer", FILE, until))
    (line,) = run("--json")
    assert json.loads(line) == {
        "id": AuditEntry.objects.get().pk,
        "at": "2026-05-04T12:30:00+00:00",
        "actor": f"user:{ada.pk}",
        "operation": "write",
        "user": "user:b\x1b",
        "relation": "viewer",
        "object": FILE,
        "condition": {"name": "not_expired", "context": {"expires_at": "2026-06-01T00:00:00Z"}},
        "note": "",
        "occurrences": 1,
        "request": None,
    }
    assert "\x1b" not in line + run()[0]


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--since", "yesterday", "write 30m, 12h, 7d, a date"),
        ("--since", "999999d", "cannot be understood"),
        ("--since", "0001-01-01T00:00+01:00", "cannot be understood"),
        ("--user", "ada\udcff", "cannot be understood"),
        ("--actor", "user:\udcff", "cannot be understood"),
        ("--object", "file:\udcff", "cannot be understood"),
        ("--object", "file_nonsense", "write an id, or a name"),
        ("--object", "Work:/docs", "write an id, or a name"),
        ("--user", "nobody", "there is no account of the name 'nobody'"),
        ("--actor", "", "there is no account of the name ''"),
        ("--limit", "0", "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_understood(option: str, value: str, told: str) -> None:
    done = CliRunner().invoke(app, ["authz", "audit", option, value])
    assert done.exit_code == 2
    said = " ".join(done.stderr.replace("│", "").split())
    assert option in said
    assert told in said


def test_that_there_is_nothing_is_said_beside_the_output() -> None:
    done = CliRunner().invoke(app, ["authz", "audit", "--object", FILE, "--json"])
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "There is no such entry.\n")
