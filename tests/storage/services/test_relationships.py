"""Tuples that editors write: a drive keeps an owner, whoever takes the others away, and when."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import connection

import accounts.permissions
import storage.permissions
from authz.errors import EditorRequired
from authz.services import relationships as stored
from authz.types import Actor, TupleKey
from storage.errors import Conflict
from storage.services import relationships, sharing
from tests.storage.tree import Place, name_of, ref

NEEDS = storage.permissions.NEEDS.joined(accounts.permissions.NEEDS)


def owners(place: Place) -> set[str]:
    return {key.user for key in stored.read_all(object=name_of(place.drive), relation="owner")}


def delete(actor: Actor, *keys: TupleKey) -> None:
    assert relationships.write(actor, writes=[], deletes=keys, needs=NEEDS) == []


@pytest.mark.django_db
def test_the_last_owner_of_a_drive_stays() -> None:
    place = Place.make()
    ada, other = place.admin, place.owner
    first, second = (TupleKey(user, "owner", name_of(place.drive)) for user in (ada, other))
    for gone in ([first, second], [second, first]):
        with pytest.raises(Conflict) as conflict:
            delete(ada, *gone)
        assert conflict.value.path[0] == "deletes"
    delete(ada, first)
    with pytest.raises(Conflict):
        delete(ada, second)
    assert owners(place) == {other}
    with pytest.raises(EditorRequired):
        delete(other, second)
    # Owners of other things, and other relations to drives, may all go.
    folder = TupleKey(other, "owner", name_of(place.folder("f")))
    viewer = TupleKey(other, "viewer", name_of(place.drive))
    assert relationships.write(ada, writes=[folder, viewer], deletes=[], needs=NEEDS) == []
    delete(ada, folder, viewer)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_take_an_owner_each_one_is_refused() -> None:
    for _ in range(4):
        place = Place.make()
        first = TupleKey(place.admin, "owner", name_of(place.drive))
        begin = threading.Barrier(2)

        def run(work: Callable[[], object], begin: threading.Barrier = begin) -> bool:
            try:
                begin.wait(10)
                work()
            except Conflict:
                return False
            finally:
                connection.close()
            return True

        deleting = partial(delete, place.admin, first)
        taking_back = partial(sharing.unshare, place.owner, ref(place.drive), place.owner)
        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(run, [deleting, taking_back]))
        assert sorted(done) == [False, True]
        assert len(owners(place)) == 1
