"""Pages of stored tuples while some of them are on their way, beyond what ``ReadingContract`` asks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from authz.clients.openfga.client import OpenFGAClient
from authz.clients.openfga.failures import NotSent
from authz.testing.contract import CONTRACT_MODEL, key
from tests.authz.clients.openfga.test_delivery import deliver, stored, waiting
from tests.authz.clients.openfga.unreliable import unreliable


@pytest.mark.django_db(transaction=True)
def test_no_tuple_is_missing_from_pages_between_which_some_are_delivered(
    openfga_client: Callable[..., OpenFGAClient],
) -> None:
    client = openfga_client(CONTRACT_MODEL)
    away, sender = unreliable(client, *["not sent"] * 20)
    keys = [key(f"user:u{number:03} reader book:1") for number in range(150)]
    for some in (keys[:100], keys[100:]):
        away.write(writes=some)
    page = away.read(page_size=50)
    sender.plan[:] = ["", "not sent"]
    with pytest.raises(NotSent):
        deliver(away)
    assert (len(stored(client)), waiting()) == (100, 50)
    sender.plan[:] = ["not sent"] * 20
    found = set(page.tuples)
    while page.continuation_token:
        page = away.read(page_size=50, continuation_token=page.continuation_token)
        found |= set(page.tuples)
    assert found == set(keys)
