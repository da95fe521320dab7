"""The PostgreSQL engine of the server: it says the same as the memory engine, and all is there after a restart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.utils import timezone

from authz.clients.base import AuthzClient
from authz.clients.openfga.calls import Deadline
from authz.clients.openfga.client import OpenFGAClient
from authz.clients.openfga.delivery import Courier
from authz.clients.openfga.desired import Desired
from authz.clients.openfga.drift import Comparison
from authz.clients.openfga.transport import Transport
from authz.errors import AuthorizationUnavailable
from authz.models import Delivery, TupleChange
from authz.testing.condition_contract import BEFORE, CONDITION_MODEL, ConditionContract, until
from authz.testing.contract import CONTRACT_MODEL, AuthzClientContract, key
from authz.types import CheckRequest
from tests.authz.conftest import client_maker
from tests.components.openfga import OpenFGA

MakeClient = Callable[..., OpenFGAClient]


@pytest.fixture
def make(lasting_openfga: OpenFGA) -> MakeClient:
    return client_maker(lasting_openfga, Transport(lasting_openfga.api_url))


@pytest.mark.django_db(transaction=True)
class TestContract(AuthzClientContract):
    """Everything that every client does."""

    @pytest.fixture
    def client(self, transactional_db: None, make: MakeClient) -> AuthzClient:
        return make(CONTRACT_MODEL)


@pytest.mark.django_db(transaction=True)
class TestConditions(ConditionContract):
    """Everything that every client does with conditions."""

    @pytest.fixture
    def client(self, transactional_db: None, make: MakeClient) -> AuthzClient:
        return make(CONDITION_MODEL)


@pytest.mark.django_db(transaction=True)
def test_store_model_and_tuples_survive_a_restart_of_either_side(make: MakeClient, lasting_openfga: OpenFGA) -> None:
    client = make(CONDITION_MODEL)
    ann, bob, cat = until("user:ann viewer folder:1"), key("user:bob viewer folder:1"), key("user:cat viewer folder:1")
    client.write(writes=[ann, bob])

    lasting_openfga.kill()
    # Written while it is away, by a process that ends then.
    client.write(writes=[cat], deletes=[bob])
    with pytest.raises(AuthorizationUnavailable):
        client.check(CheckRequest("user:ann", "can_view", "folder:1", (), BEFORE))
    lasting_openfga.start()

    # Another process: it has nothing but what is in the database, and the address.
    remote = replace(client.remote, sender=Transport(lasting_openfga.api_url))
    after = OpenFGAClient(CONDITION_MODEL, remote, clock=timezone.now)
    allowed = [
        after.check(CheckRequest(f"user:{name}", "can_view", "folder:1", (), BEFORE)) for name in ("ann", "bob", "cat")
    ]
    assert allowed == [True, False, True]
    assert Courier(remote, "default").deliver(Deadline())
    assert not TupleChange.objects.exclude(delivery=Delivery.DONE).exists()
    assert not any(Comparison(remote, "default", Desired("default")).drifts())
    assert set(after.read(object="folder:1").tuples) == {ann, cat}
    assert next(model for _, model in after.read_authorization_models()).types == CONDITION_MODEL.types
