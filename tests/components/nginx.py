"""An nginx of our own from the system's program, on loopback: static files with PUT by its dav module, or in front of
Filegraph with the very site that ``deploy/`` has for operators.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.components.server import ROOT, free_port

SITE = ROOT / "deploy" / "nginx-site.conf"
_UPSTREAM = re.compile(r"^( *server )127\.0\.0\.1:8000( .*;)\n(?: *server 127\.0\.0\.1:.*\n)*", re.MULTILINE)

_CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log warn; {user}
events {{ worker_connections 512; }}
http {{
  access_log {access}; sendfile on; tcp_nopush on; keepalive_requests 1000000; default_type application/octet-stream;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
{site}
}}
"""
_STATIC = """
  client_max_body_size 0;
  server {{ listen 127.0.0.1:{port}; location / {{ root {folder}/files; dav_methods PUT; create_full_put_path on; }} }}
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
    """A running nginx: its address, its folder (``files`` in it, if it serves some; logs), and its master process."""

    url: str
    folder: Path
    pid: int

    @property
    def files(self) -> Path:
        """What ``nginx()`` serves."""
        return self.folder / "files"


@contextlib.contextmanager
def nginx(place: Path | None = None) -> Iterator[Nginx]:
    """Start one in a temporary folder (below ``place``), stop it by its own id. Raises ``NginxMissing``."""
    with tempfile.TemporaryDirectory(prefix="filegraph-nginx-", dir=place) as name:
        folder, port = Path(name), free_port()
        (folder / "files").mkdir()
        with _running(folder, port, _STATIC.format(folder=folder, port=port), access="off") as running:
            yield running


@contextlib.contextmanager
def reverse_proxy(
    ports: Sequence[int], port: int, *, site: str | None = None, place: Path | None = None
) -> Iterator[Nginx]:
    """Start one on loopback ``port``, in front of Filegraph processes at ``ports``; stop it by its own id.

    ``site`` is what operators are given (``SITE`` when None); only addresses are changed, and TLS is left out. Raises
    ``NginxMissing``.
    """
    with tempfile.TemporaryDirectory(prefix="filegraph-nginx-", dir=place) as name:
        folder = Path(name)
        text = site_on_loopback(SITE.read_text() if site is None else site, ports, port)
        with _running(folder, port, text, access=f"{folder}/access.log") as running:
            yield running


def site_on_loopback(site: str, ports: Sequence[int], port: int) -> str:
    """Return the site with the addresses of this machine in it. Raises ``ValueError`` if it has another shape."""
    site = re.sub(r"^ *ssl_.*\n", "", site, flags=re.MULTILINE)
    for before, after in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port};"),
        ("listen 80;", f"listen 127.0.0.1:{free_port()};"),
        ("server_name files.example.com;", "server_name 127.0.0.1;"),
    ):
        if before not in site:
            raise ValueError(f"The site has no line {before!r}.")
        site = site.replace(before, after)
    found = _UPSTREAM.search(site)
    if found is None:
        raise ValueError("The site has no upstream server at 127.0.0.1:8000.")
    servers = "".join(f"{found[1]}127.0.0.1:{upstream}{found[2]}\n" for upstream in ports)
    return site[: found.start()] + servers + site[found.end() :]


@contextlib.contextmanager
def _running(folder: Path, port: int, site: str, *, access: str) -> Iterator[Nginx]:
    program = find_program()
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(_CONFIGURATION.format(folder=folder, user=user, access=access, site=site))
    process = subprocess.Popen([program, "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")])
    try:
        _wait(process, f"http://127.0.0.1:{port}/", folder / "error.log")
        yield Nginx(f"http://127.0.0.1:{port}", folder, process.pid)
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
