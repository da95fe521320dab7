"""Large downloads from the real server process: what a client may do in the middle of one, and what it costs."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import random
import re
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.components.api import Api, become_administrator
from tests.components.process_tree import cpu_seconds, watching
from tests.components.server import Server, serving
from tests.e2e.conftest import database_settings

MIB = 1 << 20
SIZE = 1 << 30
SEND_TIMEOUT = 3
ESTABLISHED, CLOSE_WAIT = "01", "08"  # as /proc/net/tcp says it

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True)
class Big:
    """A file of 1 GiB, nearly all of it a hole, here and on the server."""

    server: Server
    api: Api
    source: Path
    url: str

    def connect(self, *, buffer: int = 0) -> socket.socket:
        """A connection that has asked for the whole file; ``buffer``: how little the client's system takes, bytes."""
        client = socket.socket()
        if buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        client.settimeout(20)
        client.connect(("127.0.0.1", self.server.port))
        client.sendall(f"GET {urlsplit(self.url).path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        return client

    def ask(self, client: http.client.HTTPConnection, **headers: str) -> http.client.HTTPResponse:
        client.request("GET", urlsplit(self.url).path, headers=headers)
        return client.getresponse()

    def client(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Big]:
    source = tmp_path_factory.mktemp("big") / "source"
    with source.open("wb") as file:
        file.truncate(SIZE)
        for offset in range(0, SIZE, 37 * MIB):
            file.seek(offset)
            file.write(random.Random(offset).randbytes(5000))
    with serving({**database_settings(), "FILEGRAPH_TRANSFER_SEND_TIMEOUT": str(SEND_TIMEOUT)}) as server:
        api = become_administrator(server)
        url = store(server, api, source)
        yield Big(server, api, source, url)


def store(server: Server, api: Api, source: Path) -> str:
    upload = api.begin(api.drive(), "big.bin", source.stat().st_size)
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60, blocksize=MIB)
    with source.open("rb") as file:
        length = {"content-length": str(source.stat().st_size)}
        client.request("PUT", urlsplit(upload["transport"]["url"]).path, file, length)
        assert client.getresponse().status == 204
    client.close()
    return api.link(api.finalize(upload["id"])["id"])


def digest(read: Callable[[int], bytes]) -> str:
    hasher = hashlib.sha256()
    while piece := read(MIB):
        hasher.update(piece)
    return hasher.hexdigest()


def open_files(server: Server) -> int:
    """How many files of the store the server has open."""
    count = 0
    for link in Path(f"/proc/{server.pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            count += "/objects/" in str(link.readlink())
    return count


def connections(server: Server) -> int:
    """How many connections the system has at the server's side."""
    local = f":{server.port:04X}"
    table = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(line[1].endswith(local) and line[3] in (ESTABLISHED, CLOSE_WAIT) for line in table)


def eventually(condition: Callable[[], bool], seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def read_to_end(client: socket.socket) -> int:
    """How many bytes came until the server closed."""
    count = 0
    with contextlib.suppress(ConnectionResetError):
        while piece := client.recv(MIB):
            count += len(piece)
    return count


def test_a_gibibyte_costs_no_memory(big: Big) -> None:
    client = big.client()
    big.ask(client, Range="bytes=0-3000000").read()
    with watching(big.server.pid) as memory, big.source.open("rb") as file:
        answer = big.ask(client)
        assert answer.headers["content-length"] == str(SIZE)
        assert digest(answer.read) == digest(file.read)
    assert memory.growth < 16 * MIB
    client.close()


def test_ranges_over_one_connection(big: Big) -> None:
    client, choose = big.client(), random.Random(4)
    with big.source.open("rb") as file:
        for _ in range(25):
            length = min(choose.choice([1, 5000, MIB, MIB + 1, 3 * MIB, 9 * MIB]), SIZE)
            offset = choose.choice([0, SIZE - length, choose.randrange(SIZE - length), 37 * MIB - 5])
            answer = big.ask(client, Range=f"bytes={offset}-{offset + length - 1}")
            assert answer.status == 206
            assert answer.read() == os.pread(file.fileno(), length, offset)
    client.close()


def test_clients_that_leave_in_the_middle(big: Big) -> None:
    for number in range(20):
        with big.connect(buffer=4096 if number % 2 else 0) as leaving:
            assert leaving.recv(100)
    assert eventually(lambda: open_files(big.server) == connections(big.server) == 0)
    client = big.client()
    with big.source.open("rb") as file:
        assert big.ask(client, Range="bytes=0-4999").read() == file.read(5000)
    client.close()


def test_clients_that_do_not_read(big: Big) -> None:
    """More of them than threads. They cost nothing, others are served meanwhile, and they are cut off in time."""
    begun = time.monotonic()
    slow = [big.connect(buffer=4096) for _ in range(12)]
    time.sleep(0.5)
    used = cpu_seconds(big.server.pid)
    time.sleep(1)
    assert cpu_seconds(big.server.pid) - used < 0.3
    client = big.client()
    assert len(big.ask(client, Range="bytes=0-99999999").read()) == 100_000_000
    assert time.monotonic() - begun < SEND_TIMEOUT
    client.close()
    assert open_files(big.server) >= 12
    assert eventually(lambda: open_files(big.server) == connections(big.server) == 0, SEND_TIMEOUT + 3)
    for one in slow:
        assert read_to_end(one) < SIZE // 2
        one.close()


def test_a_file_that_is_cut_off_on_disk_meanwhile(big: Big, tmp_path: Path) -> None:
    """The connection ends; the client never takes it for the whole."""
    source = tmp_path / "source"
    with source.open("wb") as file:
        file.truncate(64 * MIB)
    url = store(big.server, big.api, source)
    (found,) = [path for path in big.server.data_dir.rglob("*") if path.is_file() and path.stat().st_size == 64 * MIB]
    with Big(big.server, big.api, source, url).connect(buffer=4096) as client:
        assert client.recv(100)
        os.truncate(found, 20 * MIB)
        assert read_to_end(client) < 21 * MIB
    log = big.server.log.read_text()
    (line,) = [line for line in log.splitlines() if "fewer bytes" in line]
    assert re.search("a download of blob [0-9a-z]{26} of file [0-9a-z]{26} broke off: ", line)
    assert "Traceback" not in log
    assert "without completing" not in log


def test_many_at_once(big: Big) -> None:
    def get(number: int) -> bool:
        client = big.client()
        offset = number * 37 * MIB
        body = big.ask(client, Range=f"bytes={offset}-{offset + 30 * MIB - 1}").read()
        client.close()
        with big.source.open("rb") as file:
            return body == os.pread(file.fileno(), 30 * MIB, offset)

    with ThreadPoolExecutor(20) as pool:
        assert all(pool.map(get, range(20)))
