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
from pathlib import Path

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


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """Start a server; yield its URL (``postgresql://filegraph@127.0.0.1:port/postgres``); stop it and remove all.

    PostgreSQL refuses root, so that as root it runs as ``postgres`` or ``nobody``. Raises ``PostgreSQLMissing``.
    """
    initdb, server = find_program("initdb"), find_program("postgres")
    if initdb is None or server is None:
        raise PostgreSQLMissing("There is no initdb on this system; on Debian: apt-get install postgresql")
    base = Path(tempfile.mkdtemp(prefix="filegraph-postgresql-", dir="/dev/shm" if _roomy("/dev/shm") else None))
    try:
        uid, gid = _account()
        groups: list[int] | None = None if uid is None else []
        if uid is not None and gid is not None:
            os.chown(base, uid, gid)
        data = base / "data"
        initialise = [initdb, "-D", str(data), "-U", "filegraph", "-A", "trust", "-E", "UTF8", "--no-sync"]
        done = subprocess.run(
            [*initialise, "--locale=C.UTF-8"],
            cwd=base,
            user=uid,
            group=gid,
            extra_groups=groups,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"initdb failed:\n{done.stdout}\n{done.stderr}")
        port = _free_port()
        command = [server, "-D", str(data), "-p", str(port)]
        for name, value in _OPTIONS.items():
            command += ["-c", f"{name}={value}"]
        with (base / "log").open("wb") as log:
            process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=base, user=uid, group=gid, extra_groups=groups
            )
        try:
            _wait(process, port, base / "log")
            yield f"postgresql://filegraph@127.0.0.1:{port}/postgres"
        finally:
            # SIGINT is PostgreSQL's "fast" shutdown: it does not wait for clients.
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    finally:
        shutil.rmtree(base, ignore_errors=True)


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
