"""Writers at once: a reader of the change log who stores her place misses nothing."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.utils import timezone

from authz.clients.embedded import EmbeddedClient
from authz.clients.horizon import horizon, revision_sql
from authz.models import TupleChange
from authz.testing.contract import CONTRACT_MODEL, key

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def client() -> EmbeddedClient:
    return EmbeddedClient(CONTRACT_MODEL, clock=timezone.now)


def write(client: EmbeddedClient, name: str) -> None:
    client.write(writes=[key(f"user:{name} reader book:1")])


def read_on(client: EmbeddedClient, token: str) -> tuple[list[str], str]:
    page = client.read_changes(page_size=100, continuation_token=token)
    return [change.tuple_key.user for change in page.changes], page.continuation_token


class Writer:
    """Writes in a transaction of its own, and commits (or not) when it is told to."""

    def __init__(self, client: EmbeddedClient, name: str, *, commits: bool = True) -> None:
        self._written, self._go = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, args=(client, name, commits))
        self._thread.start()
        assert self._written.wait(10)

    def end(self) -> None:
        self._go.set()
        self._thread.join(10)

    def _run(self, client: EmbeddedClient, name: str, commits: bool) -> None:
        try:
            with transaction.atomic():
                write(client, name)
                self._written.set()
                self._go.wait(10)
                transaction.set_rollback(not commits)
        finally:
            self._written.set()
            connection.close()


@pytest.mark.parametrize("commits", [True, False])
def test_what_commits_later_with_a_lower_id_is_not_passed_by(client: EmbeddedClient, commits: bool) -> None:
    write(client, "before")
    slow = Writer(client, "slow", commits=commits)
    try:
        write(client, "fast")
        ids = TupleChange.objects.order_by("id").values_list("subject", flat=True)
        assert list(ids) == ["user:before", "user:fast"]
        first, token = read_on(client, "")
        assert first == ["user:before"]
        assert read_on(client, token)[0] == []
    finally:
        slow.end()
    assert read_on(client, token)[0] == (["user:slow", "user:fast"] if commits else ["user:fast"])


def test_a_transaction_sees_its_own_entries(client: EmbeddedClient) -> None:
    with transaction.atomic():
        write(client, "own")
        assert read_on(client, "")[0] == ["user:own"]


def revision() -> object:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {revision_sql('default')}")
        return cursor.fetchone()[0]


def test_the_revision_changes_when_a_lower_id_is_committed_later(client: EmbeddedClient) -> None:
    slow, other = Writer(client, "slow"), Writer(client, "other")
    try:
        write(client, "fast")
        before = revision()
        assert revision() == before
        slow.end()
        assert revision() != before
    finally:
        slow.end()
        other.end()
    before = revision()
    assert revision() == before


def test_a_log_that_was_never_written_has_an_end(client: EmbeddedClient) -> None:
    assert read_on(client, "")[0] == []
    assert horizon("default") is not None


def test_many_writers_and_one_reader(client: EmbeddedClient) -> None:
    """Every change comes exactly once, whatever the order of commits, and those of one tuple in their order."""
    chance, stopping = random.Random(4), threading.Event()
    pauses = [[chance.uniform(0, 0.004) for _ in range(25)] for _ in range(4)]

    def at_work(number: int) -> None:
        for step, pause in enumerate(pauses[number]):
            with transaction.atomic():
                write(client, f"{number}-{step}")
                stopping.wait(pause)
            if step % 3 == 0:
                client.write(deletes=[key(f"user:{number}-{step} reader book:1")])

    threads = [_thread(lambda number=number: at_work(number)) for number in range(4)]  # type: ignore[misc]
    seen: list[tuple[str, str]] = []
    token = ""
    while True:
        alive = any(thread.is_alive() for thread in threads)
        page = client.read_changes(page_size=7, continuation_token=token)
        token = page.continuation_token
        seen += [(change.tuple_key.user, change.operation) for change in page.changes]
        if not alive and not page.changes:
            break
    rows = TupleChange.objects.order_by("id").values_list("subject", "operation")
    assert seen == list(rows)
    assert len(seen) == 4 * (25 + 9)


def _thread(work: Callable[[], None]) -> threading.Thread:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread
