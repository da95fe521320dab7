"""A shadowed client answers at once whatever its shadow does, and tells of every real difference."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from authz.clients.base import AuthzClient, InstallationClient
from authz.clients.embedded import EmbeddedClient
from authz.clients.openfga.calls import Deadline
from authz.clients.openfga.client import OpenFGAClient
from authz.clients.openfga.delivery import Courier
from authz.clients.tuples import DatabaseTuples
from authz.clients.wrappers.alarm import Alarm
from authz.clients.wrappers.comparisons import ROOM, Comparisons, Difference, Outcome, Pair
from authz.clients.wrappers.shadowed import ShadowedClient
from authz.clients.wrappers.wrapper import ClientWrapper
from authz.errors import AuthorizationUnavailable
from authz.testing.contract import CONTRACT_MODEL, AuthzClientContract, key
from authz.types import Asker, CheckRequest, ListObjectsRequest, ListUsersRequest
from tests.authz.conftest import CountingSender

pytestmark = pytest.mark.django_db(transaction=True)

MakeClient = Callable[..., OpenFGAClient]


class Watch:
    """Two clients, the comparisons between them, and what came of these."""

    def __init__(self, second: InstallationClient, directory: Path | None = None, sample: float = 1.0) -> None:
        self.outcomes: Counter[Outcome] = Counter()
        self.differences: list[Difference] = []
        self._alarm = Alarm(directory, DatabaseTuples("default", contexts=True))
        self.first = EmbeddedClient(CONTRACT_MODEL, clock=timezone.now)
        self.comparisons = Comparisons(alarm=self._tell, count=self._count)
        pair = Pair(self.first, lambda: second, CONTRACT_MODEL)
        self.client = ShadowedClient(pair, self.comparisons, sample=sample)

    def _tell(self, difference: Difference) -> None:
        self.differences.append(difference)
        self._alarm(difference)

    def _count(self, outcome: Outcome) -> None:
        self.outcomes[outcome] += 1

    def settled(self) -> dict[Outcome, int]:
        self.comparisons.settle()
        return dict(self.outcomes)


class Wrong(ClientWrapper):
    """A shadow that lets Mallory read everything, and knows nothing of Ann."""

    def check(self, request: CheckRequest) -> bool:
        return self.batch_check([request])[0]

    def batch_check(self, requests: Sequence[CheckRequest]) -> list[bool]:
        answers = super().batch_check(requests)
        return [
            request.user == "user:mallory" or (allowed and request.user != "user:ann")
            for request, allowed in zip(requests, answers, strict=True)
        ]

    def list_objects(self, request: ListObjectsRequest) -> list[str]:
        return super().list_objects(request)[1:]

    def list_users(self, request: ListUsersRequest) -> list[str]:
        return [*super().list_users(request), "user:mallory"]

    def granted(self, asker: Asker, wanted: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        return set()


def embedded() -> EmbeddedClient:
    return EmbeddedClient(CONTRACT_MODEL, clock=timezone.now)


def asked(user: str, name: str = "book:1") -> CheckRequest:
    return CheckRequest(user, "can_read", name)


class TestShadowedByOpenFGA(AuthzClientContract):
    """Everything that any client does, each answer held against a server that stands by."""

    @pytest.fixture
    def server(self, transactional_db: None, openfga_client: MakeClient) -> OpenFGAClient:
        return openfga_client(CONTRACT_MODEL)

    @pytest.fixture
    def client(self, server: OpenFGAClient) -> Iterator[ShadowedClient]:
        watch = Watch(server)
        yield watch.client
        assert set(watch.settled()) <= {Outcome.SAME, Outcome.MOVED, Outcome.DROPPED}, watch.differences

    @pytest.fixture(autouse=True)
    def _server(self, server: OpenFGAClient) -> None:
        self.courier = Courier(server.remote, "default")

    def store(self, client: AuthzClient, *texts: str) -> None:
        """Write, and let the server hear of it as the server's chore does."""
        super().store(client, *texts)
        assert self.courier.deliver(Deadline())

    def test_the_server_was_asked(self, client: ShadowedClient, server: OpenFGAClient) -> None:
        self.store(client, "user:ann author book:1")
        assert client.check(asked("user:ann"))
        client._comparisons.settle()
        assert isinstance(server.remote.sender, CountingSender)
        assert any(call.path.endswith("check") for call in server.remote.sender.calls)


def is_a_client(client: ShadowedClient) -> InstallationClient:
    return client


def test_equal_answers_are_counted_and_nothing_is_told(tmp_path: Path) -> None:
    watch = Watch(embedded(), tmp_path / "shadow")
    watch.client.write(writes=[key("user:ann author book:1"), key("user:bob reader book:1")])
    assert watch.client.check(asked("user:ann"))
    assert watch.client.batch_check([asked("user:bob"), asked("user:eve")]) == [True, False]
    assert watch.client.list_objects(ListObjectsRequest("user:ann", "can_read", "book")) == ["book:1"]
    assert watch.client.list_users(ListUsersRequest("book:1", "can_read", "user")) == ["user:ann", "user:bob"]
    assert watch.client.granted(Asker("user:ann"), [("book:1", "author")]) == {("book:1", "author")}
    assert watch.settled() == {Outcome.SAME: 5}
    assert not (tmp_path / "shadow").exists()


def test_every_kind_of_difference_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    watch = Watch(Wrong(embedded()), tmp_path / "shadow")
    watch.client.write(writes=[key("user:ann author book:1"), key("user:bob reader book:1")])
    for _ in range(3):
        assert watch.client.check(asked("user:ann"))
        assert watch.client.batch_check([asked("user:bob"), asked("user:mallory")]) == [True, False]
        watch.client.list_objects(ListObjectsRequest("user:ann", "can_read", "book"))
        watch.client.list_users(ListUsersRequest("book:1", "can_read", "user"))
        watch.client.granted(Asker("user:ann"), [("book:1", "author")])
    assert watch.settled() == {Outcome.DIFFERENT: 15}
    kinds = ["check", "batch_check", "list_objects", "list_users", "granted"]
    found = {each.kind: (each.request.user, each.request.relation, each.allowed) for each in watch.differences}
    assert found == {
        "check": ("user:ann", "can_read", True),
        "batch_check": ("user:mallory", "can_read", False),
        "list_objects": ("user:ann", "can_read", True),
        "list_users": ("user:mallory", "can_read", False),
        "granted": ("user:ann", "author", True),
    }
    told = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(told) == len(kinds)
    assert not any(name in record.getMessage() for record in told for name in ("ann", "mallory", "book:"))
    assert {file.name for file in (tmp_path / "shadow").iterdir()} == {f"{kind}.fga.yaml" for kind in kinds}
    assert (tmp_path / "shadow").stat().st_mode & 0o077 == 0


def test_a_shadow_that_fails_changes_nothing_and_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    class Away(ClientWrapper):
        def batch_check(self, requests: Sequence[CheckRequest]) -> list[bool]:
            raise AuthorizationUnavailable("no answer")

    watch = Watch(Away(embedded()))
    watch.client.write(writes=[key("user:ann author book:1")])
    for _ in range(3):
        assert watch.client.check(asked("user:ann"))
    assert watch.settled() == {Outcome.FAILED: 3}
    assert [record.getMessage() for record in caplog.records if "shadow" in record.getMessage()] == [
        "The shadow engine cannot be compared: AuthorizationUnavailable: no answer"
    ]


def test_a_shadow_that_cannot_even_be_made_changes_nothing() -> None:
    watch = Watch(embedded())

    def unprepared() -> InstallationClient:
        raise AuthorizationUnavailable("there is no store")

    client = ShadowedClient(Pair(watch.first, unprepared, CONTRACT_MODEL), watch.comparisons, sample=1)
    assert not client.check(asked("user:ann"))
    assert watch.settled() == {Outcome.FAILED: 1}


def test_whoever_asks_never_waits_and_what_is_too_much_is_dropped() -> None:
    go = threading.Event()

    class Slow(ClientWrapper):
        def batch_check(self, requests: Sequence[CheckRequest]) -> list[bool]:
            go.wait(30)
            return super().batch_check(requests)

    watch = Watch(Slow(embedded()))
    begin = time.monotonic()
    for _ in range(ROOM + 20):
        watch.client.check(asked("user:ann"))
    assert time.monotonic() - begin < 10
    go.set()
    outcomes = watch.settled()
    assert outcomes[Outcome.DROPPED] in (19, 20)  # one is in the hands of the thread
    assert outcomes[Outcome.SAME] + outcomes[Outcome.DROPPED] == ROOM + 20


def test_it_costs_the_asker_no_statement() -> None:
    watch = Watch(embedded())
    watch.client.write(writes=[key("user:ann author book:1")])
    with CaptureQueriesContext(connection) as bare:
        watch.first.check(asked("user:ann"))
    with CaptureQueriesContext(connection) as queries:
        watch.client.check(asked("user:ann"))
    assert len(queries) == len(bare)
    watch.settled()


def test_a_change_between_the_two_answers_is_no_difference() -> None:
    """A share is taken back while the question waits for the shadow; and another while the two are asked again."""

    class Late(ClientWrapper):
        def batch_check(self, requests: Sequence[CheckRequest]) -> list[bool]:
            for change in changes:
                change()
            changes.clear()
            return super().batch_check(requests)

    watch = Watch(Late(embedded()))
    changes: list[Callable[[], None]] = []
    watch.first.write(writes=[key("user:ann author book:1")])
    changes.append(lambda: watch.first.write(deletes=[key("user:ann author book:1")]))
    assert watch.client.check(asked("user:ann"))
    assert watch.settled() == {Outcome.MOVED: 1}

    class Busy(ClientWrapper):
        """Somebody changes something whenever the shadow is asked."""

        def batch_check(self, requests: Sequence[CheckRequest]) -> list[bool]:
            watch.first.write(writes=[key(f"user:u{time.monotonic_ns()} author book:9")])
            return [not answer for answer in super().batch_check(requests)]

    busy = ShadowedClient(Pair(watch.first, lambda: Busy(embedded()), CONTRACT_MODEL), watch.comparisons, sample=1)
    busy.check(asked("user:ann"))
    assert watch.settled() == {Outcome.MOVED: 2}
    assert watch.differences == []


def test_what_a_transaction_has_written_is_compared_once_it_is_there_for_all() -> None:
    watch = Watch(embedded())
    with transaction.atomic():
        watch.client.write(writes=[key("user:ann author book:1")])
        assert watch.client.check(asked("user:ann"))
        assert watch.settled() == {}
    assert watch.settled() == {Outcome.SAME: 1}
    with pytest.raises(ZeroDivisionError), transaction.atomic():  # noqa: PT012
        watch.client.write(writes=[key("user:bob author book:1")])
        assert watch.client.check(asked("user:bob"))
        raise ZeroDivisionError
    assert watch.settled() == {Outcome.SAME: 1}


def test_a_sample_of_the_questions() -> None:
    watch = Watch(embedded(), sample=0.25)
    chances = iter([0.1, 0.3, 0.9, 0.24])
    watch.client._chance = lambda: next(chances)
    for _ in range(4):
        watch.client.check(asked("user:ann"))
    assert watch.settled() == {Outcome.SAME: 2}


def test_questions_that_end_with_an_error_are_not_compared() -> None:
    watch = Watch(embedded())
    with pytest.raises(Exception, match="no type"):
        watch.client.check(CheckRequest("ghost:x", "can_read", "book:1"))
    assert watch.settled() == {}
