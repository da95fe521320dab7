"""The service on a real S3 server: bytes go past it, wrong settings are told by name, and an outage passes."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.components.api import Api, Refused, become_administrator, get, new_person, put, sha256
from tests.components.process_tree import moved_bytes
from tests.components.seaweedfs import SeaweedFS, seaweedfs
from tests.components.server import ROOT, Server, new_server, serving
from tests.components.shell import contents, shell_of
from tests.e2e.conftest import database_settings

CONTENT = os.urandom(300_000)
HTTP: dict[str, Any] = {"trust_env": False, "timeout": 60}


@pytest.fixture(scope="module")
def server(seaweed: SeaweedFS) -> Iterator[Server]:
    """A server whose first store is a bucket."""
    more = {
        "FILEGRAPH_S3_PREFIX": f"e2e/{secrets.token_hex(6)}",
        "FILEGRAPH_ALLOWED_ORIGINS": "https://app.example.com",
    }
    with serving({**database_settings(), **seaweed.settings(), **more}) as running:
        yield running


@pytest.fixture(scope="module")
def admin(server: Server) -> Api:
    return become_administrator(server)


@pytest.fixture
def drive(admin: Api) -> str:
    return admin.drive()


def send(upload: dict[str, Any], content: bytes) -> httpx.Response:
    """Do what the transport says, and no more."""
    plan = upload["transport"]
    headers = {each["name"]: each["value"] for each in plan["headers"]}
    return httpx.request(plan["method"], plan["url"], content=content, headers=headers, **HTTP)


def begin(person: Api, parent: str, name: str, content: bytes, **more: Any) -> dict[str, Any]:
    upload: dict[str, Any] = person.begin(parent, name, len(content), sha256=sha256(content), **more)
    return upload


def test_the_main_job(admin: Api, drive: str, server: Server, seaweed: SeaweedFS) -> None:
    folder = admin.folder(drive, "Größe & Co")
    upload = begin(admin, folder, "résumé.txt", CONTENT)
    assert upload["transport"]["url"].startswith(seaweed.endpoint_url)
    with pytest.raises(Refused) as caught:
        admin.finalize(upload["id"])
    assert caught.value.codes == ["UPLOAD_INCOMPLETE"]
    assert send(upload, CONTENT[::-1]).status_code == 400
    assert send(upload, CONTENT).status_code == 200
    file = admin.finalize(upload["id"], sha256=sha256(CONTENT))
    assert (file["size"], file["sha256"], file["version"]) == (str(len(CONTENT)), sha256(CONTENT), 1)
    assert admin.finalize(upload["id"]) == file
    assert send(upload, CONTENT).status_code == 412

    link = admin.link(file["id"])
    assert link.startswith(seaweed.endpoint_url)
    answer = get(link)
    assert answer.content == CONTENT
    assert answer.headers["content-type"] == "text/plain"
    assert "r%C3%A9sum%C3%A9.txt" in answer.headers["content-disposition"]
    part = get(link, headers={"range": "bytes=1000-1999"})
    assert (part.status_code, part.content) == (206, CONTENT[1000:2000])


def test_what_declares_no_hash_passes_through_us(admin: Api, drive: str, server: Server) -> None:
    file = admin.upload(drive, "plain.bin", CONTENT)
    assert file["sha256"] == sha256(CONTENT)
    assert get(admin.link(file["id"])).content == CONTENT
    again = begin(admin, drive, "again.bin", CONTENT)
    assert again["transport"]["__typename"] == "AlreadyThere"
    assert admin.finalize(again["id"])["size"] == str(len(CONTENT))


def test_a_link_is_for_who_may_and_ends_soon(admin: Api, drive: str) -> None:
    upload = begin(admin, drive, "private.txt", b"private")
    send(upload, b"private")
    file = admin.finalize(upload["id"])
    stranger = new_person(admin)
    document = "query($id: ID!) { file(id: $id) { downloadUrl(expiresIn: 86400) { url expiresAt } } }"
    assert stranger.query(document, id=file["id"])["file"] is None
    found = admin.query(document, id=file["id"])["file"]["downloadUrl"]
    assert "X-Amz-Expires=300&" in found["url"]


def test_a_page_of_links(admin: Api, drive: str) -> None:
    for number in range(5):
        upload = begin(admin, drive, f"{number}.txt", b"%d" % number)
        send(upload, b"%d" % number)
        admin.finalize(upload["id"])
    document = "query($d: ID!) { drive(id: $d) { children { nodes { ... on File { name downloadUrl { url } } } } } }"
    nodes = admin.query(document, d=drive)["drive"]["children"]["nodes"]
    assert [get(node["downloadUrl"]["url"]).text for node in nodes] == ["0", "1", "2", "3", "4"]


@pytest.mark.sqlite
def test_the_command_line_knows_nothing_of_it(admin: Api, drive: str, tmp_path: Path) -> None:
    top = tmp_path / "photos"
    (top / "2024").mkdir(parents=True)
    for number in range(30):
        (top / "2024" / f"{number:03}.txt").write_bytes(str(number).encode() * 100)
    (top / "Größe & Co.txt").write_bytes(b"x")
    (top / "empty").write_bytes(b"")
    (top / "big.bin").write_bytes(os.urandom(12_000_000))
    name = admin.query("query($id: ID!) { drive(id: $id) { name } }", id=drive)["drive"]["name"]
    shell = shell_of(admin, tmp_path / "home")
    shell.ok("put", top, f"{name}:/")
    shell.ok("put", top, f"{name}:/")
    shell.ok("get", f"{name}:/photos", tmp_path / "back")
    assert contents(tmp_path / "back" / "photos") == contents(top)


def test_bytes_go_past_us(admin: Api, drive: str, server: Server) -> None:
    content = os.urandom(1 << 20) * 32
    begun = moved_bytes(server.pid)
    upload = begin(admin, drive, "large.bin", content)
    send(upload, content)
    file = admin.finalize(upload["id"])
    assert get(admin.link(file["id"])).content == content
    assert moved_bytes(server.pid) - begun < 1 << 20


def test_secrets_are_nowhere_to_be_read(server: Server, seaweed: SeaweedFS, admin: Api) -> None:
    for file in server.data_dir.iterdir():
        if file.is_file():
            found = file.read_bytes()
            assert seaweed.secret_key.encode() not in found, file
            assert b"X-Amz-Signature" not in found, file


def test_the_rules_for_browsers(server: Server) -> None:
    rules = json.loads(server.command("bucket-cors"))["CORSRules"][0]
    assert rules["AllowedOrigins"] == ["https://app.example.com"]


@pytest.mark.sqlite
def test_a_store_that_clients_do_not_reach(seaweed: SeaweedFS) -> None:
    """All bytes through us, both ways: the client sees the same contract, and a link that can be taken back."""
    more = {"FILEGRAPH_S3_PREFIX": f"e2e/{secrets.token_hex(6)}", "FILEGRAPH_S3_DIRECT": "false"}
    content = os.urandom(1 << 20) * 20
    with serving({**seaweed.settings(), **more}) as server:
        admin = become_administrator(server)
        upload = begin(admin, admin.drive(), "large.bin", content)
        assert upload["transport"]["url"].startswith(server.url)
        assert send(upload, content).status_code == 204
        file = admin.finalize(upload["id"])
        link = admin.link(file["id"])
        assert link.startswith(server.url)
        assert get(link).content == content
        part = get(link, headers={"range": "bytes=9000000-9000999"})
        assert (part.status_code, part.content) == (206, content[9_000_000:9_001_000])
        admin.mutate("trash", "results { errors { code } }", ids=[file["id"]])
        assert get(link).status_code == 404


# Wrong settings.


def run(seaweed: SeaweedFS, folder: Path, *arguments: str, **changed: str | None) -> subprocess.CompletedProcess[str]:
    """Run a server command with some of the settings changed, or (None) taken away."""
    every = {**database_settings(), **seaweed.settings(), "FILEGRAPH_S3_PREFIX": "wrong", **changed}
    settings = {name: value for name, value in every.items() if value is not None}
    environment = new_server(folder, settings).environment
    environment |= {"AWS_EC2_METADATA_DISABLED": "true", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere"}
    return subprocess.run(
        [sys.executable, "-m", "filegraph", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def wrong(seaweed: SeaweedFS) -> Iterator[tuple[dict[str, str | None], str]]:
    """What is set wrong, and the beginning of the sentence that tells it."""
    yield {"FILEGRAPH_S3_BUCKET": None}, "FILEGRAPH_S3_BUCKET must name a bucket"
    yield {"FILEGRAPH_S3_BUCKET": "not-there"}, "FILEGRAPH_S3_BUCKET: There is no bucket"
    nobody = "http://127.0.0.1:9"
    yield {"FILEGRAPH_S3_ENDPOINT_URL": nobody}, "FILEGRAPH_S3_ENDPOINT_URL: The store does not answer"
    secret = "FILEGRAPH_S3_SECRET_ACCESS_KEY"
    yield {secret: "hush-hush-hush"}, f"{secret}: The secret does not belong"
    key = "FILEGRAPH_S3_ACCESS_KEY_ID"
    yield (
        {key: seaweed.key_without("Write")["access_key_id"]},
        f"{key}: The access key lacks the right s3:PutObject, to write",
    )
    yield {secret: None, key: None}, f"{key}: There is no access key"


@pytest.mark.sqlite
def test_wrong_settings_are_told_by_name_at_setup(seaweed: SeaweedFS, tmp_path: Path) -> None:
    """One after the other on the same installation, and then the right ones."""
    for changed, sentence in wrong(seaweed):
        done = run(seaweed, tmp_path, "setup", **changed)
        assert done.returncode == 2, done
        lines = [line for line in done.stderr.splitlines() if not line.startswith("20")]
        assert len(lines) == 1, done.stderr
        assert lines[0].startswith(sentence)
        for secret in (seaweed.secret_key, "hush-hush-hush"):
            assert secret not in done.stdout + done.stderr
    done = run(seaweed, tmp_path, "setup")
    assert done.returncode == 0
    assert f"in the bucket {seaweed.bucket} of {seaweed.endpoint_url}." in done.stdout


@pytest.mark.sqlite
def test_wrong_settings_are_told_by_name_at_start(seaweed: SeaweedFS, tmp_path: Path) -> None:
    assert run(seaweed, tmp_path, "setup").returncode == 0
    with socket.create_server(("127.0.0.1", 0)) as taken:
        serve = ("serve", "--port", str(taken.getsockname()[1]))
        done = run(seaweed, tmp_path, *serve, FILEGRAPH_S3_SECRET_ACCESS_KEY="hush-hush-hush")
        assert done.returncode == 2
        assert "FILEGRAPH_S3_SECRET_ACCESS_KEY: The secret does not belong to the access key." in done.stderr
        assert "hush" not in done.stderr
        done = run(seaweed, tmp_path, *serve, FILEGRAPH_S3_DIRECT="false")
        assert done.returncode == 2
        assert done.stderr.startswith("FILEGRAPH_S3_DIRECT changed since this installation was prepared. Run first:")
    done = run(seaweed, tmp_path, "setup", FILEGRAPH_S3_SECRET_ACCESS_KEY="hush-hush-hush")
    assert done.returncode == 2
    assert "FILEGRAPH_S3_SECRET_ACCESS_KEY: The secret does not belong to the access key." in done.stderr


# The store is stopped, and started again.


@pytest.mark.sqlite
def test_an_outage_passes(tmp_path: Path) -> None:
    with seaweedfs() as store, serving(store.settings()) as server:
        admin = become_administrator(server)
        drive = admin.drive()
        before = begin(admin, drive, "before", b"before")
        assert send(before, b"before").status_code == 200
        through = admin.begin(drive, "through", 7)
        store.stop()

        # It may come back: neither setup nor a start is held up by it (here a start is by the port alone).
        for arguments in (("setup",), ("serve", "--port", str(server.port))):
            done = subprocess.run(
                [sys.executable, "-m", "filegraph", *arguments],
                cwd=ROOT, env=server.environment, capture_output=True, text=True, timeout=100, check=False,
            )  # fmt: skip
            told = done.stdout + done.stderr
            assert "FILEGRAPH_S3_ENDPOINT_URL: The store does not answer at this address. The server starts" in told
            assert done.returncode == 0 or "Cannot listen" in told

        for _ in range(2):
            with pytest.raises(Refused) as caught:
                admin.finalize(before["id"])
            assert caught.value.codes == ["BACKEND_UNAVAILABLE"]
        answer = put(through["transport"]["url"], b"through")
        assert answer.status_code == 503, server.log.read_text()
        assert answer.json()["error"]["code"] == "BACKEND_UNAVAILABLE"
        assert answer.json()["error"]["retryable"] is True
        # Links need nobody, and neither does giving up.
        meanwhile = begin(admin, drive, "meanwhile", b"meanwhile")
        given_up = begin(admin, drive, "given-up", b"given up")
        assert admin.mutate("abortUpload", "upload { state }", uploadId=given_up["id"])["upload"]["state"] == "ABORTED"
        time.sleep(1.1)
        assert httpx.get(f"{server.url}/readyz", **HTTP).status_code == 503
        assert httpx.get(f"{server.url}/healthz", **HTTP).status_code == 200

        store.start()
        time.sleep(1.1)
        assert httpx.get(f"{server.url}/readyz", **HTTP).status_code == 200
        assert admin.finalize(before["id"])["size"] == "6"
        assert put(through["transport"]["url"], b"through").status_code == 204
        file = admin.finalize(through["id"])
        assert get(admin.link(file["id"])).content == b"through"
        assert send(meanwhile, b"meanwhile").status_code == 200
        assert admin.finalize(meanwhile["id"])["size"] == "9"
        log = server.log.read_text()
        assert "The probe of stores failed: The store does not answer at this address." in log
        assert "Traceback" not in log
