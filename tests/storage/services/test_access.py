"""Who has access and why is told as the service would decide, under the shipped model and under one that recurses."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

import accounts.permissions
import storage.permissions
from authz.errors import UnknownRelation
from authz.identifiers import new_identifier
from authz.services import activation, audit, model_versions, relationships, shipped_model
from authz.services.access import Question
from authz.testing.proofs import tuples_of
from authz.types import ORGANIZATION, Actor, TupleKey
from storage.models import Node
from storage.permissions import APPLICABLE, Permission, kind_of, require
from storage.services import access
from tests.storage.tree import Place, grant, person

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 2, tzinfo=UTC)
RECURSIVE = Path(__file__).parents[1].joinpath("recursive.fga").read_text(encoding="utf-8")
NEEDS = storage.permissions.NEEDS.joined(accounts.permissions.NEEDS)


def administrator() -> Actor:
    actor = person("admin")
    relationships.write(writes=[TupleKey(actor, "admin", ORGANIZATION)])
    return actor


def name_of(row: Node) -> str:
    return f"{kind_of(row).value}:{row.id}"


def may(actor: Actor, permission: Permission, row: Node) -> bool:
    try:
        require(actor, permission, row)
    except Exception:
        return False
    return True


@pytest.fixture(params=["shipped", "recursive"])
def admin(request: pytest.FixtureRequest, db: None) -> Actor:
    """Somebody who may ask, under either model; the other one is made active as administrators do."""
    actor = administrator()
    if request.param == "recursive":
        version = model_versions.create(actor, RECURSIVE, now=NOW)
        activation.activate(actor, version.id, needs=NEEDS, now=NOW)
    return actor


def test_everything_is_told_as_it_is_decided(admin: Actor) -> None:
    place = Place.make()
    top = place.folder("top")
    inner = place.folder("inner", top)
    file = place.file("a", inner)
    viewer, editor, member, stranger = (person(name) for name in "vems")
    grant(viewer, "viewer", top)
    grant(editor, "editor", inner)
    grant(member, "member", "group:crew")
    grant("group:crew#member", "viewer", place.drive)
    people = [admin, place.owner, viewer, editor, member, stranger]
    for row in (place.drive, top, inner, file):
        for permission in APPLICABLE[kind_of(row)]:
            allowed = {actor for actor in people if may(actor, permission, row)}
            name = name_of(row)
            assert set(access.holders(admin, name, permission, "user", now=NOW) or ()) & set(people) == allowed
            for actor in people:
                question = Question(actor, permission, name)
                assert access.check(admin, question, now=NOW) == (actor in allowed)
                found = access.explain(admin, question, now=NOW)
                assert found is not None
                assert found.allowed == (actor in allowed)
                assert bool(tuples_of(found.proof)) == found.allowed
                for grants in found.missing:
                    tried = Question(actor, permission, name, contextual_tuples=grants)
                    assert access.check(admin, tried, now=NOW), grants


def test_grants_to_whom_a_folder_has_are_told_as_they_are_decided() -> None:
    """A tuple leads to a folder whose place no question tells: a list that left somebody out would be the worst."""
    admin = administrator()
    head, file_type = shipped_model.SHIPPED_MODEL.read_text(encoding="utf-8").split("type file\n")
    tied = file_type.replace("define viewer: [user,", "define viewer: [user, folder#can_view,", 1)
    version = model_versions.create(admin, f"{head}type file\n{tied}", now=NOW)
    activation.activate(admin, version.id, needs=NEEDS, now=NOW)
    place = Place.make()
    top = place.folder("top")
    inner, file, ann = place.folder("inner", top), place.file("a"), person("ann")
    grant(ann, "viewer", top)
    relationships.write(writes=[TupleKey(f"{name_of(inner)}#can_view", "viewer", name_of(file))])
    assert may(ann, Permission.VIEW, file)
    question = Question(ann, "can_view", name_of(file))
    assert access.check(admin, question, now=NOW)
    found = access.explain(admin, question, now=NOW)
    assert found is not None
    assert found.allowed
    assert ann in (access.holders(admin, name_of(file), "can_view", "user", now=NOW) or ())


def test_whoever_may_not_ask_and_what_is_not_there_are_one_answer(admin: Actor) -> None:
    place = Place.make()
    file = name_of(place.file("a"))
    for actor, name in (
        (person("nobody"), file),
        (place.owner, file),
        (Actor("anonymous:visitor"), file),
        (admin, f"file:{new_identifier()}"),
        (admin, f"folder:{place.drive.id}"),
        (admin, "file:\0"),
    ):
        question = Question(place.owner, "can_view", name)
        assert access.check(actor, question, now=NOW) is None
        assert access.explain(actor, question, now=NOW) is None
        assert access.holders(actor, name, "can_view", "user", now=NOW) is None
    with pytest.raises(UnknownRelation):
        access.check(admin, Question(place.owner, "can_fly", file), now=NOW)


def test_a_no_about_somebody_else_is_no_refusal(settings: Settings) -> None:
    """The audit tells who was refused something: nobody is by a question about her, or under a model on trial."""
    settings.FILEGRAPH_AUDIT_DENIALS = 1.0
    admin, ann = administrator(), person("ann")
    file = Place.make().file("a")
    relationships.write(writes=[TupleKey(admin, "auditor", ORGANIZATION)])
    audit.write_denials()
    before = len(audit.entries())
    assert access.check(admin, Question(ann, "can_view", name_of(file)), now=NOW) is False
    text = shipped_model.SHIPPED_MODEL.read_text(encoding="utf-8")
    excluding = text.replace("define can_administer: admin", "define can_administer: admin but not auditor")
    assert excluding != text
    assert activation.judge(admin, excluding, NEEDS).locks_out
    assert audit.write_denials() == 0
    assert [each.note for each in audit.entries()[: len(audit.entries()) - before]] == ["checkPermission"]
    assert not may(ann, Permission.VIEW, file)
    assert audit.write_denials() == 1
    assert [(each.actor, each.key.object) for each in audit.entries(limit=1)] == [(ann, name_of(file))]


def test_groups_and_stores_belong_to_the_organization(admin: Actor) -> None:
    for name, relation in (("group:crew", "can_list_members"), ("backend:b", "can_configure")):
        assert access.check(admin, Question(admin, relation, name), now=NOW) is True
        assert access.check(admin, Question(person("x"), relation, name), now=NOW) is False
