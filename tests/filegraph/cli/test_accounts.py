"""``filegraph accounts``: everybody, with ids that the other commands and the API take; and ``administrator``."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from accounts.models import User
from accounts.permissions import grant_organization
from accounts.principal import actor_of
from authz.models import AuthorizationModelVersion, ModelActivation
from authz.services import relationships
from authz.services.shipped_model import SHIPPED_MODEL
from authz.types import ORGANIZATION, Actor, TupleKey
from filegraph.cli.accounts import app
from filegraph.cli.authz.audit import app as audit_app

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)


def run(*arguments: str) -> list[str]:
    done = CliRunner().invoke(app, ["accounts", *arguments])
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    return done.stdout.splitlines()


def person(username: str, *, administrator: bool = False, **fields: Any) -> User:
    user = User.objects.create_user(username, **fields)
    grant_organization(actor_of(user.pk), administrator=administrator)
    return user


def test_everybody_is_listed_by_name_with_an_id() -> None:
    bob = person("bob", is_active=False)
    ada = person("Ada", administrator=True, display_name="Ada \x1b Lovelace", last_login=NOW)
    assert run() == [
        f"* user_{ada.pk}  active       2026-05-04  Ada  Ada \\x1b Lovelace",
        f"  user_{bob.pk}  deactivated  never       bob",
    ]
    first, second = map(json.loads, run("--json"))
    assert first == {
        "id": f"user_{ada.pk}",
        "username": "Ada",
        "display_name": "Ada \x1b Lovelace",
        "active": True,
        "administrator": True,
        "created_at": ada.created_at.isoformat(),
        "last_sign_in": "2026-05-04T12:30:00+00:00",
    }
    assert (second["active"], second["administrator"], second["last_sign_in"]) == (False, False, None)


def test_more_than_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filegraph.cli.accounts._PAGE", 2)
    for number in range(5):
        person(f"p{number}")
    assert [line.split()[-1] for line in run()] == [f"p{number}" for number in range(5)]


def test_an_administrator_is_whoever_the_model_makes_one() -> None:
    ada = person("ada")
    relationships.write(
        writes=[
            TupleKey("group:g#member", "admin", ORGANIZATION),
            TupleKey(actor_of(ada.pk), "member", "group:g"),
        ]
    )
    assert run()[0].startswith("* ")


def test_where_nobody_can_tell_who_administers_people_are_listed_all_the_same() -> None:
    person("ada", administrator=True)
    ModelActivation.objects.all().delete()
    done = CliRunner().invoke(app, ["accounts", "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["administrator"] is None
    assert done.stderr.startswith("Who administers is not known now: no authorization model is active yet")


def test_the_audit_is_asked_by_such_an_id_and_by_the_name_of_who_is_gone() -> None:
    bob = person("bob", is_active=False)
    relationships.write(actor=Actor("service:x"), writes=[TupleKey(actor_of(bob.pk), "viewer", "file:plan")])
    for name in (f"user_{bob.pk}", "bob", f"user:{bob.pk}"):
        done = CliRunner().invoke(audit_app, ["authz", "audit", "--user", name])
        assert "service:x gave bob viewer on file:plan" in done.stdout, done.output


def make(username: str, password: str) -> Result:
    return CliRunner().invoke(app, ["administrator", username, "--password-stdin"], input=f"{password}\n")


def test_an_administrator_is_made_on_the_machine() -> None:
    done = make("ada", "correct horse battery")
    ada = User.objects.get()
    assert (done.exit_code, done.stdout) == (0, f"ada (user_{ada.pk}) is an administrator.\n"), done.output
    assert done.stderr == ""
    assert run()[0].startswith(f"* user_{ada.pk}")


@pytest.mark.parametrize(("username", "password"), [("ada", "ada"), ("a b", "correct horse battery"), ("ada", "")])
def test_a_bad_name_or_password_is_told(username: str, password: str) -> None:
    done = make(username, password)
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.output
    assert not User.objects.exists()


def test_that_the_active_model_gives_an_administrator_nothing_is_told() -> None:
    text = SHIPPED_MODEL.read_text(encoding="utf-8").replace(
        "can_administer: admin", "can_administer: admin but not member"
    )
    version = AuthorizationModelVersion.objects.create(text=text, json={}, schema_version="1.1", created_at=NOW)
    ModelActivation.objects.create(id=2, version=version, activated_at=NOW)
    done = make("ada", "correct horse battery")
    assert done.exit_code == 0
    assert "filegraph authz activate --shipped" in done.stderr
