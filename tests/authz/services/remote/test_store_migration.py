"""From one engine to the other and back, with writers all the while and an end at any moment: nothing is lost, no
revocation is undone."""

from __future__ import annotations

import random
import threading
import time

import pytest
from django.db import connection, transaction
from django.utils import timezone

from authz.clients.sql.structure import NO_STRUCTURE
from authz.errors import AuthorizationUnavailable
from authz.models import Delivery, RelationshipTuple, RemoteStore, TupleChange
from authz.services import decisions, relationships, remote_engine
from authz.services.remote import reconciliation, store_migration
from authz.services.remote.store_migration import Progress
from authz.services.remote_engine import Unready, Unusable
from authz.testing.contract import key
from authz.types import CheckRequest, TupleKey
from tests.authz.services.remote.migrating import Killed, grants, record, write
from tests.components.permissions import Installation

pytestmark = pytest.mark.django_db(transaction=True)


def test_there_and_back(installation: Installation) -> None:
    write(grants(250))
    assert store_migration.to_openfga(NO_STRUCTURE).is_clean
    assert installation.stored() == record() == set(grants(250))
    installation.choose("openfga")
    assert remote_engine.unready() is None
    assert installation.prepare() == []
    question = CheckRequest("user:u7", "viewer", "file:7")
    assert decisions.check(question)
    relationships.write(deletes=[grants(8)[7]])
    assert not decisions.check(question)

    assert store_migration.to_embedded(NO_STRUCTURE).is_clean
    assert RemoteStore.objects.exists()
    installation.choose("embedded")
    assert not decisions.check(question)
    assert store_migration.to_embedded(NO_STRUCTURE).is_clean
    assert not RemoteStore.objects.exists()
    assert len(record()) == 249


def test_both_engines_may_answer_at_the_same_time(installation: Installation) -> None:
    """As while processes are restarted one after the other: what one writes, the other knows."""
    ann = key("user:ann viewer file:1")
    store_migration.to_openfga(NO_STRUCTURE)
    for writer, reader in (("embedded", "openfga"), ("openfga", "embedded")):
        installation.choose(writer)
        relationships.write(writes=[ann])
        installation.choose(reader)
        assert decisions.check(CheckRequest("user:ann", "viewer", "file:1"))
        installation.choose(writer)
        relationships.write(deletes=[ann])
        installation.choose(reader)
        assert not decisions.check(CheckRequest("user:ann", "viewer", "file:1"))


def test_a_process_that_asks_a_store_that_was_let_go_gets_no_answer(installation: Installation) -> None:
    store_migration.to_openfga(NO_STRUCTURE)
    installation.choose("openfga")
    question = CheckRequest("user:ann", "viewer", "file:1")
    assert not decisions.check(question)
    installation.settings.FILEGRAPH_AUTHZ_CLIENT = "embedded"  # in another process
    assert store_migration.to_embedded(NO_STRUCTURE).is_clean
    installation.settings.FILEGRAPH_AUTHZ_CLIENT = "openfga"
    with pytest.raises(AuthorizationUnavailable):
        decisions.check(question)


def test_the_chosen_engine_is_refused_until_the_store_is_whole(installation: Installation) -> None:
    write(grants(3))
    installation.choose("openfga")
    assert remote_engine.unready() is Unready.ELSEWHERE
    RemoteStore.objects.create(store_id="01ARZ3NDEKTSV4RRFFQ69G5FAV", created_at=timezone.now(), is_whole=False)
    assert remote_engine.unready() is Unready.ON_THEIR_WAY


def test_where_no_server_is_nothing_begins(installation: Installation) -> None:
    installation.settings.FILEGRAPH_OPENFGA_API_URL = "http://127.0.0.1:9"
    remote_engine.transport.cache_clear()
    with pytest.raises(Unusable, match="is it running"):
        store_migration.to_openfga(NO_STRUCTURE)
    assert not RemoteStore.objects.exists()


@pytest.mark.postgresql
def test_what_is_written_while_the_store_is_let_go_waits_for_nobody(installation: Installation) -> None:
    """A writer who began before knows of the store still."""
    store_migration.to_openfga(NO_STRUCTURE)
    written, let_go = threading.Event(), threading.Event()

    def write_slowly() -> None:
        with transaction.atomic():
            write(grants(1))
            written.set()
            let_go.wait(20)
        connection.close()

    def leave() -> None:
        store_migration.to_embedded(NO_STRUCTURE)
        connection.close()

    writer = threading.Thread(target=write_slowly)
    writer.start()
    assert written.wait(10)
    leaver = threading.Thread(target=leave)
    leaver.start()
    while RemoteStore.objects.exists():
        time.sleep(0.02)
    let_go.set()
    writer.join()
    leaver.join()
    assert RelationshipTuple.objects.count() == 1
    assert not TupleChange.objects.filter(delivery__gt="").exists()


@pytest.mark.parametrize("seed", range(4))
def test_ended_at_any_moment_and_begun_again(installation: Installation, seed: int) -> None:
    """Each time it ends after a few more steps; meanwhile rights are given and taken back."""
    chance = random.Random(seed)
    keys = grants(500)
    write(keys)
    gone: set[TupleKey] = set()
    added: set[TupleKey] = set()
    ends = 0
    while True:
        steps = chance.randint(1, 3)

        def step(count: int) -> None:
            nonlocal steps
            steps -= 1
            victim = chance.choice(keys)
            relationships.write(deletes=[victim], on_missing="ignore")
            gone.add(victim)
            new = key(f"user:new{chance.randint(1, 40)} viewer file:{chance.randint(1, 5)}")
            relationships.write(writes=[new], on_duplicate="ignore")
            added.add(new)
            if steps == 0:
                raise Killed

        try:
            report = store_migration.to_openfga(NO_STRUCTURE, progress=Progress(step=step))
        except Killed:
            ends += 1
            remote_engine.remote_of.cache_clear()
            assert ends < 50
        else:
            break
        if RemoteStore.objects.get().is_whole and ends > 3:
            report = store_migration.to_openfga(NO_STRUCTURE)
            break
    assert ends > 2
    assert report.is_clean
    expected = (set(keys) - gone) | added
    assert record() == expected
    assert installation.stored() == expected


def test_writers_at_work_meanwhile(installation: Installation) -> None:
    keys = grants(400)
    write(keys)
    stop = threading.Event()
    errors: list[BaseException] = []

    def work(number: int) -> None:
        chance = random.Random(number)
        try:
            # Without a pause nobody else would get SQLite's one write lock for seconds.
            while not stop.wait(0.02):
                mine = [each for each in keys if int(each.user.removeprefix("user:u")) % 3 == number]
                each = chance.choice(mine)
                relationships.write(deletes=[each], on_missing="ignore")
                if chance.random() < 0.5:
                    relationships.write(writes=[each], on_duplicate="ignore")
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    try:
        store_migration.to_openfga(NO_STRUCTURE)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert errors == []
    reconciliation.drain()
    assert installation.stored() == record()
    assert not TupleChange.objects.filter(delivery=Delivery.REFUSED).exists()
