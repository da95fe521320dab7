"""A hundred thousand files on PostgreSQL: no request and no chore reads a large table from one end to the other.

PostgreSQL counts what its scans read, also for its foreign key checks; what was planned is shown where it is too much.
A scan that is planned and ends at once, because nothing can be found, is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.models import User
from accounts.principal import actor_of
from accounts.services import users
from authz.services import relationships
from authz.services.client import configured_client
from authz.types import Actor
from storage import registry
from storage.models import Backend, ConflictPolicy, Drive, Item, NodeKind, NodeRef
from storage.permissions import Role
from storage.selectors import items
from storage.selectors.filters import FileFilter
from storage.selectors.pages import PageRequest
from storage.services import drives, folders, sharing, sweep, trash, uploads
from storage.services.uploads import BeginRequest

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
FILES, PER_FOLDER = 100_000, 100
SOME = 5000
"""Rows that a scan may read, until a look at how much somebody sees, or a page, is full."""

LARGE = {
    "storage_item",
    "storage_blob",
    "storage_fileversion",
    "storage_folderclosure",
    "storage_upload",
    "storage_tombstone",
    "authz_relationshiptuple",
    "authz_tuplechange",
}

_FILL = """
INSERT INTO storage_item (id, kind, drive_id, parent_id, name, name_key, created_at, updated_at)
  SELECT format('folder%%s', f), 'folder', %(drive)s, %(drive)s, format('folder %%s', f), format('folder %%s', f), %(now)s, %(now)s
  FROM generate_series(1, %(folders)s) f;
INSERT INTO storage_folderclosure (ancestor_id, descendant_id, depth)
  SELECT ancestor, id, depth FROM storage_item, LATERAL (VALUES (id, 0), (%(drive)s, 1)) above (ancestor, depth)
  WHERE kind = 'folder' AND id <> %(drive)s;
INSERT INTO storage_item (id, kind, drive_id, parent_id, name, name_key, size, content_type, sha256, created_at, updated_at,
    current_version_id)
  SELECT format('file%%s', n), 'file', %(drive)s, format('folder%%s', 1 + (n - 1) / %(each)s), format('file %%s', n),
    format('file %%s', n), n %% 5000, 'text/plain', encode(sha256(n::text::bytea), 'hex'), %(now)s,
    %(now)s + n * interval '1 second', format('versionfile%%s', n)
  FROM generate_series(1, %(files)s) n;
INSERT INTO storage_blob (id, drive_id, backend_id, key, sha256, size, created_at)
  SELECT format('blob%%s', id), drive_id, %(backend)s, id, sha256, size, %(now)s FROM storage_item WHERE kind = 'file';
INSERT INTO storage_fileversion (id, file_id, blob_id, number, content_type, created_at)
  SELECT format('version%%s', id), id, format('blob%%s', id), 1, 'text/plain', %(now)s FROM storage_item WHERE kind = 'file';
UPDATE storage_drive SET used_bytes = (SELECT sum(size) FROM storage_blob) WHERE id = %(drive)s;
INSERT INTO storage_upload (id, state, failure, drive_id, parent_id, actor, idempotency_key, name, on_conflict, declared_size,
    declared_type, declared_sha256, staging_key, attempt, received_sha256, received_type, file_id, created_at,
    expires_at, finished_at, received_size)
  SELECT format('upload%%s', n), 'ready', '', %(drive)s, %(drive)s, format('user:%%s', n %% 500), format('key%%s', n), 'x', 'fail', 1,
    '', '', format('staging%%s', n), 1, '', '', format('file%%s', n), %(now)s, %(now)s, %(now)s - n * interval '1 second', 1
  FROM generate_series(1, %(files)s) n;
INSERT INTO storage_tombstone (backend_id, key, delete_after)
  SELECT %(backend)s, format('gone%%s', n), %(now)s + n * interval '1 minute' FROM generate_series(-5, 20000) n;
INSERT INTO authz_relationshiptuple (object_type, object_id, relation, subject, subject_relation, condition_name,
    condition_context, created_at)
  SELECT 'folder', format('folder%%s', 1 + n %% %(folders)s), 'viewer', format('user:%%s', n / 20), '', '', '{}', %(now)s
  FROM generate_series(1, 20000) n;
INSERT INTO authz_tuplechange (operation, object_type, object_id, relation, subject, condition_name, condition_context,
    created_at, delivery)
  SELECT 'write', object_type, object_id, relation, subject, '', '{}', created_at, '' FROM authz_relationshiptuple;
"""  # noqa: E501


class Watch:
    """What was planned, and which large tables were read whole."""

    def __init__(self) -> None:
        self.plans: list[str] = []

    @contextmanager
    def __call__(self, title: str) -> Iterator[None]:
        before = _rows_scanned()
        self.plans.clear()
        with connection.execute_wrapper(self._explain):
            yield
        read_whole = {name for name, count in _rows_scanned().items() if count > before.get(name, 0) + SOME} & LARGE
        shown = "\n".join(plan for plan in self.plans if any(f"Seq Scan on {table}" in plan for table in read_whole))
        assert not read_whole, f"{title} reads {sorted(read_whole)} from one end to the other:\n{shown or self.plans}"

    def _explain(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if not many and sql.lstrip().split(None, 1)[0].upper() in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH"):
            # Planned on a connection's own cursor, so that nobody else's result is in the way.
            with context["connection"].connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN {sql}", params)
                self.plans.append(f"{sql}\n" + "\n".join(row[0] for row in cursor.fetchall()))
        return execute(sql, params, many, context)


def _rows_scanned() -> dict[str, int]:
    """How many rows of each table sequential scans have read since the server started."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT relname, seq_tup_read FROM pg_stat_user_tables")
        return dict(cursor.fetchall())


@pytest.fixture
def watch() -> Watch:
    return Watch()


def _fill(drive: Drive) -> None:
    values: dict[str, Any] = {
        "drive": drive.id, "backend": drive.backend_id, "now": NOW, "files": FILES, "each": PER_FOLDER,
        "folders": FILES // PER_FOLDER,
    }  # fmt: skip
    with connection.cursor() as cursor:
        with transaction.atomic():
            for statement in _FILL.split(";\n"):
                if statement.strip():
                    cursor.execute(statement, values)
        cursor.execute("VACUUM ANALYZE")


def test_no_large_table_is_read_from_one_end_to_the_other(watch: Watch) -> None:
    ann = users.create_unasked("ann", "correct horse battery", administrator=True)
    vera = users.create_unasked("vera", "correct horse battery")
    admin, reader = actor_of(ann.pk), actor_of(vera.pk)
    backend = Backend.objects.create(name="plans", driver="memory")
    drive = drives.create(admin, ann.pk, "plans", backend_id=backend.id, now=NOW)
    _fill(drive)
    shared = Item.objects.get(id="folder7")
    sharing.share(admin, NodeRef(NodeKind.FOLDER, shared.id), reader, Role.VIEWER)

    with watch("a page of a folder"):
        page = items.children(admin, shared, PageRequest(first=50))
        assert len(page.rows) == 50
    with watch("a page of a drive"):
        items.children(admin, drive, PageRequest(first=50))
    with watch("the page after"):
        items.children(admin, shared, PageRequest(first=50, after=page.cursor(page.rows[-1])))
    with watch("how many she sees of a folder"):
        assert items.count_children(reader, shared) == PER_FOLDER
    for title, filter_ in {
        "a selective list": FileFilter(),
        "by hash": FileFilter(sha256="0" * 64),
        "one drive": FileFilter(drive_id=drive.id),
        "one folder": FileFilter(folder_id=shared.id),
        "the newest": FileFilter(updated_after=NOW + timedelta(seconds=FILES - 5)),
    }.items():
        with watch(f"{title}, of one who sees little"):
            items.files(reader, PageRequest(first=50), filter=filter_)
        with watch(f"{title}, of one who sees all"):
            items.files(admin, PageRequest(first=50), filter=filter_)
    with watch("how many files one sees who sees little"):
        assert items.count_files(reader) == PER_FOLDER
    _upload(watch, admin, ann, drive, shared)
    _chores(watch, drive)
    with watch("purging a folder"):
        ref = NodeRef(NodeKind.FOLDER, "folder9")
        trash.trash(admin, ann.pk, [ref], now=NOW)
        assert items.trashed(admin, drive, PageRequest(first=50)).rows
        assert trash.purge(admin, [ref], now=NOW) == ["folder9"]


def _upload(watch: Watch, admin: Actor, ann: User, drive: Drive, shared: Item) -> None:
    request = BeginRequest(shared.id, "file 601", 0, on_conflict=ConflictPolicy.RENAME, idempotency_key="k")
    with watch("beginUpload, by name and by idempotency key"):
        (started,) = uploads.begin(admin, ann.pk, [request], now=NOW)
        (again,) = uploads.begin(admin, ann.pk, [request], now=NOW)
        assert isinstance(started, uploads.StartedUpload)
        assert isinstance(again, uploads.StartedUpload)
    with watch("abort"):
        uploads.abort(admin, started.upload.id, now=NOW)
    with watch("a folder"):
        folders.create(admin, ann.pk, NodeRef(NodeKind.FOLDER, shared.id), "new", now=NOW)
    with watch("sharing"):
        sharing.share(
            admin,
            NodeRef(NodeKind.FOLDER, shared.id),
            actor_of(users.create_unasked("zoe", "correct horse").pk),
            Role.VIEWER,
        )


def _chores(watch: Watch, drive: Drive) -> None:
    registry.forget()
    with watch("a sweep"):
        assert sweep.sweep(now=NOW, limit=10).deleted
    with watch("a sweep that forgets uploads"):
        sweep.sweep(now=NOW + timedelta(days=30) - timedelta(seconds=FILES - 20), limit=100)
    with watch("the log of changes"):
        page = configured_client().read_changes(page_size=50)
        configured_client().read_changes(page_size=50, continuation_token=page.continuation_token)
        configured_client().read_changes(type="folder", page_size=50)
    with watch("the tuples of a folder"):
        assert relationships.read(object="folder:folder7").tuples
