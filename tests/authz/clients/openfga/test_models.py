"""A model that the server does not take is refused for good, and not told as an outage that will pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from authz.clients.openfga.client import OpenFGAClient
from authz.dsl.model import Computed, Relation, TypeDefinition
from authz.errors import InvalidRequest
from authz.testing.contract import CONTRACT_MODEL

MakeClient = Callable[..., OpenFGAClient]


@pytest.mark.django_db
def test_a_model_that_the_server_does_not_take(openfga_client: MakeClient) -> None:
    # Our own parser refuses it too, so it is put together here: a relation that is nothing but itself.
    book = CONTRACT_MODEL.types["book"]
    ring = TypeDefinition("book", {**book.relations, "ring": Relation("ring", Computed("ring"))})
    client = openfga_client(CONTRACT_MODEL)
    with pytest.raises(InvalidRequest, match="invalid_authorization_model"):
        client.write_authorization_model(replace(CONTRACT_MODEL, types={**CONTRACT_MODEL.types, "book": ring}))
    assert client.write_authorization_model(CONTRACT_MODEL)
