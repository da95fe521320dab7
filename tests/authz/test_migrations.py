"""An installation of an older version, whose tuples are with an OpenFGA server alone, gets its record from its log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from authz.models import RelationshipTuple, RemoteStore

pytestmark = pytest.mark.django_db(transaction=True)


def migrate(name: str) -> Any:
    MigrationExecutor(connection).migrate([("authz", name)])
    return MigrationExecutor(connection).loader.project_state([("authz", name)]).apps


@pytest.fixture
def old() -> Iterator[Any]:
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes("authz")
    yield migrate("0002_openfga")
    MigrationExecutor(connection).migrate(newest)


def changed(old: Any, operation: str, subject: str, delivery: str = "", **condition: Any) -> None:
    old.get_model("authz", "TupleChange").objects.create(
        operation=operation, object_type="file", object_id="1", relation="viewer", subject=subject,
        created_at=timezone.now(), delivery=delivery, **condition,
    )  # fmt: skip


def record() -> set[tuple[str, str, str]]:
    return set(RelationshipTuple.objects.values_list("subject", "subject_relation", "condition_name"))


def test_the_record_is_what_the_log_ends_with(old: Any) -> None:
    changed(old, "write", "user:ann")
    changed(old, "write", "user:bob")
    changed(old, "delete", "user:bob", "pending")
    changed(old, "write", "group:g#member", "pending")
    changed(old, "write", "user:cat", "refused")
    changed(old, "write", "user:dan")
    changed(old, "delete", "user:dan")
    changed(old, "write", "user:dan", condition_name="until", condition_context={"end": "2030-01-01T00:00:00Z"})
    old.get_model("authz", "RemoteModel").objects.create(
        store_id="S" * 26, digest="d", model_id="M" * 26, created_at=timezone.now()
    )
    migrate("0004_remote_record")
    assert record() == {("user:ann", "", ""), ("group:g#member", "member", ""), ("user:dan", "", "until")}
    assert RelationshipTuple.objects.get(subject="user:dan").condition_context == {"end": "2030-01-01T00:00:00Z"}
    noted = RemoteStore.objects.get()
    assert (noted.store_id, noted.is_whole) == ("S" * 26, True)


def test_the_tuples_of_the_embedded_engine_are_its_record_already(old: Any) -> None:
    changed(old, "write", "user:ann")
    migrate("0004_remote_record")
    assert record() == set()
    assert not RemoteStore.objects.exists()
