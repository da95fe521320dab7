"""Both clients pass the contract of reading: the embedded one, and a real server that has heard of everything."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from authz.clients.base import AuthzClient
from authz.clients.embedded import EmbeddedClient
from authz.clients.openfga.client import OpenFGAClient
from authz.testing.contract import CONTRACT_MODEL
from authz.testing.reading_contract import ReadingContract


@pytest.mark.django_db
class TestEmbedded(ReadingContract):
    @pytest.fixture
    def client(self, db: None) -> AuthzClient:
        return EmbeddedClient(CONTRACT_MODEL, clock=timezone.now)


@pytest.mark.django_db(transaction=True)
class TestOpenFGA(ReadingContract):
    @pytest.fixture
    def client(self, transactional_db: None, openfga_client: Callable[..., OpenFGAClient]) -> AuthzClient:
        return openfga_client(CONTRACT_MODEL)
