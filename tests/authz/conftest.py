"""A real OpenFGA server for the tests of this folder, and clients over a fresh store of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from django.utils import timezone

from authz.clients.openfga.calls import Call, Deadline, Sender
from authz.clients.openfga.client import OpenFGAClient
from authz.clients.openfga.models import write_model
from authz.clients.openfga.remote import Remote
from authz.clients.openfga.transport import Transport
from authz.clients.sql.structure import NO_STRUCTURE, Structure
from authz.dsl.model import AuthorizationModel
from authz.models import RemoteStore
from tests.components.openfga import OpenFGA, openfga, require_openfga
from tests.components.postgresql import available as postgresql_available
from tests.components.postgresql import postgresql
from tests.components.server import new_database

MakeClient = Callable[..., OpenFGAClient]


@dataclass
class CountingSender:
    """Hands calls on and remembers them."""

    sender: Sender
    calls: list[Call] = field(default_factory=list)

    def send(self, calls: Sequence[Call], deadline: Deadline) -> list[Any]:
        self.calls += calls
        return self.sender.send(calls, deadline)


@pytest.fixture(scope="session")
def openfga_server() -> Iterator[OpenFGA]:
    """A server with the memory engine."""
    require_openfga()
    with openfga() as server:
        yield server


@pytest.fixture(scope="session")
def transport(openfga_server: OpenFGA) -> Transport:
    return Transport(openfga_server.api_url)


def client_maker(server: OpenFGA, transport: Transport) -> MakeClient:
    """Makes clients for a model, each over a fresh store; ``client.remote.sender.calls`` has what was asked."""

    def make(model: AuthorizationModel, structure: Structure = NO_STRUCTURE) -> OpenFGAClient:
        answer = httpx.post(f"{server.api_url}/stores", json={"name": "filegraph-tests"}, trust_env=False)
        store_id = answer.json()["id"]
        RemoteStore.objects.update_or_create(id=1, defaults={"store_id": store_id, "created_at": timezone.now()})
        remote = Remote(CountingSender(transport), store_id, write_model(transport, store_id, model))
        return OpenFGAClient(model, remote, clock=timezone.now, structure=structure)

    return make


@pytest.fixture
def openfga_client(openfga_server: OpenFGA, transport: Transport) -> MakeClient:
    """See ``client_maker``; the server has the memory engine."""
    return client_maker(openfga_server, transport)


@pytest.fixture(scope="session")
def lasting_openfga() -> Iterator[OpenFGA]:
    """A server with the PostgreSQL engine, which remembers over a restart."""
    require_openfga()
    if not postgresql_available():
        pytest.skip("OpenFGA is tested with its memory engine alone: there is no PostgreSQL for it")
    with postgresql() as url, openfga("postgresql", datastore_url=new_database(url)) as server:
        yield server
