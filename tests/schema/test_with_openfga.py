"""What a page costs when an OpenFGA server answers: statements of the database, and calls to the server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from authz.clients.openfga.calls import Call, Deadline, Sender
from authz.services import remote_engine
from authz.services.client import client_for
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
        caches = (client_for, remote_engine.remote, remote_engine.transport)
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
