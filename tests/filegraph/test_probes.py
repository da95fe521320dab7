"""What ``/readyz`` asks really asks: each probe fails when its part does."""

from __future__ import annotations

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from filegraph import probes
from filegraph.installation import prepare
from storage.errors import BackendUnavailable
from storage.models import Backend

pytestmark = pytest.mark.django_db


def test_the_probes_of_a_prepared_installation_pass() -> None:
    prepare()
    for probe in probes.ALL.values():
        probe.ask()


def test_each_looks_into_the_database(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    """The embedded engine and the stores have their rows there."""
    prepare()
    for name, probe in probes.ALL.items():
        probe.ask()
        # Which model is active is a question too.
        with django_assert_num_queries(2 if name == "authorization" else 1, connection=connection):
            probe.ask()


def test_a_store_that_is_away() -> None:
    Backend.objects.create(name="gone", driver="local", config={"root": "/proc/filegraph"})
    with pytest.raises(BackendUnavailable):
        probes.stores()


def test_what_a_probe_needs_is_a_probe() -> None:
    assert {probe.needs for probe in probes.ALL.values() if probe.needs} <= set(probes.ALL)
