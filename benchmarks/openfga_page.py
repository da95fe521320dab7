"""A page with a real OpenFGA server (PostgreSQL engine): list, count and flags of 100 files, against one whole check
of the same run; cold, and while what the person holds is provably unchanged. And somebody with 50,000 grants.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from benchmarks import installation
from benchmarks.rounds import interleave, medians
from benchmarks.row import Row, Size, Skipped

installation.set_up()

# Models can be imported only now.
from django.conf import settings  # noqa: E402
from django.db import transaction  # noqa: E402

from accounts.principal import Principal  # noqa: E402
from authz.clients import tuples  # noqa: E402
from authz.clients.openfga import outbox  # noqa: E402
from authz.clients.openfga.calls import Call, Deadline, Sender  # noqa: E402
from authz.errors import AuthorizationUnavailable  # noqa: E402
from authz.services import remote_engine, visibility  # noqa: E402
from authz.services.client import client_for  # noqa: E402
from authz.services.remote import reconciliation  # noqa: E402
from authz.types import TupleKey  # noqa: E402
from benchmarks.population import add_files, new_drive, new_folder, new_person, share  # noqa: E402
from storage import permissions  # noqa: E402
from storage.models import Item, NodeKind, NodeRef  # noqa: E402
from storage.permissions import APPLICABLE, Permission, Role  # noqa: E402
from storage.selectors import items  # noqa: E402
from storage.selectors.pages import PageRequest  # noqa: E402
from tests.components.openfga import OpenFGAMissing, openfga  # noqa: E402
from tests.components.postgresql import PostgreSQLMissing, postgresql  # noqa: E402
from tests.components.server import new_database  # noqa: E402

NAME = "openfga_page"
_DEPTH = 8
_PAGE = 100
_FLAGS = sorted(APPLICABLE[NodeKind.FILE])
_CALLS = 25


@dataclass
class _Counting:
    sender: Sender
    calls: list[Call] = field(default_factory=list)

    def send(self, calls: Sequence[Call], deadline: Deadline) -> list[Any]:
        self.calls += calls
        return self.sender.send(calls, deadline)


def run(size: Size) -> list[Row]:
    """Rounds 40 (full) or 10 (short); files 8 folders deep; 6,000 grants of others."""
    rounds = 40 if size == "full" else 10
    try:
        with _server() as counting:
            return [*_pages(counting, rounds), *_many_grants(50_000)]
    except (OpenFGAMissing, PostgreSQLMissing) as missing:
        raise Skipped(str(missing)) from missing


@contextmanager
def _server() -> Iterator[_Counting]:
    with postgresql() as url, openfga("postgresql", datastore_url=new_database(url)) as server:
        settings.FILEGRAPH_AUTHZ_CLIENT = "openfga"
        settings.FILEGRAPH_OPENFGA_API_URL = server.api_url
        settings.FILEGRAPH_OPENFGA_PROJECTION_SECONDS = 5.0
        _forget()
        counting = _Counting(remote_engine.transport())
        remote_engine.transport = lambda: counting  # type: ignore[assignment]
        remote_engine.prepare(now=datetime.now(UTC))
        yield counting


def _forget() -> None:
    for cache in (client_for, remote_engine.remote_of):
        cache.cache_clear()


def _pages(counting: _Counting, rounds: int) -> list[Row]:
    owner, _ = new_person("owner", administrator=True)
    reader, _ = new_person("reader")
    drive = new_drive(owner)
    place = NodeRef(NodeKind.DRIVE, drive.id)
    top = folder = new_folder(owner, place, "top")
    for level in range(_DEPTH - 1):
        folder = new_folder(owner, NodeRef(NodeKind.FOLDER, folder.id), f"level {level}")
    add_files(owner, drive, folder.id, _PAGE)
    share(owner, top, reader)
    _grant([TupleKey(f"user:{n:026}", Role.VIEWER.value, f"folder:{n // 3:026}") for n in range(6000)])
    row = Item.objects.filter(parent_id=folder.id).first()
    assert row is not None
    calls: list[int] = []

    def both() -> float:
        # Somebody is given something: nothing that was kept is current any more.
        _grant([TupleKey("user:other", Role.VIEWER.value, f"folder:{len(calls):026}")])
        counting.calls.clear()
        milliseconds["cold"].append(_milliseconds(lambda: _read(reader, _PAGE)))
        calls.append(len(counting.calls))
        _read(reader, _PAGE)
        counting.calls.clear()
        found = _milliseconds(lambda: _read(reader, _PAGE))
        assert len(counting.calls) == 1, "both logs were looked at, and nothing was asked"
        return found

    milliseconds: dict[str, list[float]] = {"cold": []}
    contestants: dict[str, Callable[[], float]] = {
        "kept": both,
        "check": lambda: _milliseconds(lambda: permissions.require(reader.actor, Permission.VIEW, row)),
    }
    for _ in range(20):
        _read(reader, _PAGE)  # the log of the store is long; a process reads to its end once
    for measure in contestants.values():
        measure()
    milliseconds["cold"].clear()
    found = medians(interleave(contestants, rounds)) | medians(milliseconds)
    name = f"{NAME}: 100 files x {len(_FLAGS)} flags, list and count"
    return [
        Row(f"{name}, cold", found["cold"], found["check"], "ms", 6, "at most", "one check"),
        Row(f"{name}, kept", found["kept"], found["check"], "ms", 1, "at most", "one check"),
        Row(f"{NAME}: calls of a cold page", max(calls), None, "calls", _CALLS, "at most"),
    ]


def _many_grants(count: int) -> list[Row]:
    """First page and exact count of somebody with a grant on each of so many files, among others."""
    owner, _ = new_person("giver", administrator=True)
    heir, _ = new_person("heir")
    drive = new_drive(owner, "large")
    add_files(owner, drive, drive.id, count // 50 + 100)
    files = list(Item.objects.filter(drive=drive, kind="file").order_by("id").values_list("id", flat=True))
    seen = files[: count // 50]
    named = [*seen, *(f"{n:026}" for n in range(count - len(seen)))]
    _grant([TupleKey(heir.actor, Role.VIEWER.value, f"file:{name}") for name in named])
    times: list[float] = []
    refused = 0
    for _ in range(9):
        _forget()
        try:
            times.append(_milliseconds(lambda: _read(heir, len(seen))))
        except AuthorizationUnavailable:
            refused += 1  # a machine that is busy with something else may need more than two seconds
    name = f"{NAME}: first page of {count:,} grants"
    found = [Row(name, sorted(times)[len(times) // 2], None, "ms")] if times else []
    return [*found, Row(f"{name}, refused of 9", refused, None, "times", 0, "at most")]


def _grant(keys: Sequence[TupleKey]) -> None:
    """As sharing leaves it, without its questions: record, log, and what is then delivered."""
    now = datetime.now(UTC)
    for start in range(0, len(keys), 5000):
        with transaction.atomic():
            tuples.insert("default", keys[start : start + 5000], now)
            outbox.append("default", keys[start : start + 5000], (), now)
        reconciliation.drain()


def _read(person: Principal, count: int) -> None:
    """As a request does: one moment for list, count and flags."""
    with visibility.moment():
        page = items.files(person.actor, PageRequest(first=_PAGE))
        assert len(page.rows) == min(_PAGE, count)
        assert items.count_files(person.actor) == count
        flags = permissions.allowed(person.actor, _FLAGS, page.rows)
        assert all(flags[row.id] >= {Permission.VIEW, Permission.DOWNLOAD} for row in page.rows)


def _milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000
