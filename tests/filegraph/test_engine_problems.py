"""A permission engine that cannot be used, or is not the one that has the permissions, by the names of the settings."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from authz.models import RelationshipTuple, RemoteStore
from authz.services import relationships, remote_engine
from authz.types import ORGANIZATION, TupleKey
from filegraph.engine_problems import of_choice, of_engine, of_shadow
from filegraph.problem import Problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def openfga_away(settings: Settings) -> Iterator[None]:
    """OpenFGA is chosen, and nobody listens at its address."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        settings.FILEGRAPH_OPENFGA_API_URL = f"http://127.0.0.1:{held.getsockname()[1]}"
        settings.FILEGRAPH_AUTHZ_CLIENT = "openfga"
        for cache in (remote_engine.remote_of, remote_engine.transport):
            cache.cache_clear()
        yield
        for cache in (remote_engine.remote_of, remote_engine.transport):
            cache.cache_clear()


def test_the_embedded_engine_is_always_there() -> None:
    assert of_engine(prepared=True) is None
    assert of_choice() is None


def test_one_that_is_away_may_come_back(openfga_away: None) -> None:
    sentence = "FILEGRAPH_OPENFGA_API_URL is not the address of an OpenFGA server that answers; is it running?"
    assert of_engine(prepared=False) == Problem(sentence, passing=True)


def test_permissions_that_are_in_the_database(openfga_away: None, settings: Settings) -> None:
    assert of_choice() is None
    settings.FILEGRAPH_AUTHZ_CLIENT = "embedded"
    relationships.write(writes=[TupleKey("user:a", "admin", ORGANIZATION)])
    assert RelationshipTuple.objects.exists()
    settings.FILEGRAPH_AUTHZ_CLIENT = "openfga"
    found = of_choice()
    assert found is not None
    assert found.sentence.startswith("FILEGRAPH_AUTHZ_CLIENT must be embedded: ")
    assert not found.passing


def test_a_store_that_has_not_everything_yet(openfga_away: None, settings: Settings) -> None:
    noted = RemoteStore.objects.create(store_id="0" * 26, created_at=timezone.now(), is_whole=False)
    found = of_choice()
    assert found is not None
    assert found.sentence.startswith("FILEGRAPH_AUTHZ_CLIENT must be embedded until the OpenFGA store has all")
    noted.is_whole = True
    noted.save()
    assert of_choice() is None


def test_the_database_has_what_openfga_has() -> None:
    RemoteStore.objects.create(store_id="0" * 26, created_at=timezone.now())
    assert of_choice() is None


def test_a_store_that_is_not_whole_cannot_stand_behind_the_answers(settings: Settings) -> None:
    assert of_shadow() is None
    settings.FILEGRAPH_AUTHZ_SHADOW = "openfga"
    found = of_shadow()
    assert found is not None
    assert found.sentence.startswith("FILEGRAPH_AUTHZ_SHADOW must be empty until ")
    assert not found.passing
    store = RemoteStore.objects.create(store_id="0" * 26, created_at=timezone.now(), is_whole=False)
    assert of_shadow() == found
    store.is_whole = True
    store.save()
    assert of_shadow() is None
    # Our record has everything, whatever a server has.
    RemoteStore.objects.all().delete()
    settings.FILEGRAPH_AUTHZ_SHADOW = "embedded"
    assert of_shadow() is None
