"""Rights that are held: what it costs, whom it lets act, and that nothing is answered from before it."""

from __future__ import annotations

from typing import cast

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from authz.clients.openfga.projection import Projection
from authz.services import client, rights
from authz.types import ANONYMOUS, SYSTEM, Actor

pytestmark = pytest.mark.django_db


def person(*, active: bool = True) -> Actor:
    people = get_user_model().objects
    return Actor(f"user:{people.create(username=f'p{people.count()}', is_active=active).pk}")


def test_who_can_act() -> None:
    for hold in (rights.hold, rights.hold_alone):
        with transaction.atomic():
            assert hold(person())
            assert hold(ANONYMOUS)
        for actor in (person(active=False), Actor("user:absent"), SYSTEM):
            with transaction.atomic():
                assert not hold(actor)


def test_it_costs_a_statement_or_two() -> None:
    actor = person()
    for hold in (rights.hold, rights.hold_alone):
        with transaction.atomic(), CaptureQueriesContext(connection) as statements:
            hold(actor)
        assert len(statements) == (1 if connection.vendor == "sqlite" else 2)


def test_what_lists_and_flags_had_read_before_is_read_anew() -> None:
    """A request may have several changes, and a right may go between two of them."""
    for hold in (rights.hold, rights.hold_alone):
        with client.moment(), transaction.atomic():
            client._MOMENTS.keep("grants", cast("Projection", object()))
            hold(ANONYMOUS)
            assert client._MOMENTS.get("grants") is None
