"""One whole permission check as a download asks it, among many grants: the time in the middle and at the edge."""

from __future__ import annotations

import random
import time

from benchmarks import installation
from benchmarks.row import Row, Size

installation.set_up()

# Models can be imported only now.
from authz.services import relationships  # noqa: E402
from authz.types import Actor, TupleKey  # noqa: E402
from benchmarks.population import add_files, new_drive, new_folder, new_person, share  # noqa: E402
from storage import permissions  # noqa: E402
from storage.errors import NotFound  # noqa: E402
from storage.models import Item, NodeKind, NodeRef  # noqa: E402
from storage.permissions import Permission, Role  # noqa: E402

NAME = "check"
_DEPTH = 8


def run(size: Size) -> list[Row]:
    """Files 8 folders deep, one grant at the top; 100,000 other grants (full), 10,000 (short); 2,000 checks."""
    others = 100_000 if size == "full" else 10_000
    owner, _ = new_person("owner", administrator=True)
    reader, _ = new_person("reader")
    stranger, _ = new_person("stranger")
    drive = new_drive(owner)
    place = NodeRef(NodeKind.DRIVE, drive.id)
    top = folder = new_folder(owner, place, "top")
    for level in range(_DEPTH - 1):
        folder = new_folder(owner, NodeRef(NodeKind.FOLDER, folder.id), f"level {level}")
    add_files(owner, drive, folder.id, 200)
    share(owner, top, reader)
    _add_grants(others)
    rows = list(Item.objects.filter(parent_id=folder.id))
    for row in rows:
        permissions.require(reader.actor, Permission.DOWNLOAD, row)
        assert _is_refused(stranger.actor, row)
    times = sorted(_microseconds(reader.actor, random.choice(rows)) for _ in range(2000))
    denied = sorted(_timed_refusal(stranger.actor, random.choice(rows)) for _ in range(500))
    return [
        Row(f"{NAME}: allowed, p50", times[len(times) // 2], None, "us"),
        Row(f"{NAME}: allowed, p99", times[len(times) * 99 // 100], None, "us"),
        Row(f"{NAME}: refused, p50", denied[len(denied) // 2], None, "us"),
    ]


def _add_grants(count: int) -> None:
    """Grants of other people on other folders."""
    for start in range(0, count, 100):
        relationships.write(
            writes=[
                TupleKey(Actor(f"user:{start + n:026}"), Role.VIEWER.value, f"folder:{(start + n) // 3:026}")
                for n in range(100)
            ]
        )


def _microseconds(actor: Actor, row: Item) -> float:
    started = time.perf_counter()
    permissions.require(actor, Permission.DOWNLOAD, row)
    return (time.perf_counter() - started) * 1e6


def _is_refused(actor: Actor, row: Item) -> bool:
    try:
        permissions.require(actor, Permission.DOWNLOAD, row)
    except NotFound:
        return True
    return False


def _timed_refusal(actor: Actor, row: Item) -> float:
    started = time.perf_counter()
    refused = _is_refused(actor, row)
    assert refused
    return (time.perf_counter() - started) * 1e6
