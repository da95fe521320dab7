"""What the settings put around the client, and that without them there is nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from authz.clients.embedded import EmbeddedClient
from authz.clients.wrappers.metered import MeteredClient
from authz.services.client import configured_client


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    configured_client.cache_clear()
    yield
    configured_client.cache_clear()


def test_without_settings_there_is_no_wrapper(db: None) -> None:
    assert type(configured_client()) is EmbeddedClient


def test_without_settings_the_library_of_metrics_is_not_loaded() -> None:
    code = (
        "import sys, filegraph.asgi; from authz.services.client import configured_client; configured_client();"
        " assert 'prometheus_client' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_metrics(db: None, settings: Settings) -> None:
    settings.FILEGRAPH_METRICS = ("127.0.0.1",)
    client = configured_client()
    assert isinstance(client, MeteredClient)
    assert type(client.inner) is EmbeddedClient
