"""A real Filegraph server: its own process, data directory and free loopback port. Used by end-to-end tests, the
demonstration and the benchmarks; none of them imports the server's code, they speak HTTP.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg

START_SECONDS = 100
STOP_SECONDS = 20
ROOT = Path(__file__).resolve().parents[2]
_SETUP_TOKEN = re.compile(r"--setup-token (\S+)")


class ServerFailed(Exception):
    """The server did not start, or ended by itself; the message holds the end of its log."""


@dataclass(slots=True)
class Server:
    """One installation and, while it runs, its process. ``url`` is where clients reach it."""

    data_dir: Path
    port: int
    environment: dict[str, str]
    setup_token: str = ""
    process: subprocess.Popen[bytes] | None = None
    limits: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """The server's address without a trailing slash."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """Everything that this process wrote."""
        return self.data_dir / f"server-{self.port}.log"

    @property
    def pid(self) -> int:
        """The process id. Raises ``ServerFailed`` when it does not run."""
        if self.process is None:
            raise ServerFailed("The server is not running.")
        return self.process.pid

    def set_up(self) -> None:
        """Make the database and the first store."""
        done = self._run("setup")
        if done.returncode:
            raise ServerFailed(f"`filegraph setup` failed:\n{done.stdout}\n{done.stderr}")

    def start(self) -> None:
        """Start the process, wait until it is ready to serve, and remember the setup token it offers, if any."""
        command = [*self.limits, sys.executable, "-m", "filegraph", "serve", "--port", str(self.port)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._wait()
        found = _SETUP_TOKEN.search(self.log.read_text(errors="replace"))
        self.setup_token = found.group(1) if found else ""

    def stop(self) -> None:
        """End the process politely, by its own id."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the process as a power cut would."""
        self._end(signal.SIGKILL)

    def command(self, *arguments: str) -> str:
        """Run a server-side command such as ``sweep``; its output."""
        done = self._run(*arguments)
        if done.returncode:
            raise ServerFailed(f"`filegraph {' '.join(arguments)}` failed:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "filegraph", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=100, check=False
        )

    def _end(self, sign: signal.Signals) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        process.send_signal(sign)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process is not None and self.process.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/readyz", timeout=5, trust_env=False).status_code == 200:
                    return
            time.sleep(0.05)
        tail = self.log.read_text(errors="replace")[-4000:]
        self.kill()
        raise ServerFailed(f"The server did not become ready:\n{tail}")


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def serving(settings: Mapping[str, str] | None = None, *, place: Path | None = None) -> Iterator[Server]:
    """A fresh server that is set up and ready; stopped and removed at the end.

    ``settings`` are ``FILEGRAPH_*`` variables. ``place``: folder for the data directory, the system's temporary one
    when None (benchmarks want a real disk).
    """
    with tempfile.TemporaryDirectory(prefix="filegraph-server-", dir=place) as folder:
        server = new_server(Path(folder), settings or {})
        try:
            server.set_up()
            server.start()
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def serving_several(
    count: int, settings: Mapping[str, str] | None = None, *, place: Path | None = None
) -> Iterator[list[Server]]:
    """``count`` processes of one fresh installation, which share its data directory; otherwise as ``serving``.

    Each has an address of its own; who wants one for all puts ``reverse_proxy`` in front.
    """
    with tempfile.TemporaryDirectory(prefix="filegraph-server-", dir=place) as folder:
        servers = [new_server(Path(folder), settings or {}) for _ in range(count)]
        try:
            servers[0].set_up()
            for server in servers:
                server.start()
            yield servers
        finally:
            for server in servers:
                server.stop()


def new_server(data_dir: Path, settings: Mapping[str, str]) -> Server:
    """A server that is neither set up nor started. The caller's own ``FILEGRAPH_*`` variables do not reach it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FILEGRAPH_")}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    environment |= {
        "FILEGRAPH_DATA_DIR": str(data_dir),
        "FILEGRAPH_SIGN_IN_ATTEMPTS": "1000",
        "PYTHONUNBUFFERED": "1",
        **settings,
    }
    return Server(data_dir, free_port(), environment)


def new_database(url: str) -> str:
    """The URL of a new, empty database on the PostgreSQL server at ``url``."""
    name = f"filegraph_{secrets.token_hex(6)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')  # the name is ours
    return f"{url.rsplit('/', 1)[0]}/{name}"
