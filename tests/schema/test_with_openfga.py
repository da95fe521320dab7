"""What a page costs when an OpenFGA server answers: statements of the database, and calls to the server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from authz.clients.openfga.calls import Call, Deadline, Sender
from authz.models import DeliveryLease, RemoteModel
from authz.services import remote_engine
from authz.services.client import client_for
from authz.services.shipped_model import SHIPPED_MODEL
from storage.models import NodeKind, NodeRef
from storage.permissions import Role
from storage.services import folders, sharing
from tests.components.openfga import openfga, require_openfga
from tests.schema.conftest import NOW, Client, World, make_file

pytestmark = pytest.mark.django_db(transaction=True)

FIELDS = "id name viewerCan { view download edit share delete } downloadUrl { url }"
FILES = f"{{ files(first: 100) {{ nodes {{ {FIELDS} }} }} }}"
IN_DRIVE = f"drive(id: $id) {{ children(first: 100) {{ nodes {{ ... on File {{ {FIELDS} }} }} }} }}"
CHILDREN = f"query($id: ID!) {{ {IN_DRIVE} }}"


@dataclass
class Counting:
    """Hands calls on and remembers them."""

    sender: Sender
    calls: list[Call] = field(default_factory=list)

    def send(self, calls: Sequence[Call], deadline: Deadline) -> list[Any]:
        self.calls += calls
        return self.sender.send(calls, deadline)


@pytest.fixture
def calls(settings: Any, transactional_db: None) -> Iterator[list[Call]]:
    """An OpenFGA server answers; what is asked of it."""
    require_openfga()
    with openfga() as server, pytest.MonkeyPatch.context() as patch:
        settings.FILEGRAPH_AUTHZ_CLIENT = "openfga"
        settings.FILEGRAPH_OPENFGA_API_URL = server.api_url
        caches = (client_for, remote_engine.remote_of, remote_engine.transport)
        for cache in caches:
            cache.cache_clear()
        counting = Counting(remote_engine.transport())
        patch.setattr(remote_engine, "transport", lambda: counting)
        remote_engine.prepare(now=datetime.now(UTC))
        yield counting.calls
        for cache in caches:
            cache.cache_clear()


@pytest.fixture
def big(calls: list[Call], world: World) -> World:
    """A drive with a hundred files in it and some in folders below."""
    deep = NodeRef(NodeKind.DRIVE, world.drive.id)
    parent: Any = world.drive
    for number in range(8):
        parent = folders.create(world.olga.actor, world.olga.row.id, deep, f"f{number}", now=NOW)
        deep = NodeRef(NodeKind.FOLDER, parent.id)
    for number in range(50):
        make_file(world.drive, world.drive, f"top {number}", b"x", world.olga)
        make_file(world.drive, parent, f"deep {number}", b"x", world.olga)
    sharing.share(world.olga.actor, NodeRef(NodeKind.FOLDER, parent.id), world.vera.actor, Role.EDITOR)
    return world


def measured(client: Client, calls: list[Call], document: str, **variables: Any) -> tuple[Any, int, int]:
    client.ask(document, **variables)  # the document is read once
    calls.clear()
    with CaptureQueriesContext(connection) as queries:
        data = client.ask(document, **variables)
    # The door is not a part of the page.
    return data, len([each for each in queries if "accesstoken" not in each["sql"]]), len(calls)


def test_a_page_of_all_files(big: World, calls: list[Call]) -> None:
    for person, count, edits in ((big.olga, 100, 100), (big.vera, 51, 50), (big.stan, 0, 0), (big.ann, 100, 100)):
        data, statements, asked = measured(person.client, calls, FILES)
        nodes = data["files"]["nodes"]
        assert len(nodes) == count
        assert sum(node["viewerCan"]["edit"] for node in nodes) == edits
        assert all(node["downloadUrl"] for node in nodes)
        assert statements <= 3, "a page costs the pending changes, the list, and nothing per file"
        assert asked <= 25


def test_a_page_of_a_drive(big: World, calls: list[Call]) -> None:
    data, statements, asked = measured(big.olga.client, calls, CHILDREN, id=big.drive_id)
    assert len(data["drive"]["children"]["nodes"]) >= 50
    assert statements <= 4
    assert asked <= 25


def test_sharing_and_taking_back(big: World, calls: list[Call]) -> None:
    see = "query($id: ID!) { file(id: $id) { viewerCan { view edit } } }"
    assert big.stan.client.ask(see, id=big.secret_id)["file"] is None
    arguments = {"id": big.secret_id, "subject": {"userId": big.stan.id}}
    big.olga.client.do("share", "ShareInput", "share { role }", role="EDITOR", **arguments)
    assert big.stan.client.ask(see, id=big.secret_id)["file"]["viewerCan"] == {"view": True, "edit": True}
    big.olga.client.do("unshare", "UnshareInput", "node { __typename }", **arguments)
    assert big.stan.client.ask(see, id=big.secret_id)["file"] is None


def test_another_model_answers_from_the_next_request_on(big: World, calls: list[Call]) -> None:
    text = SHIPPED_MODEL.read_text(encoding="utf-8").replace(
        "    define can_edit: edits but not denied\n    define can_share: owns but not denied\n    # A legal",
        "    define can_edit: views but not denied\n    define can_share: owns but not denied\n    # A legal",
    )
    ann = big.ann.client

    def may_edit() -> bool:
        see = "query($id: ID!) { file(id: $id) { viewerCan { edit } } }"
        return bool(big.vera.client.ask(see, id=big.file_id)["file"]["viewerCan"]["edit"])

    def activate(version: str) -> Any:
        fields = "previous { id } orphanedTuples"
        return ann.do("activateAuthorizationModel", "ActivateAuthorizationModelInput", fields, id=version)

    made = ann.do("createAuthorizationModel", "CreateAuthorizationModelInput", "authorizationModel { id }", text=text)
    before = RemoteModel.objects.count()
    assert not may_edit()
    done = activate(made["authorizationModel"]["id"])
    assert done["errors"] == []
    assert RemoteModel.objects.count() == before + 1, "the server had the model before it was activated"
    assert may_edit()
    assert activate(done["previous"]["id"])["errors"] == []
    assert not may_edit()
    assert RemoteModel.objects.count() == before + 1, "a model that the server has is not sent again"


def test_what_was_not_asked_of_the_server_is_not_told(big: World, calls: list[Call]) -> None:
    calls.clear()
    judged = big.ann.client.do(
        "validateAuthorizationModel",
        "ValidateAuthorizationModelInput",
        "locksOutAdministrators orphanedTuples",
        text=SHIPPED_MODEL.read_text(encoding="utf-8"),
    )
    assert judged == {"locksOutAdministrators": None, "orphanedTuples": 0, "errors": []}
    assert not [call for call in calls if call.path.endswith("authorization-models")]


def with_gates(*, conditions: int = 1, types: int = 0) -> str:
    """Return the shipped model with so many conditions and so many types more, which it does not need."""
    gates = ", ".join(f"user with gate{number}" for number in range(conditions))
    lines = [SHIPPED_MODEL.read_text(encoding="utf-8"), "type gate", "  relations", f"    define opener: [{gates}]"]
    lines += [f"type spare{number}" for number in range(types)]
    lines += [f"condition gate{number}(key: string) {{\n  key == 'k'\n}}" for number in range(conditions)]
    return "\n".join(lines) + "\n"


def test_the_limits_of_a_server_are_told_before_a_model_is_activated(
    big: World, calls: list[Call], settings: Any
) -> None:
    ann = big.ann.client

    def do(name: str, fields: str, **input: Any) -> Any:
        return ann.do(f"{name}AuthorizationModel", f"{name.capitalize()}AuthorizationModelInput", fields, **input)

    many, wide = with_gates(conditions=26), with_gates(types=100)
    (problem,) = do("validate", "problems { code message }", text=many)["problems"]
    assert (problem["code"], "26" in problem["message"]) == ("server-limit", True)
    refused = do("create", "authorizationModel { id } problems { code }", text=many)
    assert (refused["authorizationModel"], refused["problems"]) == (None, [{"code": "server-limit"}])
    judged = do("validate", "problems { code } warnings { code }", text=wide)
    assert (judged["problems"], judged["warnings"][-1]) == ([], {"code": "server-limit"})
    made = do("create", "authorizationModel { id } problems { code }", text=wide)["authorizationModel"]["id"]
    (error,) = do("activate", "authorizationModel { id }", id=made)["errors"]
    assert (error["code"], error["retryable"]) == ("INVALID_AUTHORIZATION_REQUEST", False)
    assert "100" in error["message"], "the reason that the server gives"
    settings.FILEGRAPH_AUTHZ_CLIENT = "embedded"
    assert do("validate", "problems { code } warnings { code }", text=wide)["warnings"] == []
    kept = do("create", "authorizationModel { id } problems { code }", text=many)["authorizationModel"]["id"]
    settings.FILEGRAPH_AUTHZ_CLIENT = "openfga"
    refused = do("activate", "authorizationModel { id } problems { code }", id=kept)
    assert [each["code"] for each in refused["errors"]] == ["INVALID_AUTHORIZATION_MODEL"]
    assert refused["problems"] == [{"code": "server-limit"}]


def test_a_model_is_activated_while_a_tuple_that_it_does_not_allow_is_on_its_way(big: World, calls: list[Call]) -> None:
    """Another process is delivering, so that this one may not: the tuple is about her who is to stay administrator."""
    DeliveryLease.objects.update_or_create(
        id=1, defaults={"holder": "elsewhere", "expires_at": timezone.now() + timedelta(minutes=5)}
    )
    ann = big.ann.client
    crew = "group:crew#member"
    tuples = [{"user": crew, "relation": "auditor", "object": "organization:default"}]
    tuples += [{"user": big.ann.id, "relation": "auditor", "object": "organization:default"}]
    assert ann.do("writeRelationships", "WriteRelationshipsInput", "written { user }", writes=tuples)["errors"] == []
    text = SHIPPED_MODEL.read_text(encoding="utf-8").replace(
        "auditor: [user, group#member] or", "auditor: [service] or"
    )
    made = ann.do("createAuthorizationModel", "CreateAuthorizationModelInput", "authorizationModel { id }", text=text)
    version = made["authorizationModel"]["id"]
    done = ann.do("activateAuthorizationModel", "ActivateAuthorizationModelInput", "orphanedTuples", id=version)
    assert (done["errors"], done["orphanedTuples"]) == ([], 2)
    assert ann.ask("{ authorizationModels { totalCount } }")["authorizationModels"]["totalCount"] == 2


def test_editing_and_explaining_work_the_same(big: World, calls: list[Call]) -> None:
    ann = big.ann.client
    admin = {"user": big.ann.id, "relation": "admin", "object": "organization:default"}
    assert ann.fail("writeRelationships", "WriteRelationshipsInput", deletes=[admin]) == "ADMINISTRATOR_LOCKOUT"
    blocked = {"user": big.vera.id, "relation": "blocked", "object": big.file_id}
    fields = "written { user } "
    assert ann.do("writeRelationships", "WriteRelationshipsInput", fields, writes=[blocked])["errors"] == []
    explain = """query($user: String!, $object: String!) {
        explainAccess(user: $user, relation: "can_view", object: $object) {
            allowed steps { relation } missing { grants { relation object } } blocks { steps { relation } } }
        whoCanAccess(object: $object, relation: "can_view") { nodes { account { username } } } }"""
    data = ann.ask(explain, user=big.vera.id, object=big.file_id)
    assert data["explainAccess"]["allowed"] is False
    assert [step["relation"] for step in data["explainAccess"]["blocks"][0]["steps"]] == ["denied", "blocked"]
    assert {node["account"]["username"] for node in data["whoCanAccess"]["nodes"]} == {"ann", "olga"}
    data = ann.ask(explain, user=big.olga.id, object=big.file_id)
    assert data["explainAccess"]["allowed"] is True
    assert data["explainAccess"]["steps"][0]["relation"] == "can_view"
    tuples = """query($user: String!) {
        relationshipTuples(filter: {user: $user, object: "folder:"}) { nodes { relation } } }"""
    found = ann.ask(tuples, user=big.vera.id)["relationshipTuples"]["nodes"]
    assert {node["relation"] for node in found} == {"viewer", "editor"}
