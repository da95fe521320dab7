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
from django.utils import timezone

import storage.permissions
from accounts.permissions import NEEDS, grant_organization
from accounts.principal import actor_of
from authz.errors import AdministratorLockout
from authz.models import RelationshipTuple
from authz.services import activation, last_administrator, model_versions, relationships
from authz.services.shipped_model import SHIPPED_MODEL
from authz.types import ORGANIZATION, Actor, RelationshipCondition, TupleKey
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


@pytest.mark.django_db(transaction=True)
def test_with_an_openfga_server_conditions_are_judged_for_later_too(installation: Installation) -> None:
    installation.choose("openfga")
    installation.prepare()
    ada = administrator("ada")
    text = SHIPPED_MODEL.read_text(encoding="utf-8").replace(
        "    define can_administer: admin\n",
        "    define frozen: [user:* with after]\n    define can_administer: admin but not frozen\n",
    )
    text += "\ncondition after(current_time: timestamp, start: timestamp) {\n  current_time >= start\n}\n"
    version = model_versions.create(ada, text, now=timezone.now())
    activation.activate(ada, version.id, needs=NEEDS.joined(storage.permissions.NEEDS), now=timezone.now())
    later = RelationshipCondition("after", {"start": "2999-01-01T00:00:00Z"})
    with pytest.raises(AdministratorLockout), last_administrator.kept(None, NEEDS):
        relationships.write(writes=[TupleKey("user:*", "frozen", ORGANIZATION, later)])
    assert relationships.read_all(relation="frozen", object=ORGANIZATION) == []
