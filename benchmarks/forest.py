"""A large tree in one go: folders four by four below each other, files spread over them, names in no order of either.

Every row is made by the database itself, so that a million files take about a minute. Django has to be set up already.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

from storage.models import Drive

BRANCHES = 4
"""Folders in a folder: 1 to 4 lie in the drive, and ``4 * n + 1`` to ``4 * n + 4`` in folder ``n``."""
FIRST_ID = 1_000_000_000
MIDDLE_NAME = "name 1500000000"
"""About half of all files come before it by name."""
_STRIDE = 7_368_787
"""A prime: multiplied by it, numbers come in an order that has nothing to do with how they were counted."""

_NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})"
_FOLDER = f"'folder' || ({FIRST_ID} + n)"
_FILE = f"'file' || ({FIRST_ID} + n)"
_NAME = f"'name ' || ({FIRST_ID} + (n * CAST({_STRIDE} AS bigint)) %% {FIRST_ID - 1})"
_STATEMENTS = (
    f"""INSERT INTO storage_item (id, kind, drive_id, parent_id, name, name_key, created_at, updated_at)
    {_NUMBERS.format(count="%(folders)s")} SELECT {_FOLDER}, 'folder', %(drive)s,
        CASE WHEN n <= {BRANCHES} THEN %(drive)s ELSE 'folder' || ({FIRST_ID} + (n - 1) / {BRANCHES}) END,
        {_FOLDER}, {_FOLDER}, %(now)s, %(now)s FROM numbers""",
    """INSERT INTO storage_folderclosure (ancestor_id, descendant_id, depth)
    WITH RECURSIVE above(ancestor, descendant, depth) AS (
        SELECT id, id, 0 FROM storage_item WHERE drive_id = %(drive)s AND kind = 'folder' AND parent_id IS NOT NULL
        UNION ALL SELECT i.parent_id, a.descendant, a.depth + 1 FROM above a JOIN storage_item i ON i.id = a.ancestor
        WHERE i.parent_id IS NOT NULL)
    SELECT ancestor, descendant, depth FROM above""",
    f"""INSERT INTO storage_blob (id, drive_id, backend_id, key, sha256, size, created_at)
    {_NUMBERS.format(count="%(files)s")} SELECT {_FILE}, %(drive)s, %(backend)s, {_FILE},
        '{"0" * 54}' || ({FIRST_ID} + n), 1 + n %% 5000, %(now)s FROM numbers""",
    f"""INSERT INTO storage_item (id, kind, drive_id, parent_id, name, name_key, size, content_type, sha256, created_at,
        updated_at, current_version_id)
    {_NUMBERS.format(count="%(files)s")} SELECT {_FILE}, 'file', %(drive)s,
        'folder' || ({FIRST_ID} + 1 + (n - 1) %% %(folders)s), {_NAME}, {_NAME}, 1 + n %% 5000, 'text/plain',
        '{"0" * 54}' || ({FIRST_ID} + n), %(now)s, %(now)s, {_FILE} FROM numbers""",
    f"""INSERT INTO storage_fileversion (id, file_id, blob_id, number, content_type, created_at)
    {_NUMBERS.format(count="%(files)s")} SELECT {_FILE}, {_FILE}, {_FILE}, 1, 'text/plain', %(now)s FROM numbers""",
)


def folder_id(number: int) -> str:
    """Return the id of a folder, counted from 1."""
    return f"folder{FIRST_ID + number}"


def about_half(folders: int) -> list[int]:
    """Return folders that have about half of all others below them, and none of each other."""
    found: list[int] = []
    room = folders // 2
    for number in range(BRANCHES + 1, BRANCHES + BRANCHES**2 + 1):
        size = _size(number, folders)
        if size <= room:
            room -= size
            found.append(number)
    return found


def _size(number: int, folders: int) -> int:
    """Return how many folders there are in the subtree of one, itself included."""
    first = last = number
    size = 0
    while first <= folders:
        size += min(last, folders) - first + 1
        first, last = BRANCHES * first + 1, BRANCHES * last + BRANCHES
    return size


def grow(drive: Drive, folders: int, files: int) -> None:
    """Fill an empty drive. Each folder gets ``files / folders`` files, or one more."""
    values: dict[str, Any] = {
        "drive": drive.id,
        "backend": drive.backend_id,
        "folders": folders,
        "files": files,
        "now": connection.ops.adapt_datetimefield_value(datetime.now(UTC)),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in _STATEMENTS:
            cursor.execute(statement, values)


def grant_others(count: int) -> None:
    """Grant ``count`` times something to people on folders that are not there: what one's own grants stand among."""
    now = connection.ops.adapt_datetimefield_value(datetime.now(UTC))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO authz_relationshiptuple (object_type, object_id, relation, subject, subject_relation,"
            f" condition_name, condition_context, created_at) {_NUMBERS.format(count='%s')} SELECT 'folder',"
            f" 'other' || ({FIRST_ID} + n / 3), 'viewer', 'user:other' || ({FIRST_ID} + n), '', '', '{{}}', %s"
            " FROM numbers",
            [count, now],
        )


def count_rows() -> None:
    """Let PostgreSQL count its rows, as it does by itself after a while. SQLite does so only when it is told to."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
