"""No room left where the bytes go: a typed, retryable answer, nothing half-written; all is well once there is room."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.components.api import Api, become_administrator, get, put
from tests.components.server import Server, new_server
from tests.e2e.conftest import database_settings
from tests.e2e.test_kills import violations

_SMALL = 16 << 20


def _mount(place: Path) -> bool:
    """Mount a small file system; only root can, and not everywhere."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={_SMALL}", "tmpfs", str(place)]
    return os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture
def cramped() -> Iterator[Server]:
    """A server whose objects have 16 MiB: a small file system, or else a limit on the size of any file it writes."""
    with tempfile.TemporaryDirectory(prefix="filegraph-cramped-") as name:
        server = new_server(Path(name), database_settings())
        store = Path(name) / "objects"
        store.mkdir()
        mounted = _mount(store)
        if not mounted:
            server.limits = ("prlimit", f"--fsize={_SMALL}")
        try:
            server.set_up()
            server.start()
            yield server
        finally:
            server.stop()
            if mounted:
                subprocess.run(["umount", str(store)], check=True)


def used(api: Api, drive: str) -> int:
    return int(api.query("query($id: ID!) { drive(id: $id) { used } }", id=drive)["drive"]["used"])


def test_a_full_disk(cramped: Server) -> None:
    admin = become_administrator(cramped)
    drive = admin.drive()
    small = os.urandom(3 << 20)
    kept = admin.upload(drive, "kept", small)
    upload = admin.begin(drive, "too big", 20 << 20)
    answer = put(upload["transport"]["url"], os.urandom(20 << 20))
    error = answer.json()["error"]
    assert answer.status_code in (503, 507)
    assert (error["code"] in ("BACKEND_FULL", "BACKEND_UNAVAILABLE"), error["retryable"]) == (True, True)
    assert admin.state(upload["id"]) == "OPEN"
    admin.mutate("abortUpload", "upload { state }", uploadId=upload["id"])
    assert used(admin, drive) == len(small)

    assert get(admin.link(kept["id"])).content == small
    after = admin.upload(drive, "after", small[::-1])
    assert get(admin.link(after["id"])).content == small[::-1]
    cramped.stop()
    assert violations(cramped) == ""
