"""When a store is certainly gone, and when only nobody can tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from django.utils import timezone

from authz.clients.openfga import store
from authz.clients.openfga.calls import Call, Deadline
from authz.clients.openfga.failures import Refused, StoreGone
from authz.clients.openfga.store import Unusable
from authz.clients.openfga.transport import Transport
from authz.models import RemoteStore

pytestmark = pytest.mark.django_db
NOWHERE = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


class Proxy:
    """Something before the server: it answers for one path by itself."""

    def __init__(self, sender: Transport, refusal: Refused) -> None:
        self.sender = sender
        self.refusal = refusal

    def send(self, calls: Sequence[Call], deadline: Deadline) -> list[Any]:
        if calls[0].path == f"/stores/{NOWHERE}":
            raise self.refusal
        return self.sender.send(calls, deadline)


def note() -> None:
    RemoteStore.objects.create(store_id=NOWHERE, created_at=timezone.now())


def test_only_a_server_that_says_so_has_lost_it(transport: Transport) -> None:
    store.require_noted(transport)
    note()
    with pytest.raises(StoreGone):
        store.require_noted(transport)


@pytest.mark.parametrize("refusal", [Refused(404, "undefined_endpoint", "no"), Refused(400, "validation_error", "no")])
def test_another_refusal_tells_nothing_of_the_store(transport: Transport, refusal: Refused) -> None:
    note()
    with pytest.raises(Exception, match="OpenFGA refuses") as caught:
        store.require_noted(Proxy(transport, refusal))
    assert not isinstance(caught.value, StoreGone)


def test_one_that_is_away_has_lost_nothing(transport: Transport) -> None:
    note()
    with pytest.raises(Unusable, match="is it running"):
        store.require_noted(Transport("http://127.0.0.1:9"))
    assert RemoteStore.objects.get().store_id == NOWHERE
