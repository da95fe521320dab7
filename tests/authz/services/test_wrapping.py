"""What the settings put around the client, and that without them there is nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from authz.clients.embedded import EmbeddedClient
from authz.clients.openfga.client import OpenFGAClient
from authz.clients.wrappers.audited import AuditedClient
from authz.clients.wrappers.denials import DenialNotingClient
from authz.clients.wrappers.metered import MeteredClient
from authz.clients.wrappers.shadowed import ShadowedClient
from authz.models import RelationshipTuple
from authz.services import decisions, relationships, remote_engine, shadow
from authz.services.client import client_for, configured_client
from authz.services.wrapping import audited, noting_denials
from authz.types import ORGANIZATION, SYSTEM, Actor, CheckRequest, TupleKey
from tests.components.openfga import OpenFGA


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    caches = (client_for, remote_engine.remote_of, remote_engine.transport, shadow.comparisons)
    for each in caches:
        each.cache_clear()
    yield
    for each in caches:
        each.cache_clear()


def test_without_settings_there_is_no_wrapper(db: None) -> None:
    assert type(configured_client()) is EmbeddedClient


def test_without_settings_the_library_of_metrics_is_not_loaded() -> None:
    code = (
        "import sys, filegraph.asgi; from authz.services.wrapping import wrapped;"
        " assert wrapped(client := object(), None, None) is client; assert 'prometheus_client' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_metrics(db: None, settings: Settings) -> None:
    settings.FILEGRAPH_METRICS = ("127.0.0.1",)
    client = configured_client()
    assert isinstance(client, MeteredClient)
    assert type(client.inner) is EmbeddedClient


def test_refusals(db: None, settings: Settings) -> None:
    assert noting_denials(configured_client()) is configured_client()
    settings.FILEGRAPH_AUDIT_DENIALS = 0.5
    client = noting_denials(configured_client())
    assert isinstance(client, DenialNotingClient)
    assert client.inner is configured_client()
    assert type(client.inner) is EmbeddedClient
    settings.FILEGRAPH_AUDIT = False
    assert noting_denials(configured_client()) is configured_client()


def test_a_client_for_one_actor(db: None, settings: Settings) -> None:
    assert isinstance(audited(configured_client(), SYSTEM), AuditedClient)
    settings.FILEGRAPH_AUDIT = False
    assert audited(configured_client(), SYSTEM) is configured_client()


def test_a_shadow_that_is_not_prepared_keeps_nobody_from_being_answered(db: None, settings: Settings) -> None:
    settings.FILEGRAPH_AUTHZ_SHADOW, settings.FILEGRAPH_AUTHZ_SHADOW_SAMPLE = "openfga", 1.0
    settings.FILEGRAPH_OPENFGA_API_URL = "http://127.0.0.1:1"
    client = configured_client()
    assert isinstance(client, ShadowedClient)
    assert not decisions.check(CheckRequest("user:ann", "can_administer", ORGANIZATION))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("answers", "behind"), [("embedded", "openfga"), ("openfga", "embedded")])
def test_either_engine_behind_the_other(
    answers: str,
    behind: str,
    settings: Settings,
    openfga_server: OpenFGA,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """First equal. Then the record loses a tuple that the server still has, and the alarm goes."""
    settings.FILEGRAPH_OPENFGA_API_URL = openfga_server.api_url
    settings.FILEGRAPH_AUTHZ_CLIENT = "openfga"
    remote_engine.prepare(now=datetime.now(UTC))
    remote_engine.remote_of.cache_clear()
    settings.FILEGRAPH_AUTHZ_CLIENT, settings.FILEGRAPH_AUTHZ_SHADOW = answers, behind
    settings.FILEGRAPH_AUTHZ_SHADOW_SAMPLE, settings.SHADOW_DIR = 1.0, tmp_path
    client = configured_client()
    assert isinstance(client, ShadowedClient)
    assert isinstance(client.inner, OpenFGAClient) is (answers == "openfga")
    administrator = TupleKey("user:ann", "admin", ORGANIZATION)
    asked = CheckRequest("user:ann", "can_administer", ORGANIZATION)
    relationships.write(actor=Actor("user:ann"), writes=[administrator])
    assert remote_engine.deliver()
    assert decisions.check(asked)
    shadow.comparisons().settle()
    assert "differ" not in caplog.text
    RelationshipTuple.objects.all().delete()
    assert decisions.check(asked) is (answers == "openfga")
    shadow.comparisons().settle()
    assert "The permission engines differ (" in caplog.text
    assert list(tmp_path.glob("*check.fga.yaml"))
