"""Many files of 1 KiB by eight clients: CPU of begin and finalize, files per second against nginx's dav PUT."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from benchmarks.account import Account, open_account
from benchmarks.rounds import interleave, medians
from benchmarks.row import Row, Size
from benchmarks.wire import KeepAlive, endpoint
from tests.components.nginx import Nginx, nginx
from tests.components.process_tree import cpu_seconds
from tests.components.server import serving

Item = TypeVar("Item")
Result = TypeVar("Result")

NAME = "small_files"
_CLIENTS = 8
_LENGTH = 1024
_BEGIN = (
    "mutation B($input: BeginUploadsInput!) { beginUploads(input: $input) { results "
    "{ upload { id transport { ... on SinglePut { url } } } errors { code } } } }"
)
_FINALIZE = (
    "mutation F($input: FinalizeUploadsInput!) "
    "{ finalizeUploads(input: $input) { results { file { id } errors { code } } } }"
)
_BEGIN_ONE = (
    "mutation B($input: BeginUploadInput!) { beginUpload(input: $input) "
    "{ upload { id transport { ... on SinglePut { url } } } errors { code } } }"
)
_FINALIZE_ONE = (
    "mutation F($input: FinalizeUploadInput!) { finalizeUpload(input: $input) { file { id } errors { code } } }"
)


@dataclass(slots=True)
class Costs:
    """Server CPU seconds of each phase, per round."""

    mutations: list[float] = field(default_factory=list)
    puts: list[float] = field(default_factory=list)


def run(size: Size) -> list[Row]:
    """2,000 files five times (full), 400 files three times (short); one by one and in batches of 100."""
    count, rounds = (2000, 5) if size == "full" else (400, 3)
    with serving({"FILEGRAPH_MAX_OPEN_UPLOADS": "100000"}) as server, nginx() as peer:
        account = open_account(server)
        single, batched = Costs(), Costs()
        contestants: dict[str, Callable[[], float]] = {
            "single": lambda: _ours(account, server.pid, count, 1, single),
            "batched": lambda: _ours(account, server.pid, count, 100, batched),
            "nginx": lambda: _theirs(peer, count),
        }
        for contestant in contestants.values():
            contestant()  # Once unmeasured.
        single, batched = Costs(), Costs()
        rate = medians(interleave(contestants, rounds))

    def milliseconds(values: Sequence[float]) -> float:
        return sorted(values)[len(values) // 2] * 1000 / count

    return [
        Row(f"{NAME}: begin + finalize, CPU per file", milliseconds(single.mutations), None, "ms", 2.0, "at most"),
        Row(f"{NAME}: the same in batches of 100", milliseconds(batched.mutations), None, "ms", 0.6, "at most"),
        Row(f"{NAME}: PUT, CPU per file", milliseconds(single.puts), None, "ms"),
        Row(f"{NAME}: one by one", rate["single"], rate["nginx"], "files/s", None, "at least", "nginx dav"),
        Row(f"{NAME}: in batches of 100", rate["batched"], rate["nginx"], "files/s", None, "at least", "nginx dav"),
    ]


def _ours(account: Account, pid: int, count: int, batch: int, costs: Costs) -> float:
    prefix, started, cpu = secrets.token_hex(6), time.perf_counter(), cpu_seconds(pid)
    inputs = [{"parentId": account.drive_id, "name": f"{prefix}-{n}", "size": str(_LENGTH)} for n in range(count)]
    begun = _mutate(account, (_BEGIN_ONE, _BEGIN), inputs, batch)
    after_begin = cpu_seconds(pid)
    urls = [result["upload"]["transport"]["url"] for result in begun]
    _put_all(account.url, [endpoint(url).path for url in urls])
    after_put = cpu_seconds(pid)
    ended = _mutate(account, (_FINALIZE_ONE, _FINALIZE), [{"uploadId": r["upload"]["id"]} for r in begun], batch)
    seconds = time.perf_counter() - started
    costs.mutations.append(after_begin - cpu + cpu_seconds(pid) - after_put)
    costs.puts.append(after_put - after_begin)
    assert len({result["file"]["id"] for result in ended}) == count
    return count / seconds


def _mutate(
    account: Account, documents: tuple[str, str], inputs: list[dict[str, Any]], batch: int
) -> list[dict[str, Any]]:
    """The results of a mutation for every input: one request each (``batch`` 1), or ``batch`` at a time."""
    bodies = [
        json.dumps({"query": documents[0], "variables": {"input": entry}})
        if batch == 1
        else json.dumps({"query": documents[1], "variables": {"input": {"uploads": inputs[start : start + batch]}}})
        for start, entry in enumerate(inputs)
        if start % batch == 0
    ]

    def work(connection: KeepAlive, body: str) -> list[dict[str, Any]]:
        answer = json.loads(connection.request("POST", "/graphql", body.encode(), account.headers))
        (payload,) = answer["data"].values()
        results: list[dict[str, Any]] = [payload] if batch == 1 else payload["results"]
        assert not any(result["errors"] for result in results), results
        return results

    return [result for results in _spread(account.url, bodies, work) for result in results]


def _put_all(url: str, paths: list[str]) -> None:
    def work(connection: KeepAlive, path: str) -> None:
        connection.request("PUT", path, os.urandom(_LENGTH), {"Content-Type": "application/octet-stream"})

    _spread(url, paths, work)


def _theirs(peer: Nginx, count: int) -> float:
    prefix, started = secrets.token_hex(6), time.perf_counter()
    _put_all(peer.url, [f"/{prefix}/{number}" for number in range(count)])
    seconds = time.perf_counter() - started
    assert len(list((peer.files / prefix).iterdir())) == count
    return count / seconds


def _spread(url: str, items: Sequence[Item], work: Callable[[KeepAlive, Item], Result]) -> list[Result]:
    """Do ``work`` for every item, in order, with one connection per client."""

    def client(share: Sequence[Item]) -> list[Result]:
        connection = KeepAlive(url)
        try:
            return [work(connection, item) for item in share]
        finally:
            connection.close()

    with ThreadPoolExecutor(_CLIENTS) as pool:
        shares = list(pool.map(client, [items[number::_CLIENTS] for number in range(_CLIENTS)]))
    return [shares[number % _CLIENTS][number // _CLIENTS] for number in range(len(items))]
