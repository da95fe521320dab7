"""``python -m benchmarks.questions GRANTS``: one side of ``check``."""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Callable

from benchmarks import installation

installation.set_up()

# Models can be imported only now.
from django.db import connection  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from authz.services import relationships  # noqa: E402
from authz.services.active_model import pinned  # noqa: E402
from authz.types import Actor, TupleKey  # noqa: E402
from benchmarks import forest  # noqa: E402
from benchmarks.population import add_files, new_drive, new_folder, new_person  # noqa: E402
from benchmarks.twins import Figures, serve  # noqa: E402
from storage import permissions  # noqa: E402
from storage.errors import NotFound  # noqa: E402
from storage.models import Item, NodeKind, NodeRef  # noqa: E402
from storage.permissions import Permission, Role  # noqa: E402
from storage.selectors import items  # noqa: E402
from storage.selectors.filters import FileFilter  # noqa: E402
from storage.selectors.pages import PageRequest  # noqa: E402

_DEPTH = 8
_GROUPS = 3
_QUESTIONS = 200
_SHOWN = (
    Permission.VIEW,
    Permission.DOWNLOAD,
    Permission.EDIT,
    Permission.SHARE,
    Permission.DELETE,
    Permission.UPLOAD,
)


def main() -> None:
    """Fill the installation and answer rounds."""
    owner, _ = new_person("owner", administrator=True)
    reader, _ = new_person("reader")
    stranger, _ = new_person("stranger")
    drive = new_drive(owner)
    top = folder = new_folder(owner, NodeRef(NodeKind.DRIVE, drive.id), "top")
    for level in range(_DEPTH - 1):
        folder = new_folder(owner, NodeRef(NodeKind.FOLDER, folder.id), f"level {level}")
    add_files(owner, drive, folder.id, 200)
    _let_see(reader.actor, top.id)
    forest.grant_others(int(sys.argv[1]))
    rows = list(Item.objects.filter(parent_id=folder.id))
    shown = items.files(owner.actor, PageRequest(first=100), filter=FileFilter(folder_id=folder.id)).rows
    questions: dict[str, Callable[[], object]] = {
        "allowed": lambda: permissions.require(reader.actor, Permission.DOWNLOAD, random.choice(rows)),
        "refused": lambda: _refuse(stranger.actor, random.choice(rows)),
        "page of 100 x 6": lambda: permissions.allowed(reader.actor, _SHOWN, shown),
    }
    assert len(shown) == 100
    assert all(Permission.DOWNLOAD in flags for flags in permissions.allowed(reader.actor, _SHOWN, shown).values())

    def measure() -> Figures:
        found: dict[str, float] = {}
        for name, ask in questions.items():
            with CaptureQueriesContext(connection) as statements, pinned():
                ask()
            times = _QUESTIONS if name != "page of 100 x 6" else 20
            found[name] = statistics.median(_microseconds(ask) for _ in range(times))
            found[f"{name}, statements"] = len(statements)
        return found

    serve(measure)


def _let_see(actor: Actor, folder_id: str) -> None:
    groups = [f"group:{number}" for number in range(_GROUPS)]
    members = [f"{group}#member" for group in groups]
    relationships.write(
        writes=[
            TupleKey(actor, "member", groups[0]),
            *(TupleKey(members[n], "member", groups[n + 1]) for n in range(_GROUPS - 1)),
            TupleKey(members[-1], Role.VIEWER, f"folder:{folder_id}"),
        ]
    )


def _refuse(actor: Actor, row: Item) -> None:
    try:
        permissions.require(actor, Permission.DOWNLOAD, row)
    except NotFound:
        return
    raise AssertionError("a stranger was let in")


def _microseconds(ask: Callable[[], object]) -> float:
    """Time a question of one request, as each is: the active model is read once in it."""
    started = time.perf_counter()
    with pinned():
        ask()
    return (time.perf_counter() - started) * 1e6


if __name__ == "__main__":
    main()
