from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, models, transaction
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from storage.models import Backend, Blob, Drive, FileVersion, Item, Upload
from storage.selectors.folders import folders
from storage.selectors.uploads import uploads
from storage.tables import BLOBS, UPLOADS, Table, change, fetch, marks, moment
from tests.components.uploads import make_world

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("model", [Backend, Drive, Item, Upload, Blob, FileVersion])
def test_an_object_is_the_same_as_the_orms(tmp_path: Path, model: type[models.Model]) -> None:
    make_world(tmp_path, quota=100).upload("ed", idempotency_key="k")
    table = Table(model, "x")
    rows = fetch(f"SELECT 1, {table.columns} FROM {model._meta.db_table} x ORDER BY id", [])
    expected = list(model._default_manager.order_by("pk"))
    assert len(rows) == len(expected) > 0
    for row, orm in zip(rows, expected, strict=True):
        found = table.read(row, 1)
        for field in model._meta.concrete_fields:
            assert getattr(found, field.attname) == getattr(orm, field.attname)
            assert type(getattr(found, field.attname)) is type(getattr(orm, field.attname))
        assert found == orm
        assert not found._state.adding


def test_inserting_is_what_the_orm_would_have_done(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    blobs = [
        Blob(drive=world.drive, backend=world.backend, key=f"k{n}", sha256=f"{n}" * 64, size=n, created_at=world.now)
        for n in range(3)
    ]
    assert BLOBS.insert(blobs[:2]) == 2
    assert {blob.key: blob.created_at for blob in Blob.objects.all()} == {"k0": world.now, "k1": world.now}
    with pytest.raises(IntegrityError), transaction.atomic():
        BLOBS.insert(blobs[1:])
    assert BLOBS.insert(blobs, ignore_conflicts=True) == 1
    assert BLOBS.insert(blobs[:1], ignore_conflicts=True) == 0
    assert BLOBS.insert([]) == 0
    assert Blob.objects.count() == 3


def test_a_new_object_has_the_defaults_of_its_model(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    given = {"drive_id": world.drive.id, "parent_id": world.drive.id, "actor": "user:x", "name": "n"}
    times = {"created_at": world.now, "expires_at": world.now}
    made = UPLOADS.new(**given, **times, declared_size=3)
    other = UPLOADS.new(**given, **times, declared_size=3)
    expected = Upload(**given, **times, declared_size=3)
    random = {"id", "staging_key", "file_id"}
    for field in Upload._meta.concrete_fields:
        value = getattr(made, field.attname)
        assert type(value) is type(getattr(expected, field.attname))
        assert (value == getattr(expected, field.attname)) is (field.attname not in random)
        assert (value == getattr(other, field.attname)) is (field.attname not in random)
    assert made._state.adding
    assert UPLOADS.insert([made, other]) == 2
    assert not made._state.adding
    assert Upload.objects.get(id=made.id) == made
    with pytest.raises(TypeError, match="drive"):
        UPLOADS.new(drive=world.drive)


def test_a_change_tells_how_many_rows(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    later = world.now.replace(year=2030)
    ids = [world.drive.id, "nothing"]
    assert change(f"UPDATE storage_drive SET created_at = %s WHERE id IN ({marks(ids)})", [moment(later), *ids]) == 1
    assert Drive.objects.get(id=world.drive.id).created_at == later
    assert connection.vendor in ("sqlite", "postgresql")


def test_of_nothing_there_is_nothing() -> None:
    assert uploads([]) == []
    assert folders([]) == []


def test_what_is_not_read_is_fetched_when_it_is_asked_for(
    tmp_path: Path, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    world = make_world(tmp_path, quota=100)
    table = Table(Drive, "d", only=("id", "prefix"))
    assert table.columns == "d.id, d.prefix"
    (row,) = fetch(f"SELECT {table.columns} FROM storage_drive d WHERE d.id = %s", [world.drive.id])
    drive = table.read(row)
    with django_assert_num_queries(1):
        assert (drive.id, drive.prefix, drive.quota_bytes) == (world.drive.id, "", 100)


def test_statements_are_counted_and_heard_where_somebody_listens(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    heard = []

    def listen(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        heard.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(listen), CaptureQueriesContext(connection) as queries:
        assert fetch("SELECT prefix FROM storage_drive WHERE id = %s", [world.drive.id])[0][0] == ""
        assert change("UPDATE storage_drive SET prefix = %s WHERE id = %s", ["p", world.drive.id]) == 1
    assert len(heard) == len(queries) == 2


def test_errors_are_djangos_and_a_broken_transaction_takes_no_statement(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    with transaction.atomic():
        with pytest.raises(IntegrityError), transaction.atomic():
            change("UPDATE storage_drive SET used_bytes = %s WHERE id = %s", [-1, world.drive.id])
        with pytest.raises(DatabaseError), transaction.atomic():
            fetch("SELECT nothing FROM storage_drive", [])
        transaction.set_rollback(True)
        with pytest.raises(TransactionManagementError):
            fetch("SELECT 1", [])
