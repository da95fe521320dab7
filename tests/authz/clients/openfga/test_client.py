"""The client of an OpenFGA server passes the contract: with everything delivered, and with everything on its way."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from authz.clients.base import AuthzClient, InstallationClient
from authz.clients.openfga.client import OpenFGAClient
from authz.testing.condition_contract import CONDITION_MODEL, ConditionContract, until
from authz.testing.contract import CONTRACT_MODEL, AuthzClientContract
from authz.types import ListObjectsRequest

MakeClient = Callable[..., OpenFGAClient]


def is_a_client(client: OpenFGAClient) -> InstallationClient:
    return client


@pytest.mark.django_db(transaction=True)
class TestDelivered(AuthzClientContract):
    """Each write commits and is delivered: the server answers."""

    @pytest.fixture
    def client(self, transactional_db: None, openfga_client: MakeClient) -> AuthzClient:
        return openfga_client(CONTRACT_MODEL)


@pytest.mark.django_db(transaction=True)
class TestConditionsDelivered(ConditionContract):
    """The server evaluates the conditions."""

    @pytest.fixture
    def client(self, transactional_db: None, openfga_client: MakeClient) -> AuthzClient:
        return openfga_client(CONDITION_MODEL)


@pytest.mark.django_db
class TestConditionsOnTheirWay(ConditionContract):
    """Tuples under conditions that the server has not heard of, and a condition that is being changed."""

    @pytest.fixture
    def client(self, db: None, openfga_client: MakeClient) -> AuthzClient:
        return openfga_client(CONDITION_MODEL)

    def test_changes_tell_conditions(self, client: AuthzClient) -> None:
        """The server's log has what was delivered."""
        client.write(writes=[until("user:ann viewer folder:1")])
        assert client.read_changes(type="folder").changes == ()


@pytest.mark.django_db
class TestOnItsWay(AuthzClientContract):
    """All in one open transaction: nothing is delivered, and every answer must be the same."""

    @pytest.fixture
    def client(self, db: None, openfga_client: MakeClient) -> AuthzClient:
        return openfga_client(CONTRACT_MODEL)

    def test_changes_are_read_in_order_and_from_where_one_was(self, client: AuthzClient) -> None:
        """The server's log has what was delivered."""
        self.store(client, "user:ann reader book:1")
        assert client.read_changes().changes == ()

    def test_list_objects_is_never_cut_short(self, client: AuthzClient) -> None:
        """More than OpenFGA takes as contextual tuples."""
        for start in range(0, 300, 100):
            self.store(client, *(f"user:ann author book:{number}" for number in range(start, start + 100)))
        assert len(client.list_objects(ListObjectsRequest("user:ann", "author", "book"))) == 300

    def test_conflicts_can_be_ignored(self, client: AuthzClient) -> None:
        self.store(client, "user:ann reader book:1")
        self.store(client, "user:bob reader book:1")
        assert len(client.read().tuples) == 2
