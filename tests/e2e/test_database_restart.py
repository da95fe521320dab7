"""PostgreSQL goes away and comes back under load: typed errors meanwhile, and Filegraph goes on without a restart."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from subprocess import PIPE

import httpx
import psycopg
import pytest

from tests.components.api import Api, become_administrator, get, put, sha256
from tests.components.patient import Sender
from tests.components.postgresql import PostgreSQL, postgresql_server
from tests.components.server import ROOT, Server, new_database, serving

pytestmark = [pytest.mark.postgresql, pytest.mark.timeout(180)]

THREADS = 3
POOL = THREADS + 4
OUTAGES = {"DATABASE_UNAVAILABLE", "DATABASE_BUSY"}


@pytest.fixture(scope="module")
def database() -> Iterator[PostgreSQL]:
    """A PostgreSQL that only this module stops."""
    with postgresql_server() as running:
        yield running


@pytest.fixture(scope="module")
def mortal(database: PostgreSQL) -> Iterator[Server]:
    """A server on a database of its own there."""
    settings = {"FILEGRAPH_DATABASE_URL": new_database(database.url), "FILEGRAPH_DATABASE_THREADS": str(THREADS)}
    with serving(settings) as running:
        yield running


@pytest.fixture(scope="module")
def ada(mortal: Server) -> Api:
    return become_administrator(mortal)


def sessions(database: PostgreSQL, server: Server) -> int:
    """How many connections the server's processes hold."""
    name = server.environment["FILEGRAPH_DATABASE_URL"].rsplit("/", 1)[1]
    with psycopg.connect(database.url) as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
        row = connection.execute(query, [name]).fetchone()
        assert row is not None
        return int(row[0])


def test_whatever_comes_no_more_connections_are_open_than_the_pool_has(
    database: PostgreSQL, mortal: Server, ada: Api
) -> None:
    def ask(number: int) -> int:
        if number % 10:
            return ada.post(json={"query": "{ viewer { actor } drives { totalCount } }"}).status_code
        return httpx.get(f"{mortal.url}/admin/login/", trust_env=False).status_code

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(ask, range(300))) == {200}
    assert 1 <= sessions(database, mortal) <= POOL


def test_a_restart_between_two_requests_is_not_noticed(database: PostgreSQL, mortal: Server, ada: Api) -> None:
    for _ in range(THREADS * 2):
        ada.query("{ viewer { actor } }")
    database.stop()
    database.start()
    for _ in range(THREADS * 4):
        ada.query("{ viewer { actor } }")
    assert sessions(database, mortal) <= POOL


def test_while_it_is_away_every_answer_is_typed_and_quick(database: PostgreSQL, mortal: Server, ada: Api) -> None:
    drive = ada.drive()
    upload = ada.begin(drive, "a.txt", 5)
    url = upload["transport"]["url"]
    link = ada.link(ada.upload(drive, "b.txt", b"b")["id"])
    database.stop()
    try:
        for document in ("{ viewer { actor } }", 'mutation { createDrive(input: {name: "x"}) { drive { id } } }'):
            begin = time.monotonic()
            answer = ada.post(json={"query": document}, headers={"authorization": f"Bearer {ada.token}"})
            assert time.monotonic() - begin < 4
            assert answer.status_code == 503
            extensions = answer.json()["errors"][0]["extensions"]
            assert (extensions["code"], extensions["retryable"]) == ("DATABASE_UNAVAILABLE", True)
        for answer in (put(url, b"hello"), get(link), httpx.head(url, trust_env=False)):
            assert answer.status_code == 503
            assert answer.headers["retry-after"]
        assert put(url, b"hello").json()["error"]["code"] == "DATABASE_UNAVAILABLE"
        begin = time.monotonic()
        ready = httpx.get(f"{mortal.url}/readyz", timeout=10, trust_env=False)
        assert time.monotonic() - begin < 3
        assert ready.status_code == 503
        away = {"ok": False, "needs": "database"}
        assert ready.json()["parts"] == {"database": {"ok": False}, "stores": away, "authorization": away}
        page = httpx.get(f"{mortal.url}/admin/login/", cookies={"filegraph_session": "x" * 32}, trust_env=False)
        assert (page.status_code, page.headers["content-type"]) == (503, "text/plain; charset=utf-8")
    finally:
        database.start()
    assert put(url, b"hello").status_code == 204
    assert ada.finalize(upload["id"])["sha256"] == sha256(b"hello")
    assert get(link).content == b"b"
    assert httpx.get(f"{mortal.url}/readyz", timeout=10, trust_env=False).status_code == 200


def test_a_command_says_what_it_waits_for_and_goes_on(database: PostgreSQL, mortal: Server, ada: Api) -> None:
    environment = {**mortal.environment, "FILEGRAPH_URL": mortal.url, "FILEGRAPH_TOKEN": ada.token}
    database.stop()
    try:
        command = [sys.executable, "-m", "filegraph", "whoami"]
        with subprocess.Popen(command, env=environment, cwd=ROOT, stdout=PIPE, stderr=PIPE, text=True) as process:
            assert process.stderr is not None
            said = process.stderr.readline()
            database.start()
            output, more = process.communicate(timeout=60)
    finally:
        if database.process is None:
            database.start()
    assert said == ("The server says: The database is not available at the moment; try again. Trying again.\n")
    assert (process.returncode, more) == (0, "")
    assert "admin" in output


def test_restarts_under_load_lose_nothing(database: PostgreSQL, mortal: Server, ada: Api) -> None:
    drive = ada.drive()
    senders = [Sender([ada], drive, number, chance=random.Random(number)) for number in range(3)]
    with ThreadPoolExecutor(len(senders)) as pool:
        runs = [pool.submit(sender.run) for sender in senders]
        try:
            for _ in range(2):
                time.sleep(1.0)
                database.stop()
                time.sleep(3.0)
                database.start()
            time.sleep(1.0)
        finally:
            for sender in senders:
                sender.stopping.set()
        for run in runs:
            run.result(100)
    codes = set().union(*(sender.codes for sender in senders))
    assert "DATABASE_UNAVAILABLE" in codes
    assert codes <= OUTAGES, mortal.log.read_text(errors="replace")[-20_000:]
    kept = [found for sender in senders for found in sender.kept.values()]
    assert len(kept) > 6
    listed = ada.query("query($id: ID!) { drive(id: $id) { children { totalCount } } }", id=drive)
    assert listed["drive"]["children"]["totalCount"] == len(kept)
    for file_id, content in kept:
        assert get(ada.link(file_id)).content == content
    assert sessions(database, mortal) <= POOL
