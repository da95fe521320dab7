"""What the clients of one process share: there are several, for the tree and without it, for models on trial."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pytest_django.fixtures import Settings

from authz.clients.openfga.client import OpenFGAClient
from authz.services import remote_engine
from authz.services.active_model import active
from authz.services.client import client_for
from storage.permissions import EDGES
from tests.components.openfga import OpenFGA
from tests.components.permissions import forget


@pytest.mark.django_db(transaction=True)
def test_all_clients_of_a_process_keep_what_they_know_of_a_server_in_one_place(
    settings: Settings, openfga_server: OpenFGA
) -> None:
    """Its bound is for all of them together, and the log of the server is read once."""
    settings.FILEGRAPH_AUTHZ_CLIENT, settings.FILEGRAPH_OPENFGA_API_URL = "openfga", openfga_server.api_url
    settings.FILEGRAPH_OPENFGA_PROJECTION_SECONDS = 60
    forget()
    try:
        remote_engine.prepare(now=datetime.now(UTC))
        clients = [client_for(active()), client_for(active(), EDGES)]
        assert clients[0] is not clients[1]
        lists = [client._lists for client in clients if isinstance(client, OpenFGAClient)]
        assert len(lists) == 2
        assert lists[0]._kept is lists[1]._kept
        assert lists[0]._kept.is_used
        assert lists[0]._feed is lists[1]._feed
    finally:
        forget()
