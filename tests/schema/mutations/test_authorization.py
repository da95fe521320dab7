"""The authorization model and the tuples under it, edited through requests: what is done, and what is refused to whom."""

# Operations are read in one piece.
# ruff: noqa: E501

from __future__ import annotations

from typing import Any

import pytest

from authz.services import audit, relationships
from authz.services.shipped_model import SHIPPED_MODEL
from authz.types import ORGANIZATION
from schema.ids import Kind, encode
from tests.schema.conftest import Client, Person, World

ABSENT = "0" * 26
SHIPPED = SHIPPED_MODEL.read_text(encoding="utf-8")
READERS_EDIT = SHIPPED.replace(
    "    define can_edit: edits but not denied\n    define can_share: owns but not denied\n    # A legal",
    "    define can_edit: views but not denied\n    define can_share: owns but not denied\n    # A legal",
)
MODEL = "authorizationModel { id isActive origin note author { username } problems { code } warnings { code } }"
PROBLEMS = "problems { code message line column }"
MAY_EDIT = "query($id: ID!) { file(id: $id) { viewerCan { edit } } }"


def create(person: Person, text: str, **more: str) -> Any:
    return person.client.do(
        "createAuthorizationModel", "CreateAuthorizationModelInput", f"{MODEL} {PROBLEMS}", text=text, **more
    )


def activate(person: Person, version: str, **more: str) -> Any:
    fields = f"{MODEL} previous {{ id isActive }} orphanedTuples missingRelations {PROBLEMS}"
    return person.client.do("activateAuthorizationModel", "ActivateAuthorizationModelInput", fields, id=version, **more)


def validate(person: Person, text: str) -> Any:
    fields = f"{PROBLEMS} warnings {{ code line }} missingRelations locksOutAdministrators orphanedTuples"
    return person.client.do("validateAuthorizationModel", "ValidateAuthorizationModelInput", fields, text=text)


def write(person: Person, **input: Any) -> Any:
    fields = "written { user relation object condition { name context } } deleted { user relation object }"
    return person.client.do("writeRelationships", "WriteRelationshipsInput", fields, **input)


def test_an_edit_is_made_tried_and_undone(world: World) -> None:
    def may_edit() -> bool:
        return bool(world.vera.client.ask(MAY_EDIT, id=world.file_id)["file"]["viewerCan"]["edit"])

    assert READERS_EDIT != SHIPPED
    assert validate(world.ann, READERS_EDIT) == {
        "problems": [], "warnings": [], "missingRelations": [], "locksOutAdministrators": False, "orphanedTuples": 0, "errors": [],
    }  # fmt: skip
    made = create(world.ann, READERS_EDIT, note="readers edit")["authorizationModel"]
    assert made == {
        "id": made["id"], "isActive": False, "origin": "LOCAL", "note": "readers edit", "author": {"username": "ann"}, "problems": [], "warnings": [],
    }  # fmt: skip
    assert not may_edit()
    done = activate(world.ann, made["id"])
    assert (done["authorizationModel"]["isActive"], done["orphanedTuples"], done["errors"]) == (True, 0, [])
    assert may_edit()
    undone = activate(world.ann, done["previous"]["id"], ifActive=made["id"])
    assert undone["previous"] == {"id": made["id"], "isActive": False}
    assert not may_edit()
    assert activate(world.ann, done["previous"]["id"])["previous"] is None


def test_the_request_that_activates_is_answered_by_the_model_before(world: World) -> None:
    """One request, one model: the administrator owns the file until it ends, and the next one knows better."""
    text = SHIPPED.replace(
        "    define can_edit: edits but not denied\n    define can_share: owns but not denied\n    # A legal",
        "    define can_edit: editor but not denied\n    define can_share: owns but not denied\n    # A legal",
    )
    version = create(world.ann, text)["authorizationModel"]["id"]
    document = """mutation($version: ID!, $file: ID!) {
        activateAuthorizationModel(input: {id: $version}) { authorizationModel { isActive } errors { code } }
        share(input: {id: $file, subject: {username: "stan"}, role: VIEWER}) { share { node { ... on File { viewerCan { edit } } } } }
    }"""
    data = world.ann.client.ask(document, version=version, file=world.file_id)
    assert data["activateAuthorizationModel"] == {"authorizationModel": {"isActive": True}, "errors": []}
    assert data["share"]["share"]["node"] == {"viewerCan": {"edit": True}}
    assert world.ann.client.ask(MAY_EDIT, id=world.file_id)["file"]["viewerCan"] == {"edit": False}


def test_errors_of_a_text_are_told_with_their_places_and_nothing_is_kept(world: World) -> None:
    broken = (
        "model\n  schema 1.1\ntype user\ntype doc\n  relations\n    define viewer: [usr]\n    define can_view: vewer\n"
    )
    for payload in (validate(world.ann, broken), create(world.ann, broken)):
        assert [(each["line"], each["column"]) for each in payload["problems"]] == [(6, 21), (7, 22)]
        assert all(each["code"] and each["message"] for each in payload["problems"])
    judged = validate(world.ann, broken)
    assert judged["errors"] == []
    assert (judged["locksOutAdministrators"], judged["orphanedTuples"]) == (None, None), "not looked into"
    refused = create(world.ann, broken)
    assert refused["authorizationModel"] is None
    assert [each["code"] for each in refused["errors"]] == ["INVALID_AUTHORIZATION_MODEL"]
    assert world.ann.client.ask("{ authorizationModels { totalCount } }")["authorizationModels"]["totalCount"] == 1


def test_what_the_service_needs_is_not_taken_away(world: World) -> None:
    poor = SHIPPED.replace("    define can_download: (views but not denied) but not quarantined\n", "")
    version = create(world.ann, poor)["authorizationModel"]["id"]
    refused = activate(world.ann, version)
    assert [each["code"] for each in refused["errors"]] == ["AUTHORIZATION_RELATIONS_MISSING"]
    assert refused["missingRelations"] == ["file#can_download is not defined"]
    judged = validate(world.ann, poor)
    assert judged["missingRelations"] == refused["missingRelations"]
    assert (judged["locksOutAdministrators"], judged["orphanedTuples"]) == (None, 0)
    locked = SHIPPED.replace("define can_edit_model: admin", "define can_edit_model: auditor but not admin")
    assert validate(world.ann, locked)["locksOutAdministrators"]
    version = create(world.ann, locked)["authorizationModel"]["id"]
    assert [each["code"] for each in activate(world.ann, version)["errors"]] == ["ADMINISTRATOR_LOCKOUT"]


def test_an_activation_over_something_unseen_is_refused(world: World) -> None:
    version = create(world.ann, READERS_EDIT)["authorizationModel"]["id"]
    for other in (version, encode(Kind.MODEL, "0" * 26), "nonsense"):
        refused = activate(world.ann, version, ifActive=other)
        assert [each["code"] for each in refused["errors"]] == ["AUTHORIZATION_MODEL_CONFLICT"]
    for absent in (encode(Kind.MODEL, "0" * 26), world.file_id, "nonsense"):
        assert [each["code"] for each in activate(world.ann, absent)["errors"]] == ["AUTHORIZATION_MODEL_NOT_FOUND"]


@pytest.mark.parametrize("who", ["olga", "vera", "visitor"])
def test_nobody_else_may(world: World, who: str) -> None:
    version = create(world.ann, READERS_EDIT)["authorizationModel"]["id"]
    client: Client = world.visitor if who == "visitor" else getattr(world, who).client
    tuple_ = {"user": world.olga.id, "relation": "admin", "object": ORGANIZATION}
    for name, input in (
        ("validateAuthorizationModel", {"text": "nonsense"}),
        ("createAuthorizationModel", {"text": SHIPPED}),
        ("activateAuthorizationModel", {"id": version}),
        ("activateAuthorizationModel", {"id": "nonsense"}),
        ("writeRelationships", {"writes": [tuple_]}),
        ("writeRelationships", {"writes": [{**tuple_, "relation": "nonsense"}]}),
    ):
        assert client.fail(name, f"{name[0].upper()}{name[1:]}Input", **input) == "MODEL_EDITOR_REQUIRED"
    assert relationships.read_all(user=world.olga.actor, object=ORGANIZATION, relation="admin") == []


def test_tuples_are_written_by_ids_and_by_names(world: World) -> None:
    group = world.ann.client.do("createGroup", "CreateGroupInput", "group { id }", name="crew")["group"]["id"]
    done = write(
        world.ann,
        writes=[
            {"user": group, "relation": "viewer", "object": world.hidden_id},
            {"user": world.stan.id, "relation": "member", "object": group},
            {"user": "user:*", "relation": "quarantined", "object": f"file:{world.file.id}"},
        ],
    )
    names = [(each["user"], each["relation"], each["object"]) for each in done["written"]]
    crew = group.replace("_", ":")
    assert names == [
        (f"{crew}#member", "viewer", f"folder:{world.hidden.id}"),
        (world.stan.actor, "member", crew),
        ("user:*", "quarantined", f"file:{world.file.id}"),
    ]
    assert done["errors"] == []
    folder = world.stan.client.ask("query($id: ID!) { folder(id: $id) { name } }", id=world.hidden_id)["folder"]
    assert folder == {"name": "hidden"}
    see = "query($id: ID!) { file(id: $id) { name viewerCan { download } } }"
    assert world.vera.client.ask(see, id=world.file_id)["file"]["viewerCan"] == {"download": False}
    tuple_ = {"user": "user:*", "relation": "quarantined", "object": world.file_id}
    assert write(world.ann, deletes=[tuple_])["errors"] == []
    assert world.vera.client.ask(see, id=world.file_id)["file"]["viewerCan"] == {"download": True}
    assert [each["code"] for each in write(world.ann, deletes=[tuple_])["errors"]] == ["RELATIONSHIP_CONFLICT"]


def test_each_refused_tuple_is_named_with_its_reason(world: World) -> None:
    good = {"user": world.stan.id, "relation": "viewer", "object": world.file_id}
    refused = write(
        world.ann,
        writes=[
            good,
            {**good, "relation": "can_view"},
            {"user": world.shared_id, "relation": "ancestor", "object": world.file_id},
            {**good, "condition": {"name": "not_there", "context": {"a": [1, {"b": None}]}}},
        ],
        deletes=[{"user": world.drive_id, "relation": "drive", "object": world.file_id}],
    )
    assert [(each["path"], each["code"]) for each in refused["errors"]] == [
        (["input", "writes", "1"], "INVALID_AUTHORIZATION_REQUEST"),
        (["input", "writes", "2"], "INVALID_AUTHORIZATION_REQUEST"),
        (["input", "writes", "3"], "INVALID_AUTHORIZATION_REQUEST"),
        (["input", "deletes", "0"], "INVALID_AUTHORIZATION_REQUEST"),
    ]
    messages = [each["message"] for each in refused["errors"]]
    assert "can_view" in messages[0]
    assert "tree" in messages[1]
    assert "not_there" in messages[2]
    assert (refused["written"], refused["deleted"]) == ([], [])
    assert world.stan.client.ask("query($id: ID!) { file(id: $id) { id } }", id=world.file_id)["file"] is None


def test_a_tuple_to_delete_can_be_named_at_all(world: World) -> None:
    good = {"user": "user:1", "relation": "viewer", "object": "file:1"}
    odd = [
        *({**good, "object": value} for value in (":::", "::a", "file:\0", "file:" + "x" * 300, "")),
        *({**good, "user": value} for value in ("", "user:\0", "x" * 600)),
        *({**good, "relation": value} for value in ("", "a\0", "x" * 51)),
    ]
    refused = write(world.ann, deletes=odd)
    assert [(each["path"], each["code"]) for each in refused["errors"]] == [
        (["input", "deletes", str(place)], "INVALID_AUTHORIZATION_REQUEST") for place in range(len(odd))
    ]
    assert refused["deleted"] == []


def test_a_drive_keeps_an_owner_whoever_writes(world: World) -> None:
    owner = {"user": world.olga.id, "relation": "owner", "object": world.drive_id}
    viewer = {"user": world.stan.id, "relation": "viewer", "object": world.file_id}
    # Ann, who made the drive, owns it too, and goes first.
    assert write(world.ann, deletes=[{**owner, "user": world.ann.id}])["errors"] == []
    refused = write(world.ann, writes=[viewer], deletes=[{**viewer, "relation": "editor"}, owner])
    assert [(each["code"], each["path"]) for each in refused["errors"]] == [("CONFLICT", ["input", "deletes", "1"])]
    assert (refused["written"], refused["deleted"]) == ([], [])
    assert relationships.read_all(user=world.stan.actor, object=f"file:{world.file.id}") == []
    # Somebody else in her place, together or before.
    vera = {**owner, "user": world.vera.id}
    assert write(world.ann, writes=[vera], deletes=[owner])["errors"] == []
    assert [each["code"] for each in write(world.ann, deletes=[vera])["errors"]] == ["CONFLICT"]
    assert write(world.ann, writes=[owner])["errors"] == []
    assert write(world.ann, deletes=[vera])["errors"] == []
    # What is no drive of ours is nobody's to guard.
    stray = {**owner, "object": f"drive:{ABSENT}"}
    assert write(world.ann, writes=[stray])["errors"] == []
    assert write(world.ann, deletes=[stray])["errors"] == []
    assert (
        world.stan.client.fail("writeRelationships", "WriteRelationshipsInput", deletes=[owner])
        == "MODEL_EDITOR_REQUIRED"
    )


def test_a_grant_under_a_condition_counts_while_it_is_met(world: World) -> None:
    text = (
        SHIPPED.replace(
            "    define viewer: [user, service, group#member, role#assignee, organization#member, user:*, anonymous:*, share_link#bearer]\n    define blocked: [user, service, group#member]\n    # states",
            "    define viewer: [user, user with in_plan, service, group#member, role#assignee, organization#member, user:*, anonymous:*, share_link#bearer]\n    define blocked: [user, service, group#member]\n    # states",
        ).rstrip()
        + "\n\ncondition in_plan(plan: string, wanted: list<string>) {\n  plan in wanted\n}\n"
    )
    assert text.count("in_plan") == 2
    version = create(world.ann, text)["authorizationModel"]["id"]
    assert activate(world.ann, version)["errors"] == []
    condition = {"name": "in_plan", "context": {"wanted": ["pro", "team"]}}
    grant = {"user": world.stan.id, "relation": "viewer", "object": world.file_id, "condition": condition}
    # The service never tells the plan: stored, the grant would be an error wherever its own questions meet it.
    refused = write(world.ann, writes=[grant])
    assert [(each["path"], each["code"]) for each in refused["errors"]] == [
        (["input", "writes", "0"], "CONDITION_CONTEXT_MISSING")
    ]
    assert "plan" in refused["errors"][0]["message"]
    whole = {"name": "in_plan", "context": {"plan": "pro", "wanted": ["pro", "team"]}}
    done = write(world.ann, writes=[{**grant, "object": world.hidden_id.replace("folder", "file"), "condition": whole}])
    assert done["errors"] == []
    assert done["written"][0]["condition"] == whole
    query = """query($user: String!, $object: String!, $context: JSON, $tuples: [RelationshipTupleInput!]) {
        checkPermission(user: $user, relation: "can_view", object: $object, context: $context, contextualTuples: $tuples)
    }"""
    asked = {"user": world.stan.id, "object": world.file_id, "tuples": [grant]}
    for plan, expected in (("pro", True), ("free", False)):
        assert world.ann.client.ask(query, **asked, context={"plan": plan})["checkPermission"] is expected
    literal = query.replace("$context: JSON, ", "").replace("$context", '{plan: "team", more: [1, 2.5, true, null]}')
    assert world.ann.client.ask(literal, **asked)["checkPermission"] is True


def test_conflicts_are_told_with_their_places(world: World) -> None:
    there = {"user": "user:*", "relation": "viewer", "object": world.file_id}
    absent = {**there, "relation": "quarantined"}
    assert write(world.ann, writes=[there])["errors"] == []
    refused = write(world.ann, writes=[{**there, "user": world.stan.id}, there], deletes=[absent])
    assert [(each["path"], each["code"]) for each in refused["errors"]] == [
        (["input", "deletes", "0"], "RELATIONSHIP_CONFLICT"),
        (["input", "writes", "1"], "RELATIONSHIP_CONFLICT"),
    ]
    assert [each["message"].partition(" is ")[2] for each in refused["errors"]] == ["not there", "there already"]
    assert (refused["written"], refused["deleted"]) == ([], [])


def test_the_last_administrator_cannot_be_taken_away(world: World) -> None:
    admin = {"user": world.ann.id, "relation": "admin", "object": ORGANIZATION}
    assert [each["code"] for each in write(world.ann, deletes=[admin])["errors"]] == ["ADMINISTRATOR_LOCKOUT"]
    assert world.ann.client.ask("{ viewer { isAdministrator } }")["viewer"]["isAdministrator"]
    assert write(world.ann, writes=[{**admin, "user": world.olga.id}], deletes=[admin])["errors"] == []
    assert not world.ann.client.ask("{ viewer { isAdministrator } }")["viewer"]["isAdministrator"]


def test_the_audit_has_who_edited(world: World) -> None:
    version = create(world.ann, READERS_EDIT)["authorizationModel"]["id"]
    activate(world.ann, version, note="Readers edit")
    activate(world.ann, version)
    write(world.ann, writes=[{"user": "user:*", "relation": "viewer", "object": world.file_id}])
    written, activated = audit.entries(actor=world.ann.actor, since=None)[:2]
    assert (activated.operation, activated.note, activated.key.object.partition(":")[0]) == (
        "activate",
        "Readers edit",
        "authorization_model",
    )
    assert (written.operation, written.key.user, written.key.relation) == ("write", "user:*", "viewer")
    assert written.request
    assert activated.request not in ("", written.request)
