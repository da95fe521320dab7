"""A real OpenFGA server of our own: memory or PostgreSQL engine, on free loopback ports, stopped by its own process id.

The program is built by Go once and kept in the user's cache folder. ``python -m tests.components.openfga`` builds it
beforehand, for ``scripts/install-components`` and the Makefile.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import httpx
import pytest

from tests.components.server import free_port

VERSION = "v1.22.1"
PACKAGE = "github.com/openfga/openfga/cmd/openfga"
START_SECONDS = 60
STOP_SECONDS = 15
Engine = Literal["memory", "postgresql"]


class OpenFGAMissing(Exception):
    """There is neither an OpenFGA program in the cache nor a Go tool that could build one."""


class OpenFGAFailed(Exception):
    """The server did not start, or ended by itself; the message holds the end of its log."""


def cached_program() -> Path:
    """Return where the program is kept, whether it is there or not. The version is part of the place."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "filegraph" / f"openfga-{VERSION}" / "openfga"


def find_go() -> str | None:
    """Return the path of the Go tool, also where its own installer puts it."""
    return shutil.which("go") or shutil.which("go", path="/usr/local/go/bin:/usr/lib/go/bin")


def program() -> Path:
    """Return the program, built by Go if it is not there (two minutes, once). Raises ``OpenFGAMissing``."""
    place = cached_program()
    if place.exists():
        return place
    go = find_go()
    if go is None:
        raise OpenFGAMissing(f"There is no OpenFGA in {place.parent} and no Go to build it with (https://go.dev/dl).")
    place.parent.mkdir(parents=True, exist_ok=True)
    with (place.parent / "lock").open("w") as lock:
        # Workers of one test run come here together: one builds, the others wait for it.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            with tempfile.TemporaryDirectory(dir=place.parent) as folder:
                environment = {**os.environ, "GOBIN": folder, "GOFLAGS": "-buildvcs=false"}
                done = subprocess.run(
                    [go, "install", f"{PACKAGE}@{VERSION}"],
                    env=environment,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                if done.returncode:
                    raise OpenFGAMissing(f"Go could not build OpenFGA {VERSION}:\n{done.stderr[-2000:]}")
                (Path(folder) / "openfga").rename(place)
    return place


@dataclass(slots=True)
class OpenFGA:
    """One server. ``api_url`` stays the same over ``stop`` and ``start``; a memory engine forgets everything."""

    folder: Path
    datastore_url: str = ""
    token: str = ""
    arguments: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def api_url(self) -> str:
        """The address of the HTTP API."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """Everything that the server wrote."""
        return self.folder / "openfga.log"

    @property
    def pid(self) -> int:
        """The process id. Raises ``OpenFGAFailed`` when it does not run."""
        if self.process is None:
            raise OpenFGAFailed("OpenFGA is not running.")
        return self.process.pid

    def migrate(self) -> None:
        """Make the tables of a PostgreSQL engine."""
        command = [str(program()), "migrate", "--datastore-engine", "postgres", "--datastore-uri", self.datastore_url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            raise OpenFGAFailed(f"`openfga migrate` failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")

    def start(self) -> None:
        """Start the process and wait until it serves."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                found = httpx.get(f"{self.api_url}/healthz", timeout=2, trust_env=False)
                if found.status_code == 200 and found.json().get("status") == "SERVING":
                    return
            time.sleep(0.02)
        tail = self.log.read_text(errors="replace")[-3000:]
        self.stop()
        raise OpenFGAFailed(f"OpenFGA did not start:\n{tail}")

    def stop(self) -> None:
        """End the process politely."""
        self._end(kill=False)

    def kill(self) -> None:
        """End the process as a power cut would."""
        self._end(kill=True)

    def _end(self, *, kill: bool) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        process.kill() if kill else process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _command(self) -> list[str]:
        command = [str(program()), "run", "--http-addr", f"127.0.0.1:{self.port}"]
        command += ["--grpc-addr", f"127.0.0.1:{free_port()}", "--playground-enabled=false"]
        command += ["--profiler-enabled=false", "--metrics-enabled=false", "--log-level", "error"]
        if self.datastore_url:
            command += ["--datastore-engine", "postgres", "--datastore-uri", self.datastore_url]
        if self.token:
            command += ["--authn-method", "preshared", "--authn-preshared-keys", self.token]
        return [*command, *self.arguments]


@contextlib.contextmanager
def openfga(
    engine: Engine = "memory", *, datastore_url: str = "", token: str = "", arguments: tuple[str, ...] = ()
) -> Iterator[OpenFGA]:
    """Start a server, yield it, stop it. Raises ``OpenFGAMissing``.

    ``datastore_url``: an empty PostgreSQL database of its own (``postgresql://...``), for the PostgreSQL engine.
    ``token``: the preshared key that clients must send; none when empty. ``arguments`` go to ``openfga run``.
    """
    if (engine == "postgresql") != bool(datastore_url):
        raise ValueError("the PostgreSQL engine, and it alone, needs a datastore_url")
    program()
    with tempfile.TemporaryDirectory(prefix="filegraph-openfga-") as folder:
        url = datastore_url and _without_tls(datastore_url)
        server = OpenFGA(Path(folder), url, token, arguments)
        try:
            if url:
                server.migrate()
            server.start()
            yield server
        finally:
            server.stop()


def require_openfga() -> None:
    """Skip the test loudly where there is none; under ``CI=true`` that is a failure. No test builds it: its minutes are
    no test's.
    """
    if cached_program().exists():
        return
    where = cached_program().parent
    reason = f"OPENFGA IS NOT TESTED: no program in {where}; `python -m tests.components.openfga` builds it"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def _without_tls(url: str) -> str:
    """OpenFGA's driver asks for TLS unless told otherwise; ours speaks none."""
    return url if "sslmode=" in url else f"{url}{'&' if '?' in url else '?'}sslmode=disable"


if __name__ == "__main__":
    # Loud when there is none, for a skipped suite looks like a green one.
    if not cached_program().exists() and find_go() is not None:
        print(f"Building OpenFGA {VERSION} (some minutes, once) ...", flush=True)
    try:
        program()
    except OpenFGAMissing as missing:
        print("!" * 80)
        print(f"!!! OPENFGA IS NOT TESTED: {missing}")
        print("!" * 80)
        sys.exit(1)
