"""A server that is away is told of once a minute, and not each time that it is tried."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from authz.models import RemoteStore
from authz.services import relationships, remote_engine
from authz.services.throttle import Throttle
from authz.types import TupleKey
from tests.components.permissions import forget

pytestmark = pytest.mark.django_db


@pytest.fixture
def away(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A store stands by on a server that does not answer."""
    settings.FILEGRAPH_OPENFGA_API_URL = "http://127.0.0.1:1"
    monkeypatch.setattr(remote_engine, "_WAITING", Throttle(60.0))
    forget()
    RemoteStore.objects.create(store_id="0" * 26, created_at=timezone.now())
    yield
    forget()


@pytest.mark.usefixtures("away")
def test_what_waits_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    relationships.write(writes=[TupleKey("user:ann", "viewer", "file:1")])
    assert [remote_engine.deliver() for _ in range(4)] == [False] * 4
    (line,) = [each for each in caplog.messages if "wait for OpenFGA" in each]
    assert line.startswith("Changes of permissions wait for OpenFGA: ")
    assert remote_engine.backlog().pending == 1
