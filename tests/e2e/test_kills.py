"""The server dies as in a power cut, at any moment, again and again; clients repeat themselves; nothing is lost."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import httpx
import pytest

from tests.components.api import Api, Refused, become_administrator, get, put, sha256
from tests.components.server import ROOT, Server, serving
from tests.e2e.conftest import database_settings

ROUNDS = 100 if os.environ.get("FILEGRAPH_TEST_SIZE") == "full" else 4
CLIENTS = 3

T = TypeVar("T")
_CHECK = (
    "import django; django.setup(); from storage.testing.invariants import violations; print('\\n'.join(violations()))"
)


@pytest.fixture
def mortal() -> Iterator[Server]:
    with serving({"FILEGRAPH_SWEEP_INTERVAL": "1", **database_settings()}) as server:
        yield server


def violations(server: Server) -> str:
    """What the rows and the store of a stopped server have to say against each other."""
    environment = {**server.environment, "DJANGO_SETTINGS_MODULE": "filegraph.settings"}
    command = [sys.executable, "-c", _CHECK]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip()


def until_it_answers(step: Callable[[], T]) -> T:
    """Repeat a step while the server is away."""
    deadline = time.monotonic() + 300
    while True:
        try:
            return step()
        except httpx.TransportError:
            assert time.monotonic() < deadline, "the server does not come back"
            time.sleep(0.05)


class Client:
    """Sends files one after the other. What was acknowledged is remembered; what was not is sent again."""

    def __init__(self, api: Api, drive: str, number: int) -> None:
        self.api = api
        self.drive = drive
        self.acknowledged: dict[str, tuple[str, bytes]] = {}
        self.number = number
        self.random = random.Random(number)
        self.stopping = threading.Event()

    def run(self) -> None:
        while not self.stopping.is_set():
            name = f"{self.number}-{len(self.acknowledged)}"
            content = self.random.randbytes(self.random.choice([0, 1000, 100_000, 3_000_000]))
            self.acknowledged[name] = (self.send(name, content), content)

    def send(self, name: str, content: bytes) -> str:
        """The id of the file, however often the server dies on the way."""
        for _ in range(100):
            upload = until_it_answers(lambda: self.api.begin(self.drive, name, len(content), idempotencyKey=name))
            transport = upload["transport"]
            if transport["__typename"] == "SinglePut":
                answer = until_it_answers(lambda url=transport["url"]: put(url, content))  # type: ignore[misc]
                assert answer.is_success or answer.status_code in (409, 503), answer.text
            try:
                file = until_it_answers(lambda ident=upload["id"]: self.api.finalize(ident))  # type: ignore[misc]
            except Refused as refused:
                if refused.codes == ["UPLOAD_INCOMPLETE"]:
                    continue
                raise
            assert file["sha256"] == sha256(content)
            return str(file["id"])
        raise AssertionError(f"{name} does not converge")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_was_acknowledged_is_there_after_any_number_of_kills(mortal: Server) -> None:
    admin = become_administrator(mortal)
    drive = admin.drive()
    clients = [Client(admin, drive, number) for number in range(CLIENTS)]
    moments = random.Random(7)
    with ThreadPoolExecutor(CLIENTS) as pool:
        runs = [pool.submit(client.run) for client in clients]
        try:
            for _ in range(ROUNDS):
                time.sleep(moments.uniform(0.02, 0.5))
                mortal.kill()
                mortal.start()
                assert not any(run.done() for run in runs), [run.exception() for run in runs if run.done()]
        finally:
            for client in clients:
                client.stopping.set()
        for run in runs:
            run.result(200)

    acknowledged = {name: kept for client in clients for name, kept in client.acknowledged.items()}
    assert len(acknowledged) > ROUNDS / 2
    for file_id, content in acknowledged.values():
        assert get(admin.link(file_id)).content == content
    listed = admin.query("query($id: ID!) { drive(id: $id) { children { totalCount } } }", id=drive)
    assert listed["drive"]["children"]["totalCount"] == len(acknowledged)
    mortal.stop()
    assert violations(mortal) == ""
