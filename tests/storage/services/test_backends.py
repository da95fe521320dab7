"""Backends as rows: who may make them, and what is fixed once a drive relies on one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from authz.services import relationships
from authz.types import Actor, TupleKey
from storage import registry
from storage.backends.local import LocalBackend
from storage.errors import (
    BackendUnavailable,
    Conflict,
    InvalidArgument,
    InvalidName,
    NameTaken,
    NotFound,
    PermissionDenied,
)
from storage.models import Backend, Blob
from storage.services import backends, drives
from storage.testing.backend_contract import put
from tests.components.seaweedfs import SeaweedFS
from tests.storage.tree import NOW, grant, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> Actor:
    actor = person("admin")
    grant(actor, "admin", "organization:default")
    return actor


def change(actor: Actor, row: Backend, **values: Any) -> Backend:
    present: dict[str, Any] = {
        "name": row.name,
        "driver": row.driver,
        "config": row.config,
        "writable": row.writable,
    }
    return backends.change(actor, row.id, **{**present, "now": NOW, **values})


def test_administrators_make_backends_and_nobody_else(admin: Actor) -> None:
    row = backends.create(admin, " disk ", "memory", config={}, now=NOW)
    assert Backend.objects.get() == row
    assert (row.name, row.driver, row.writable) == ("disk", "memory", True)
    for other in (person(), Actor("anonymous:visitor")):
        with pytest.raises(PermissionDenied):
            backends.create(other, "mine", "memory", config={}, now=NOW)
        with pytest.raises(PermissionDenied):
            change(other, row, writable=False)


def test_whoever_administers_one_backend_changes_that_one(admin: Actor) -> None:
    row, other = (backends.create(admin, name, "memory", config={}, now=NOW) for name in ("a", "b"))
    keeper = person()
    grant(keeper, "admin", f"backend:{row.id}")
    assert not change(keeper, row, writable=False).writable
    with pytest.raises(PermissionDenied):
        change(keeper, other, writable=False)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"name": ""}, InvalidName),
        ({"name": "x" * 101}, InvalidName),
        ({"name": "a\x00b"}, InvalidName),
        ({"name": "taken"}, NameTaken),
        ({"driver": "floppy"}, InvalidArgument),
        ({"driver": "local", "config": {}}, BackendUnavailable),
        ({"driver": "local", "config": {"root": {"env": "STORE_NOT_SET"}}}, BackendUnavailable),
    ],
)
def test_what_cannot_be(admin: Actor, values: dict[str, Any], error: type[Exception]) -> None:
    taken = backends.create(admin, "taken", "memory", config={}, now=NOW)
    row = backends.create(admin, "row", "memory", config={}, now=NOW)
    with pytest.raises(error):
        backends.create(admin, **{"name": "new", "driver": "memory", "config": {}, "now": NOW, **values})
    with pytest.raises(error):
        change(admin, row, **values)
    assert list(Backend.objects.order_by("created_at").values_list("name", "driver")) == [
        (taken.name, "memory"),
        (row.name, "memory"),
    ]


def test_a_variable_that_is_not_set_is_named_to_whoever_makes_the_backend(admin: Actor) -> None:
    with pytest.raises(BackendUnavailable, match="STORE_NOT_SET"):
        backends.create(admin, "new", "local", config={"root": {"env": "STORE_NOT_SET"}}, now=NOW)


def test_where_bytes_are_kept_is_fixed_once_a_drive_uses_it(admin: Actor, tmp_path: Path) -> None:
    row = backends.create(admin, "disk", "local", config={"root": str(tmp_path / "one")}, now=NOW)
    row = change(admin, row, config={"root": str(tmp_path / "two")}, now=NOW)
    drives.create(admin, None, "Team", backend_id=row.id, now=NOW)
    for values in (
        {"config": {"root": str(tmp_path / "one")}},
        {"driver": "memory"},
        {"driver": "memory", "config": {}},
    ):
        with pytest.raises(Conflict):
            change(admin, row, **values)
    assert Backend.objects.get().config == {"root": str(tmp_path / "two")}
    assert change(admin, row, name="old disk", writable=False).name == "old disk"


def test_a_used_backend_that_cannot_be_reached_can_still_be_closed(
    admin: Actor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STORE_TEST_ROOT", str(tmp_path))
    row = backends.create(admin, "disk", "local", config={"root": {"env": "STORE_TEST_ROOT"}}, now=NOW)
    drives.create(admin, None, "Team", backend_id=row.id, now=NOW)
    monkeypatch.delenv("STORE_TEST_ROOT")
    assert not change(admin, row, writable=False).writable


def test_no_variable_of_the_process_is_sent_to_an_address_of_somebody_s_choice(
    admin: Actor, seaweed: SeaweedFS, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FILEGRAPH_SECRET_KEY", "nobody's business")
    monkeypatch.setenv("STORE_SECRET", seaweed.secret_key)
    now, stolen = datetime.now(UTC), {"env": "FILEGRAPH_SECRET_KEY"}
    config = seaweed.config(secret_access_key={"env": "STORE_SECRET"})
    with pytest.raises(InvalidArgument, match="begin with STORE_"):
        backends.create(admin, "photos", "s3", config={**config, "access_key_id": stolen}, now=now)
    row = backends.create(admin, "photos", "s3", config=config, now=now)
    with pytest.raises(InvalidArgument, match="begin with STORE_"):
        change(admin, row, config={**config, "access_key_id": stolen}, now=now)


def test_what_setup_has_named_stays_where_it_is(admin: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILEGRAPH_ROOT", str(tmp_path))
    named = {"env": "FILEGRAPH_ROOT"}
    row = backends.create_unasked("disk", "local", config={"root": named}, now=NOW)
    assert change(admin, row, name="old", config={"root": named, "durable": False}).config["root"] == named
    with pytest.raises(InvalidArgument):
        change(admin, row, config={"root": str(tmp_path), "other": named})


def test_one_that_is_not_there(admin: Actor) -> None:
    with pytest.raises(NotFound):
        change(admin, Backend(id="0" * 26, name="x", driver="memory", config={}))


def test_a_bucket_is_tried_before_it_is_relied_on(
    admin: Actor, seaweed: SeaweedFS, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    with pytest.raises(InvalidArgument, match="secret_access_key"):
        backends.create(admin, "photos", "s3", config=seaweed.config(), now=now)
    secret = {"env": "STORE_TEST_SECRET"}
    monkeypatch.setenv("STORE_TEST_SECRET", "wrong")
    with pytest.raises(BackendUnavailable, match="The secret does not belong to the access key"):
        backends.create(admin, "photos", "s3", config=seaweed.config(secret_access_key=secret), now=now)
    monkeypatch.setenv("STORE_TEST_SECRET", seaweed.secret_key)
    with pytest.raises(BackendUnavailable, match="There is no bucket"):
        backends.create(admin, "photos", "s3", config=seaweed.config(bucket="none", secret_access_key=secret), now=now)
    row = backends.create(admin, "photos", "s3", config=seaweed.config(secret_access_key=secret), now=now)
    assert seaweed.secret_key not in str(Backend.objects.filter(id=row.id).values())
    with pytest.raises(BackendUnavailable, match="There is no bucket"):
        change(admin, row, config={**row.config, "bucket": "none"}, now=now)


def test_setup_leads_a_used_backend_only_to_where_its_files_are(admin: Actor, tmp_path: Path) -> None:
    row = backends.create(admin, "disk", "local", config={"root": str(tmp_path / "one")}, now=NOW)
    drive = drives.create(admin, None, "Team", backend_id=row.id, now=NOW)
    keys = [f"ab/{number:026}" for number in range(3)]
    for key in keys:
        put(registry.backend_for(row), key, b"x")
        Blob.objects.create(drive=drive, backend=row, key=key, sha256=key[-20:], size=1, created_at=NOW)
    for number, key in enumerate(keys):
        with pytest.raises(Conflict):
            backends.reconfigure_unasked(row.id, "local", config={"root": str(tmp_path / "two")}, now=NOW)
        assert Backend.objects.get().config == {"root": str(tmp_path / "one")}, number
        put(LocalBackend(backend_config={"root": str(tmp_path / "two")}), key, b"x")
    backends.reconfigure_unasked(row.id, "local", config={"root": str(tmp_path / "two")}, now=NOW)
    assert Backend.objects.get().config == {"root": str(tmp_path / "two")}


def test_who_loses_the_right_while_the_store_is_tried_makes_and_changes_none(
    admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = backends.create(admin, "disk", "memory", config={}, now=NOW)
    tried = backends._try

    def taken_back(*args: Any) -> None:
        tried(*args)
        relationships.write(deletes=[TupleKey(admin, "admin", "organization:default")])

    monkeypatch.setattr(backends, "_try", taken_back)
    with pytest.raises(PermissionDenied):
        backends.create(admin, "other", "memory", config={}, now=NOW)
    grant(admin, "admin", "organization:default")
    with pytest.raises(PermissionDenied):
        change(admin, row, name="other")
    assert Backend.objects.get().name == "disk"
