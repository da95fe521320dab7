"""``filegraph authz models`` and ``activate``: no permission is asked, and the same is refused as through the API."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from accounts.models import User
from accounts.permissions import grant_organization
from accounts.principal import actor_of
from authz.errors import InvalidModel
from authz.models import AuthorizationModelVersion, ModelActivation
from authz.services import active_model, audit, decisions, model_versions, relationships
from authz.services.shipped_model import SHIPPED_MODEL
from authz.types import OPERATOR, ORGANIZATION, Actor, CheckRequest, TupleKey
from filegraph.cli.authz.versions import app

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
SHIPPED = SHIPPED_MODEL.read_text(encoding="utf-8")
LOCKING = SHIPPED.replace("    define can_edit_model: admin\n", "    define can_edit_model: admin but not member\n")
AUDITORS_TOO = SHIPPED.replace("    define can_create_drive: admin\n", "    define can_create_drive: auditor\n")


@pytest.fixture
def ada() -> Actor:
    actor = actor_of(User.objects.create_user("ada").pk)
    grant_organization(actor, administrator=True)
    return actor


def run(*arguments: str) -> list[str]:
    done = CliRunner().invoke(app, ["authz", *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout.splitlines()


def refused(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["authz", *arguments])
    assert (done.exit_code, done.stdout) == (2, ""), done.output
    return done.stderr


def in_force(text: str, note: str = "") -> str:
    """Put a text in force past all that looks at it; its id."""
    version = AuthorizationModelVersion.objects.create(
        text=text, json={}, schema_version="1.1", created_at=NOW, author="user:gone", note=note
    )
    last = ModelActivation.objects.order_by("-id")[0]
    ModelActivation.objects.create(id=last.id + 1, version=version, activated_at=NOW)
    return version.pk


def test_versions_are_listed_with_the_active_one_marked(ada: Actor) -> None:
    shipped = active_model.active_version_id()
    made = model_versions.create(ada, AUDITORS_TOO, note="auditors\nmake drives \x1b", now=NOW)
    lines = run("models")
    assert f"  model_{made.id}  2026-05-04 12:30:00Z  local    ada  auditors make drives \\x1b" in lines
    assert [line for line in lines if line.startswith("* ")] == [
        line for line in lines if line.startswith(f"* model_{shipped}  ") and "  shipped  -  shipped with" in line
    ]
    (row,) = [row for row in map(json.loads, run("models", "--json")) if row["origin"] == "local"]
    assert row == {
        "id": f"model_{made.id}",
        "active": False,
        "created_at": "2026-05-04T12:30:00+00:00",
        "origin": "local",
        "author": ada,
        "note": "auditors\nmake drives \x1b",
    }


def test_more_than_a_page(ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filegraph.cli.authz.versions._PAGE", 2)
    for number in range(5):
        model_versions.create(ada, SHIPPED, note=str(number), now=NOW)
    assert len(run("models")) == 6


def test_a_version_is_activated_as_the_operator(ada: Actor) -> None:
    before = active_model.active_version_id()
    made = model_versions.create(ada, AUDITORS_TOO, now=NOW)
    assert run("activate", f"model_{made.id}", "--note", "at night") == [
        f"model_{made.id} is active now, instead of model_{before}."
    ]
    assert active_model.active_version_id() == made.id
    last = ModelActivation.objects.order_by("-id")[0]
    assert (last.author, last.note) == (OPERATOR, "at night")
    (entry,) = audit.entries(object="authorization_model:")
    assert (entry.actor, entry.note) == (OPERATOR, "at night")
    assert run("activate", made.id) == [f"model_{made.id} was active already."]
    assert run("activate", "--shipped") == [f"model_{before} is active now, instead of model_{made.id}."]


def test_where_the_active_model_cannot_be_read(ada: Actor) -> None:
    broken = in_force("model\n  schema 0.9\n\ntype user\n")
    with pytest.raises(InvalidModel):
        decisions.check(CheckRequest(ada, "can_administer", ORGANIZATION))
    listed = CliRunner().invoke(app, ["authz", "models"])
    assert listed.exit_code == 0
    assert f"* model_{broken}  " in listed.stdout
    assert "cannot be read: " in listed.stderr
    run("activate", "--shipped")
    assert decisions.check(CheckRequest(ada, "can_administer", ORGANIZATION))


def test_where_the_kept_text_of_the_shipped_model_is_spoilt(ada: Actor) -> None:
    AuthorizationModelVersion.objects.update(text=SHIPPED.replace("schema 1.1", "schema 0.9"))
    active_model.of_version.cache_clear()
    try:
        with pytest.raises(InvalidModel):
            active_model.active()
        run("activate", "--shipped")
        assert active_model.active().text == SHIPPED
    finally:
        # Other tests know the version by the text that it had.
        active_model.of_version.cache_clear()


def test_where_the_active_model_gives_nobody_the_right(ada: Actor) -> None:
    in_force(LOCKING)
    assert not decisions.check(CheckRequest(ada, "can_edit_model", ORGANIZATION))
    run("activate", "--shipped")
    assert decisions.check(CheckRequest(ada, "can_edit_model", ORGANIZATION))


def test_what_the_service_could_not_be_answered_by_is_refused(ada: Actor) -> None:
    before = active_model.active_version_id()
    bare = model_versions.create(ada, "model\n  schema 1.1\n\ntype user\n", now=NOW)
    told = refused("activate", bare.id, "--even-if-nobody-can-administer")
    assert "organization#can_administer is not defined" in told
    assert active_model.active_version_id() == before


def test_a_lockout_is_refused_unless_it_is_wanted(ada: Actor) -> None:
    locking = model_versions.create(ada, LOCKING, now=NOW)
    assert "--even-if-nobody-can-administer" in refused("activate", locking.id)
    assert active_model.active_version_id() != locking.id
    run("activate", locking.id, "--even-if-nobody-can-administer")
    assert active_model.active_version_id() == locking.id


def test_tuples_that_the_model_does_not_allow_are_counted(ada: Actor) -> None:
    text = SHIPPED.replace("define auditor: [user, ", "define auditor: [")
    made = model_versions.create(ada, text, now=NOW)
    relationships.write(writes=[TupleKey("user:x", "auditor", ORGANIZATION)])
    assert "It does not allow 1 of the stored tuples" in run("activate", made.id)[1]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "VERSION or --shipped"),
        (("x" * 26, "--shipped"), "VERSION or --shipped"),
        (("model_nope",), "there is no version 'model_nope'; `filegraph authz models` lists them"),
        (("file_" + "7" * 26,), "there is no version"),
        (("7" * 26,), "There is no authorization model of this id."),
        (("\udcff",), "There is no authorization model of this id."),
        (("--shipped", "--note", "x" * 2001), "a note has at most"),
    ],
)
def test_what_cannot_be_done(arguments: tuple[str, ...], told: str) -> None:
    assert told in " ".join(refused("activate", *arguments).replace("│", "").split())
