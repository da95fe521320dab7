"""The production page: its nginx site carries bytes, its backup can be restored, its unit and figures are right."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.components.api import Api, become_administrator, get, put
from tests.components.nginx import NginxMissing, find_program
from tests.components.server import ROOT, Server, free_port, new_server, serving

PAGE = (ROOT / "docs" / "production.md").read_text()
CONTENT = os.urandom(9_000_000)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def behind_nginx(tmp_path: Path) -> Iterator[Server]:
    """A server behind the page's own site; only addresses and TLS are changed. ``url`` of the API is nginx's."""
    program = _nginx()
    port = free_port()
    public = f"http://127.0.0.1:{port}"
    with serving({"FILEGRAPH_PUBLIC_URL": public, "FILEGRAPH_TRUSTED_PROXIES": "127.0.0.1"}) as server:
        (site,) = blocks("nginx")
        site = re.sub(r"^ *ssl_.*\n", "", site, flags=re.MULTILINE)
        site = site.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
        site = site.replace("listen 80;", f"listen 127.0.0.1:{free_port()};")
        site = site.replace("server 127.0.0.1:8000;", f"server 127.0.0.1:{server.port};")
        site = site.replace("server_name files.example.com;", "server_name 127.0.0.1;")
        paths = " ".join(
            f"{kind}_temp_path {tmp_path}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        user = "user root;" if os.geteuid() == 0 else ""
        (tmp_path / "nginx.conf").write_text(
            f"daemon off; worker_processes 1; pid {tmp_path}/pid; error_log {tmp_path}/error.log warn; {user}\n"
            f"events {{}}\nhttp {{ access_log {tmp_path}/access.log; {paths}\n{site}\n}}\n"
        )
        nginx = subprocess.Popen([program, "-c", tmp_path / "nginx.conf", "-e", tmp_path / "error.log"])
        try:
            _wait(f"{public}/healthz")
            yield server
        finally:
            nginx.send_signal(signal.SIGTERM)
            nginx.wait(10)


def _nginx() -> str:
    """Return the program; on CI it has to be there, elsewhere the report of the run says what was not tested."""
    try:
        return find_program()
    except NginxMissing as missing:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"!!! THE NGINX SITE IS NOT TESTED: {missing}")


def _wait(url: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            assert httpx.get(url, trust_env=False).status_code == 200
            return
        except httpx.HTTPError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_the_nginx_site_carries_bytes_and_logs_no_link(behind_nginx: Server, tmp_path: Path) -> None:
    direct = become_administrator(behind_nginx)
    public = behind_nginx.environment["FILEGRAPH_PUBLIC_URL"]
    api = Api(public, direct.token)
    upload = api.begin(api.drive(), "big.bin", len(CONTENT))
    url = upload["transport"]["url"]
    assert url.startswith(f"{public}/u/")
    refused = put(url[:-2], CONTENT)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "INVALID_TOKEN")
    assert put(url, CONTENT).status_code == 204
    link = api.link(api.finalize(upload["id"])["id"])
    assert get(link).content == CONTENT
    assert get(link, headers={"range": "bytes=5-9"}).content == CONTENT[5:10]
    log = (tmp_path / "access.log").read_text()
    assert "/graphql" in log
    assert "/u/" not in log + (tmp_path / "error.log").read_text()
    assert "/d/" not in log


def test_the_backup_can_be_restored(tmp_path: Path) -> None:
    if shutil.which("rsync") is None or shutil.which("sqlite3") is None:
        pytest.skip("needs rsync and sqlite3")
    backup, restore = blocks("sh")
    server = new_server(tmp_path / "data", {})
    server.data_dir.mkdir()
    server.set_up()
    server.start()
    try:
        api = become_administrator(server)
        drive = api.drive()
        first = api.upload(drive, "first.txt", b"first")
        database, copy = backup.split("rsync", 1)
        copy = f"rsync{copy}"
        _run(database, tmp_path)
        # What happens between the two halves is what the order is about.
        second = api.upload(drive, "second.txt", b"second")
        api.mutate("trash", "results { errors { code } }", ids=[first["id"]])
        api.mutate("purge", "results { errors { code } }", ids=[first["id"]])
        server.command("sweep")
        _run(database.splitlines()[0] + "\n" + copy, tmp_path)
        server.stop()
        shutil.rmtree(tmp_path / "data")
        _run(restore, tmp_path)
        server.start()
        assert get(api.link(first["id"])).content == b"first"
        assert api.query("query($id: ID!) { file(id: $id) { id } }", id=second["id"])["file"] is None
        assert get(api.link(api.upload(drive, "third.txt", b"third")["id"])).content == b"third"
    finally:
        server.stop()


def _run(script: str, place: Path) -> None:
    script = script.replace("/var/lib/filegraph", str(place / "data")).replace("/backup/filegraph", str(place / "copy"))
    done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, timeout=60, check=False, cwd=place)
    assert done.returncode == 0, done.stderr


def test_the_unit_is_well_formed(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze")
    (unit,) = [block for block in blocks("ini") if "[Unit]" in block]
    true = shutil.which("true") or "/bin/true"
    path = tmp_path / "filegraph-documented.service"
    path.write_text(re.sub(r"/opt/filegraph/\S+", true, unit).replace("User=filegraph", "User=root"))
    done = subprocess.run(["systemd-analyze", "verify", path], capture_output=True, text=True, timeout=60, check=False)
    complaints = [line for line in done.stderr.splitlines() if path.name in line]
    assert not complaints, "\n".join(complaints)
