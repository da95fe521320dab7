"""``python -m benchmarks.visible_viewers FOLDERS FILES DATABASE_URL``: one side of ``visible_1m``.

A large tree, people who see different parts of it by shares of folders, and what each of them asks for.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence

from benchmarks import installation

installation.set_up(sys.argv[3])

# Models can be imported only now.
from authz.services import relationships  # noqa: E402
from authz.types import Actor, TupleKey  # noqa: E402
from benchmarks import forest  # noqa: E402
from benchmarks.population import new_drive, new_person  # noqa: E402
from benchmarks.twins import Figures, serve  # noqa: E402
from storage.models import Item, ItemKind  # noqa: E402
from storage.permissions import Role  # noqa: E402
from storage.selectors import items  # noqa: E402
from storage.selectors.pages import PageRequest  # noqa: E402

PAGES = 9
PAGE = 50


def main() -> None:
    """Fill the installation and answer rounds."""
    folders, files = int(sys.argv[1]), int(sys.argv[2])
    people = _people(folders, files)
    cursors = {name: _middle(actor) for name, actor in people.items()}
    for name, actor in people.items():
        seen = items.count_files(actor)
        assert {"nothing": 0, "a hundred": 100, "everything": files}.get(name, seen) == seen, (name, seen)
        assert name != "half" or 0.4 < seen / files < 0.6

    def measure() -> Figures:
        found: dict[str, float] = {}
        for name, actor in people.items():
            request = PageRequest(first=PAGE, after=cursors[name])
            # The fastest of a few: whatever else the machine does meanwhile only adds to it.
            found[name] = min(_milliseconds(lambda: items.files(actor, request)) for _ in range(PAGES))  # noqa: B023
            found[f"count {name}"] = _milliseconds(lambda: items.count_files(actor))  # noqa: B023
        return found

    serve(measure)


def _people(folders: int, files: int) -> Mapping[str, Actor]:
    owner, _ = new_person("owner", administrator=True)
    drive = new_drive(owner)
    forest.grow(drive, folders, files)
    shares: Mapping[str, Sequence[int]] = {
        "nothing": [],
        "a hundred": range(folders, folders - 100 * folders // files, -1),
        "half": forest.about_half(folders),
        "everything": range(1, forest.BRANCHES + 1),
    }
    people = {}
    for name, numbers in shares.items():
        person, _ = new_person(name.replace(" ", "-"))
        people[name] = person.actor
        keys = [TupleKey(person.actor, Role.VIEWER, f"folder:{forest.folder_id(number)}") for number in numbers]
        if keys:
            relationships.write(writes=keys)
    forest.count_rows()
    return people


def _middle(actor: Actor) -> str:
    """Return a cursor in the middle of the list by name; the actor need not see the row that it is made of."""
    row = Item.objects.filter(kind=ItemKind.FILE, name_key__gte=forest.MIDDLE_NAME).order_by("name_key", "id").first()
    assert row is not None
    return items.files(actor, PageRequest(first=1)).cursor(row)


def _milliseconds(ask: Callable[[], object]) -> float:
    started = time.perf_counter()
    ask()
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    main()
