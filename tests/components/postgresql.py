"""A PostgreSQL of our own from the system's ``initdb``: fast, throw-away, on a free loopback port."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START_SECONDS = 60
_OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
}


class PostgreSQLMissing(Exception):
    """The system has no ``initdb``; Debian: ``apt-get install postgresql``."""


def find_program(name: str) -> str | None:
    """Return the path of a PostgreSQL program: on PATH, or the newest of Debian's folders outside it."""
    found = shutil.which(name)
    if found:
        return found
    candidates = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    newest = sorted(candidates, key=lambda path: int(path.parts[-3]) if path.parts[-3].isdigit() else 0)
    return str(newest[-1]) if newest else None


def available() -> bool:
    """Return whether ``postgresql()`` can start one."""
    return find_program("initdb") is not None and find_program("postgres") is not None


@dataclass(slots=True)
class PostgreSQL:
    """One cluster and, while it runs, its server. ``url`` names its database ``postgres``."""

    folder: Path
    port: int
    program: str
    account: tuple[int, int] | tuple[None, None]
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where clients reach it, as ``postgresql://filegraph@127.0.0.1:port/postgres``."""
        return f"postgresql://filegraph@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        command = [self.program, "-D", str(self.folder / "data"), "-p", str(self.port)]
        for name, value in _OPTIONS.items():
            command += ["-c", f"{name}={value}"]
        log = self.folder / "log"
        with log.open("wb") as file:
            self.process = subprocess.Popen(command, stdout=file, stderr=file, cwd=self.folder, **self.identity())
        _wait(self.process, self.port, log)

    def stop(self) -> None:
        """End the server, and with it every session: PostgreSQL's "fast" shutdown, which does not wait for clients."""
        process, self.process = self.process, None
        if process is None:
            return
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def identity(self) -> dict[str, Any]:
        """Whom its programs run as, for ``subprocess``."""
        uid, gid = self.account
        return {"user": uid, "group": gid, "extra_groups": None if uid is None else []}


@contextlib.contextmanager
def postgresql_server() -> Iterator[PostgreSQL]:
    """Start a server that can be stopped and started again; stop it and remove all at the end.

    PostgreSQL refuses root, so that as root it runs as ``postgres`` or ``nobody``. Raises ``PostgreSQLMissing``.
    """
    initdb, program = find_program("initdb"), find_program("postgres")
    if initdb is None or program is None:
        raise PostgreSQLMissing("There is no initdb on this system; on Debian: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="filegraph-postgresql-", dir="/dev/shm" if _roomy("/dev/shm") else None))
    server = PostgreSQL(folder, _free_port(), program, _account())
    try:
        uid, gid = server.account
        if uid is not None and gid is not None:
            os.chown(folder, uid, gid)
        _initialise(server, initdb)
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """As ``postgresql_server``; yields only its URL."""
    with postgresql_server() as server:
        yield server.url


def _initialise(server: PostgreSQL, initdb: str) -> None:
    command = [initdb, "-D", str(server.folder / "data"), "-U", "filegraph", "-A", "trust", "-E", "UTF8", "--no-sync"]
    done = subprocess.run(
        [*command, "--locale=C.UTF-8"],
        cwd=server.folder,
        capture_output=True,
        text=True,
        check=False,
        **server.identity(),
    )
    if done.returncode:
        raise RuntimeError(f"initdb failed:\n{done.stdout}\n{done.stderr}")


def _account() -> tuple[int, int] | tuple[None, None]:
    """Return user and group id that PostgreSQL runs as; (None, None): our own."""
    if os.geteuid() != 0:
        return None, None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            account = pwd.getpwnam(name)
            return account.pw_uid, account.pw_gid
    raise PostgreSQLMissing("PostgreSQL does not run as root, and there is no user postgres or nobody.")


def _roomy(path: str) -> bool:
    """Return whether the folder exists and has 1 GiB left (containers often give /dev/shm only 64 MiB)."""
    return os.path.isdir(path) and shutil.disk_usage(path).free > 1 << 30


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            if b"ready to accept connections" in log.read_bytes():
                return
        time.sleep(0.05)
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')[-2000:]}")


if __name__ == "__main__":
    # For the Makefile: is there one to test with? Loud when not, for a skipped suite looks like a green one.
    if not available():
        print("!" * 80)
        print("!!! POSTGRESQL IS NOT TESTED: no initdb on this system (Debian: apt-get install postgresql)")
        print("!" * 80)
        sys.exit(1)
