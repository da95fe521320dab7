"""The embedded client passes the contract, and writes within its caller's transaction."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from authz.clients.base import AuthzClient, OnConflict
from authz.clients.embedded import EmbeddedClient
from authz.dsl import parse
from authz.dsl.model import Computed, Relation, TypeDefinition
from authz.errors import InvalidModel, WriteConflict
from authz.models import AuthorizationModelVersion, ModelActivation, RelationshipTuple, TupleChange
from authz.testing.condition_contract import CONDITION_MODEL, ConditionContract, until
from authz.testing.contract import CONTRACT_MODEL, AuthzClientContract, key
from authz.types import Asker, CheckRequest, ListObjectsRequest, RelationshipCondition, TupleKey


@pytest.fixture
def client(db: None) -> EmbeddedClient:
    ModelActivation.objects.all().delete()
    AuthorizationModelVersion.objects.all().delete()
    return EmbeddedClient(CONTRACT_MODEL, clock=timezone.now)


class TestEmbeddedClient(AuthzClientContract):
    """Everything that any client does."""


class TestConditions(ConditionContract):
    """Everything that any client does with conditions."""

    @pytest.fixture
    def client(self, db: None) -> EmbeddedClient:
        return EmbeddedClient(CONDITION_MODEL, clock=timezone.now)


def is_a_client(client: EmbeddedClient) -> AuthzClient:
    return client


def test_a_write_is_undone_with_its_callers_transaction(client: EmbeddedClient) -> None:
    def write_and_fail() -> None:
        with transaction.atomic():
            client.write(writes=[key("user:ann reader book:1")])
            assert client.check(CheckRequest("user:ann", "can_read", "book:1"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert not RelationshipTuple.objects.exists()
    assert not TupleChange.objects.exists()


def test_a_failed_write_leaves_the_callers_transaction_usable(client: EmbeddedClient) -> None:
    client.write(writes=[key("user:ann reader book:1")])
    with transaction.atomic():
        with pytest.raises(WriteConflict):
            client.write(writes=[key("user:ann reader book:1")])
        client.write(writes=[key("user:bob reader book:1")])
    assert RelationshipTuple.objects.count() == 2


def test_one_level_is_one_statement(client: EmbeddedClient) -> None:
    client.write(writes=[key(f"user:ann author book:{number}") for number in range(50)])
    client.write(writes=[key("group:g#member banned book:1"), key("user:ann member group:g")])
    requests = [CheckRequest("user:ann", "can_read", f"book:{number}") for number in range(50)]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.batch_check(requests) == [number != 1 for number in range(50)]
    assert len(queries) == 2


def test_tuples_that_the_model_does_not_allow_any_more_count_for_nothing(client: EmbeddedClient) -> None:
    client.write(writes=[key("user:* reader book:1"), key("user:ann member group:g")])
    narrower = parse(
        """model
  schema 1.1
type user
type group
  relations
    define member: [user]
type book
  relations
    define reader: [user, group#member]
"""
    )
    other = EmbeddedClient(narrower, clock=timezone.now)
    assert not other.check(CheckRequest("user:ann", "reader", "book:1"))
    assert other.list_objects(ListObjectsRequest("user:ann", "reader", "book")) == []
    assert other.granted(Asker("user:ann"), [("book:1", "reader")]) == set()
    other.write(deletes=[key("user:* reader book:1")])
    assert not client.check(CheckRequest("user:ann", "reader", "book:1"))


@pytest.mark.django_db(transaction=True)
def test_two_writers_of_one_tuple() -> None:
    client = EmbeddedClient(CONTRACT_MODEL, clock=timezone.now)
    start = threading.Barrier(4)
    outcomes: list[str] = []

    def write(on_duplicate: str) -> None:
        start.wait()
        try:
            client.write(writes=[key("user:ann reader book:1")], on_duplicate="ignore" if on_duplicate else "error")
            outcomes.append("written")
        except WriteConflict:
            outcomes.append("conflict")
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(mode,)) for mode in ("", "", "", "ignore")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert RelationshipTuple.objects.count() == 1
    assert TupleChange.objects.count() == 1
    assert sorted(outcomes)[-1] == "written"
    assert outcomes.count("conflict") in (2, 3)


@pytest.mark.django_db(transaction=True)
def test_a_revocation_is_not_lost_to_somebody_who_changes_a_condition() -> None:
    """A tuple is deleted, and at the same time deleted and written anew: what is acknowledged last must hold."""
    client = EmbeddedClient(CONDITION_MODEL, clock=timezone.now)
    client.write(writes=[until("user:ann viewer folder:1")])
    written, go = threading.Event(), threading.Event()
    ann, longer = key("user:ann viewer folder:1"), until("user:ann viewer folder:1", "2999-01-01T00:00:00Z")

    def prolong() -> None:
        try:
            with transaction.atomic():
                client.write(deletes=[ann], writes=[longer])
                written.set()
                go.wait(10)
        finally:
            connection.close()

    def revoke() -> None:
        try:
            client.write(deletes=[ann], on_missing="ignore")
        finally:
            connection.close()

    first, second = threading.Thread(target=prolong), threading.Thread(target=revoke)
    first.start()
    assert written.wait(10)
    second.start()
    second.join(0.3)
    assert second.is_alive(), "it waits for the other"
    go.set()
    first.join(10)
    second.join(10)
    assert not RelationshipTuple.objects.exists()
    assert [change.operation for change in client.read_changes().changes] == ["write", "delete", "write", "delete"]


@pytest.fixture
def conditional(client: EmbeddedClient) -> TupleKey:
    """A tuple under a condition, as an older model has left it."""
    RelationshipTuple.objects.create(
        object_type="book",
        object_id="1",
        relation="reader",
        subject="user:ann",
        condition_name="until",
        condition_context={"end": "2026-01-02"},
        created_at=timezone.now(),
    )
    return replace(key("user:ann reader book:1"), condition=RelationshipCondition("until", {"end": "2026-01-02"}))


def test_a_condition_that_the_model_has_no_more_is_told_and_grants_nothing(
    client: EmbeddedClient, conditional: TupleKey
) -> None:
    assert conditional.condition is not None
    for found in (*client.read(object="book:1").tuples, *client.read_objects(["book:1"])[0]):
        assert found.condition is not None
        assert (found.condition.name, found.condition.context) == ("until", {"end": "2026-01-02"})
    assert not client.check(CheckRequest("user:ann", "can_read", "book:1"))
    assert client.list_objects(ListObjectsRequest("user:ann", "can_read", "book")) == []


@pytest.mark.parametrize("on_duplicate", ["error", "ignore"])
def test_a_tuple_under_a_condition_is_no_duplicate_of_one_without(
    client: EmbeddedClient, conditional: TupleKey, on_duplicate: OnConflict
) -> None:
    with pytest.raises(WriteConflict):
        client.write(writes=[key("user:ann reader book:1")], on_duplicate=on_duplicate)


def test_the_log_keeps_the_condition_of_what_was_deleted(client: EmbeddedClient, conditional: TupleKey) -> None:
    client.write(deletes=[key("user:ann reader book:1")])
    (change,) = client.read_changes().changes
    assert (change.operation, change.tuple_key) == ("delete", conditional)
    assert change.tuple_key.condition is not None
    assert change.tuple_key.condition.context == {"end": "2026-01-02"}


def test_an_orphan_is_explained_as_it_is_stored(db: None) -> None:
    """Also by a model without conditions, which answers without reading what tuples carry."""
    until = RelationshipCondition("until", {"end": "2999-01-01T00:00:00Z"})
    head = "model\n  schema 1.1\ntype user\ntype book\n  relations\n    define reader: [user"
    timed = parse(f"{head}, user with until]\ncondition until(now: timestamp, end: timestamp) {{ now < end }}\n")
    orphan = TupleKey("user:ann", "reader", "book:1", until)
    EmbeddedClient(timed, clock=timezone.now).write(writes=[orphan])
    plain = EmbeddedClient(parse(f"{head}]\n"), clock=timezone.now)
    found = plain.explain(CheckRequest("user:ann", "reader", "book:1"))
    assert (found.allowed, found.missing) == (False, ())
    assert [each.tuple for each in found.unmet] == [orphan]


def test_no_version_is_kept_that_its_text_could_not_say(client: EmbeddedClient) -> None:
    """A model that was put together by hand: whoever reads the version later reads its text."""
    book = CONTRACT_MODEL.types["book"]
    ring = TypeDefinition("book", {**book.relations, "ring": Relation("ring", Computed("ring"))})
    with pytest.raises(InvalidModel):
        client.write_authorization_model(replace(CONTRACT_MODEL, types={**CONTRACT_MODEL.types, "book": ring}))
    assert not AuthorizationModelVersion.objects.exists()
