"""What a metered client counts is what happened: by method and outcome, without a name."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.utils import timezone
from prometheus_client import REGISTRY, generate_latest

from authz.clients.base import AuthzClient, GrantIndex, InstallationClient
from authz.clients.embedded import EmbeddedClient
from authz.clients.wrappers.metered import MeteredClient
from authz.clients.wrappers.wrapper import ClientWrapper
from authz.errors import AuthorizationUnavailable, InvalidRequest, UnknownRelation, WriteConflict
from authz.testing.contract import CONTRACT_MODEL, key
from authz.testing.grant_index_contract import GRANT_MODEL, GRANT_STRUCTURE
from authz.types import Asker, CheckRequest, ListObjectsRequest, ListUsersRequest

Counted = Callable[..., float]


@pytest.fixture
def client(db: None) -> MeteredClient:
    return MeteredClient(EmbeddedClient(CONTRACT_MODEL, clock=timezone.now))


def is_a_client(client: MeteredClient) -> InstallationClient:
    return client


@pytest.fixture
def counted() -> Counted:
    """What a sample has risen by since the test began. The registry is the process's own."""
    before: dict[str, float] = {}

    def read(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(f"filegraph_authz_{name}", labels) or 0.0

    for metric in REGISTRY.collect():
        for sample in metric.samples:
            before[f"{sample.name}{sorted(sample.labels.items())}"] = sample.value

    def risen(name: str, **labels: str) -> float:
        return read(name, **labels) - before.get(f"filegraph_authz_{name}{sorted(labels.items())}", 0.0)

    return risen


def test_checks_are_counted_by_how_they_end(client: MeteredClient, counted: Counted) -> None:
    client.write(writes=[key("user:ann author book:1")])
    assert client.check(CheckRequest("user:ann", "can_read", "book:1"))
    assert not client.check(CheckRequest("user:bob", "can_read", "book:1"))
    with pytest.raises(UnknownRelation):
        client.check(CheckRequest("user:bob", "can_burn", "book:1"))
    for outcome in ("allowed", "denied", UnknownRelation.code):
        assert counted("call_seconds_count", method="check", outcome=outcome) == 1
    client.batch_check([CheckRequest("user:ann", "can_read", f"book:{number}") for number in range(4)])
    assert counted("call_seconds_count", method="batch_check", outcome="ok") == 1
    assert counted("batch_size_sum", method="batch_check") == 4
    assert counted("decisions_total", outcome="allowed") == 2
    assert counted("decisions_total", outcome="denied") == 4


def test_tuples_are_counted_once_they_are_taken(client: MeteredClient, counted: Counted) -> None:
    client.write(writes=[key("user:ann author book:1"), key("user:bob author book:1")])
    with pytest.raises(WriteConflict):
        client.write(writes=[key("user:ann author book:1")])
    client.write(deletes=[key("user:ann author book:1")])
    assert counted("tuples_total", operation="write") == 2
    assert counted("tuples_total", operation="delete") == 1
    assert counted("call_seconds_count", method="write", outcome=WriteConflict.code) == 1


def test_every_method_of_a_client_is_measured(db: None, counted: Counted) -> None:
    client = MeteredClient(EmbeddedClient(GRANT_MODEL, clock=timezone.now, structure=GRANT_STRUCTURE))
    question = CheckRequest("user:ann", "reader", "book:1")
    calls: dict[str, Callable[[], object]] = {
        "check": lambda: client.check(question),
        "batch_check": lambda: client.batch_check([question]),
        "list_objects": lambda: client.list_objects(ListObjectsRequest("user:ann", "reader", "book")),
        "list_users": lambda: client.list_users(ListUsersRequest("book:1", "reader", "user")),
        "expand": lambda: client.expand("reader", "book:1"),
        "explain": lambda: client.explain(question),
        "read": client.read,
        "read_objects": lambda: client.read_objects(["book:1"]),
        "write": lambda: client.write(writes=[key("user:ann reader book:1")]),
        "read_changes": client.read_changes,
        "write_authorization_model": lambda: client.write_authorization_model(GRANT_MODEL),
        "read_authorization_models": client.read_authorization_models,
        "page_plans": lambda: client.page_plans(frozenset({("book", "reader")})),
        "granted": lambda: client.granted(Asker("user:ann"), [("book:1", "reader"), ("book:2", "reader")]),
        "predicate": lambda: client.predicate(Asker("user:ann"), "reader", "book", "n"),
        "followed": lambda: client.followed(None),
    }
    methods = {name for protocol in (AuthzClient, GrantIndex) for name in vars(protocol) if not name.startswith("_")}
    assert calls.keys() == methods
    for name, call in calls.items():
        call()
        outcome = "denied" if name == "check" else "ok"
        assert counted("call_seconds_count", method=name, outcome=outcome) == 1, name
    assert counted("batch_size_sum", method="granted") == 2


def test_an_error_of_ours_is_counted_too(client: MeteredClient, counted: Counted) -> None:
    class Broken(ClientWrapper):
        """Stands for a client whose server is away, or that has a mistake."""

        def __init__(self, error: Exception) -> None:
            super().__init__(client.inner)
            self.error = error

        def check(self, request: CheckRequest) -> bool:
            raise self.error

    request = CheckRequest("user:ann", "can_read", "book:1")
    for error, outcome in ((AuthorizationUnavailable(), AuthorizationUnavailable.code), (KeyError(), "UNEXPECTED")):
        with pytest.raises(type(error)):
            MeteredClient(Broken(error)).check(request)
        assert counted("call_seconds_count", method="check", outcome=outcome) == 1


def test_no_name_is_in_what_is_shown(client: MeteredClient) -> None:
    names = ("ann-the-secret", "book-the-secret")
    client.write(writes=[key(f"user:{names[0]} author book:{names[1]}")])
    client.check(CheckRequest(f"user:{names[0]}", "can_read", f"book:{names[1]}"))
    with pytest.raises(InvalidRequest):
        client.check(CheckRequest(names[0], names[1], "?"))
    text = generate_latest(REGISTRY).decode()
    assert "filegraph_authz_decisions_total" in text
    assert not re.search("|".join(names), text)
