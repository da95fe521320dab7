"""The feed counts what the log of a store shows, and never makes anybody wait for a long one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from authz.clients.openfga.calls import Call, Deadline
from authz.clients.openfga.client import OpenFGAClient
from authz.clients.openfga.feed import ChangeFeed
from authz.testing.contract import CONTRACT_MODEL, key

MakeClient = Callable[..., OpenFGAClient]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(openfga_client: MakeClient) -> OpenFGAClient:
    return openfga_client(CONTRACT_MODEL)


def test_each_change_is_another_epoch(client: OpenFGAClient) -> None:
    feed = ChangeFeed(timezone.now())
    seen = [feed.epoch(client.remote, Deadline())]
    assert feed.epoch(client.remote, Deadline()) == seen[0]
    for number in range(3):
        client.write(writes=[key(f"user:u{number} reader book:1")])
        seen.append(feed.epoch(client.remote, Deadline()))
        assert feed.epoch(client.remote, Deadline()) == seen[-1]
    assert None not in seen
    assert len(set(seen)) == 4


def test_a_long_log_is_read_to_its_end_in_several_looks(client: OpenFGAClient) -> None:
    for start in range(0, 1000, 100):
        client.write(writes=[key(f"user:u{number} reader book:1") for number in range(start, start + 100)])
    calls: list[Call] = client.remote.sender.calls  # type: ignore[attr-defined]
    feed = ChangeFeed(timezone.now())
    looks = 0
    while True:
        calls.clear()
        found = feed.epoch(client.remote, Deadline())
        assert len(calls) <= 4
        looks += 1
        if found is not None:
            break
    assert looks == 3


def test_a_clock_far_ahead_means_that_nothing_is_known(client: OpenFGAClient) -> None:
    """The server refuses to read from the future; then nothing is kept, and nothing fails."""
    client.write(writes=[key("user:ann reader book:1")])
    assert ChangeFeed(timezone.now() + timedelta(hours=1)).epoch(client.remote, Deadline()) is None
    assert ChangeFeed(timezone.now() - timedelta(hours=1)).epoch(client.remote, Deadline()) is not None
