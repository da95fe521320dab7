"""Both clients pass the contract of lists and pages; OpenFGA with everything delivered, and all on its way."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from authz.clients.base import InstallationClient
from authz.clients.embedded import EmbeddedClient
from authz.clients.openfga.client import OpenFGAClient
from authz.testing.grant_index_contract import GRANT_MODEL, GRANT_STRUCTURE, GrantIndexContract

MakeClient = Callable[..., OpenFGAClient]


@pytest.mark.django_db
class TestEmbedded(GrantIndexContract):
    @pytest.fixture
    def client(self, db: None) -> InstallationClient:
        return EmbeddedClient(GRANT_MODEL, clock=timezone.now, structure=GRANT_STRUCTURE)


@pytest.mark.django_db(transaction=True)
class TestOpenFGADelivered(GrantIndexContract):
    @pytest.fixture
    def client(self, transactional_db: None, openfga_client: MakeClient) -> InstallationClient:
        return openfga_client(GRANT_MODEL, GRANT_STRUCTURE)


@pytest.mark.django_db
class TestOpenFGAOnItsWay(GrantIndexContract):
    @pytest.fixture
    def client(self, db: None, openfga_client: MakeClient) -> InstallationClient:
        return openfga_client(GRANT_MODEL, GRANT_STRUCTURE)
