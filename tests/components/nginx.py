"""An nginx of our own from the system's program: static files, and PUT by its dav module, on loopback."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.components.server import free_port

_CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log warn; {user}
events {{ worker_connections 512; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; default_type application/octet-stream;
  client_max_body_size 0; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; location / {{ root {folder}/files; {dav} create_full_put_path on; }} }}
}}
"""


class NginxMissing(Exception):
    """The system has no nginx with the dav module; Debian: ``apt-get install nginx``."""


def find_program() -> str:
    """Return the path of nginx, which Debian keeps off people's PATH. Raises ``NginxMissing``."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if found is None:
        raise NginxMissing("There is no nginx on this system; on Debian: apt-get install nginx")
    return found


@dataclass(frozen=True, slots=True)
class Nginx:
    """A running nginx: its address, the folder it serves, and its master process."""

    url: str
    files: Path
    pid: int


@contextlib.contextmanager
def nginx(place: Path | None = None) -> Iterator[Nginx]:
    """Start one in a temporary folder (below ``place``), stop it by its own id. Raises ``NginxMissing``."""
    program = find_program()
    with tempfile.TemporaryDirectory(prefix="filegraph-nginx-", dir=place) as name:
        folder, port = Path(name), free_port()
        (folder / "files").mkdir()
        text = _CONFIGURATION.format(
            folder=folder, port=port, dav="dav_methods PUT;", user="user root;" if os.geteuid() == 0 else ""
        )
        (folder / "nginx.conf").write_text(text)
        process = subprocess.Popen([program, "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")])
        try:
            _wait(process, f"http://127.0.0.1:{port}/", folder / "error.log")
            yield Nginx(f"http://127.0.0.1:{port}", folder / "files", process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            httpx.get(url, trust_env=False)
            return
        time.sleep(0.02)
    raise NginxMissing(f"nginx did not start: {log.read_text(errors='replace')[-1000:] if log.exists() else ''}")
