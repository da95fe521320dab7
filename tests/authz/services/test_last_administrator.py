"""Whatever takes rights from one person at a time leaves somebody who can administer, also when two do so at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeAlias

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from accounts.permissions import NEEDS, grant_organization
from accounts.principal import actor_of
from authz.errors import AdministratorLockout
from authz.models import RelationshipTuple
from authz.services import last_administrator, relationships
from authz.types import ORGANIZATION, Actor, TupleKey
from tests.components.permissions import Installation


def administrator(name: str) -> Actor:
    actor = actor_of(people().create(username=name).pk)
    grant_organization(actor, administrator=True)
    return actor


Way: TypeAlias = Callable[[Actor, Callable[[], None]], None]
"""How somebody goes; the second argument is called in the middle."""


def resign(actor: Actor, meanwhile: Callable[[], None] = lambda: None) -> None:
    with last_administrator.kept(actor, NEEDS):
        relationships.revoke([TupleKey(actor, "admin", ORGANIZATION)], actor=actor, on_missing="ignore")
        meanwhile()


def leave(actor: Actor, meanwhile: Callable[[], None] = lambda: None) -> None:
    """Her account ends; no lock on tuples is taken for that."""
    with last_administrator.kept(actor, NEEDS):
        people().filter(pk=actor.partition(":")[2]).update(is_active=False)
        meanwhile()


def people() -> Any:
    return get_user_model()._default_manager


def left() -> int:
    named = RelationshipTuple.objects.filter(relation="admin").values_list("subject", flat=True)
    ids = [name.partition(":")[2] for name in named]
    return int(people().filter(pk__in=ids, is_active=True).count())


@pytest.mark.django_db
def test_one_may_go_and_the_last_one_may_not() -> None:
    ada, bob = administrator("ada"), administrator("bob")
    resign(ada)
    with pytest.raises(AdministratorLockout):
        resign(bob)
    assert left() == 1


@pytest.mark.django_db
def test_who_could_not_administer_takes_nothing_away() -> None:
    """Also where nobody can: it would not be her doing."""
    resign(Actor("user:x"))
    assert left() == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ways", [(resign, resign), (leave, leave), (resign, leave)])
def test_of_two_that_go_at_once_one_stays(ways: tuple[Way, Way]) -> None:
    both = [administrator("ada"), administrator("bob")]
    meeting = threading.Barrier(2)

    def meet() -> None:
        # If both ever come here before either has ended, each would see the other one left.
        with suppress(threading.BrokenBarrierError):
            meeting.wait(1)

    def go(way: Way, actor: Actor) -> bool:
        try:
            way(actor, meet)
        except AdministratorLockout:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(go, ways, both)) == [False, True]
    assert left() == 1


@pytest.mark.django_db(transaction=True)
def test_with_an_openfga_server(installation: Installation) -> None:
    installation.choose("openfga")
    installation.prepare()
    ada, bob = administrator("ada"), administrator("bob")
    resign(ada)
    with pytest.raises(AdministratorLockout):
        resign(bob)
    assert left() == 1
