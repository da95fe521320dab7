"""A real server with a real OpenFGA: sharing and taking back, with OpenFGA there, away, hanging, and back again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.components.api import Api, Json, become_administrator, get, new_person
from tests.components.openfga import OpenFGA, openfga, require_openfga
from tests.components.postgresql import available as postgresql_available
from tests.components.postgresql import postgresql
from tests.components.server import ROOT, Server, free_port, new_database, new_server, serving
from tests.e2e.conftest import database_settings

TOKEN = "a preshared key of 32 characters"
SEE = "query($id: ID!) { file(id: $id) { name viewerCan { view download edit } downloadUrl { url } } }"
CREATE = """mutation($id: ID!) { createFolder(input: {parentId: $id, name: "new"}) {
  folder { id } errors { code retryable } } }"""
UNAVAILABLE = "AUTHORIZATION_UNAVAILABLE"
LOST = (
    "The OpenFGA server that FILEGRAPH_OPENFGA_API_URL names does not have the store of this installation any more.",
    "authz migrate-store --to openfga --new-store` fills a new one from the record.\n",
)
SECONDS = 2.5
"""Two for OpenFGA, and something for a busy machine."""


def settings(fga: OpenFGA) -> dict[str, str]:
    return {
        "FILEGRAPH_AUTHZ_CLIENT": "openfga",
        "FILEGRAPH_OPENFGA_API_URL": fga.api_url,
        "FILEGRAPH_OPENFGA_API_TOKEN": fga.token,
        **database_settings(),
    }


@pytest.fixture
def fga() -> Iterator[OpenFGA]:
    """With the PostgreSQL engine, which remembers over a restart."""
    require_openfga()
    if not postgresql_available():
        pytest.skip("OpenFGA is not restarted here: there is no PostgreSQL for it")
    with postgresql() as url, openfga("postgresql", datastore_url=new_database(url), token=TOKEN) as running:
        yield running


@pytest.fixture
def mortal(fga: OpenFGA) -> Iterator[Server]:
    with serving(settings(fga)) as server:
        yield server


def command(server: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a server-side command that is expected to fail."""
    program = [sys.executable, "-m", "filegraph", *arguments]
    environment = server.environment
    return subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


def share(api: Api, node: str, person: Api, role: str = "VIEWER") -> None:
    api.mutate("share", "share { role }", id=node, subject={"userId": person.user_id}, role=role)


def unshare(api: Api, node: str, person: Api) -> None:
    api.mutate("unshare", "node { __typename }", id=node, subject={"userId": person.user_id})


def sees(api: Api, node: str) -> bool:
    return api.query(SEE, id=node)["file"] is not None


def timed(api: Api, document: str, **variables: object) -> Json:
    begin = time.monotonic()
    answer: Json = api.post(json={"query": document, "variables": variables}).json()
    assert time.monotonic() - begin < SECONDS, answer
    return answer


def codes(answer: Json) -> set[str]:
    """The codes of all errors, wherever they stand; all of them may be tried again."""
    found = [error["extensions"] for error in answer.get("errors", ())]
    found += [error for payload in (answer["data"] or {}).values() for error in (payload or {}).get("errors", ())]
    assert all(error["retryable"] for error in found)
    return {error["code"] for error in found}


def until_it_works(api: Api, node: str) -> None:
    deadline = time.monotonic() + 20
    while UNAVAILABLE in codes(timed(api, SEE, id=node)):
        assert time.monotonic() < deadline, "it does not come back"
        time.sleep(0.1)


def hang(pid: int) -> None:
    """Stop a process, and wait until it has: on a busy machine its threads may run on for a while."""
    os.kill(pid, signal.SIGSTOP)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T":
            return
        time.sleep(0.02)
    raise AssertionError("the process does not stop")


def test_openfga_away_hanging_and_back(fga: OpenFGA, mortal: Server) -> None:
    ann = become_administrator(mortal)
    bob, cat = new_person(ann), new_person(ann)
    drive = ann.drive()
    folder = ann.folder(drive, "papers")
    file = ann.upload(folder, "plan.txt", b"secret")["id"]
    assert not sees(bob, file)
    share(ann, file, bob)
    share(ann, folder, cat)
    assert sees(bob, file)
    assert sees(cat, file)
    link = bob.link(file)
    assert get(link).content == b"secret"
    unshare(ann, file, bob)
    assert not sees(bob, file)
    assert get(link).status_code == 404

    share(ann, file, bob)
    fga.kill()
    for api in (ann, bob, cat):
        answer = timed(api, SEE, id=file)
        assert (answer["data"], codes(answer)) == ({"file": None}, {UNAVAILABLE})
    begin = time.monotonic()
    assert get(link).status_code == 503
    assert time.monotonic() - begin < SECONDS
    created = timed(ann, CREATE, id=drive)
    assert codes(created) == {UNAVAILABLE}
    fga.start()
    until_it_works(bob, file)
    assert sees(bob, file)
    assert sees(cat, file)

    hang(fga.pid)
    try:
        several = "query($id: ID!) { a: file(id: $id) { name } b: file(id: $id) { name } c: file(id: $id) { name } }"
        answer = timed(cat, several, id=file)
        assert codes(answer) == {UNAVAILABLE}
        assert answer["data"] == {"a": None, "b": None, "c": None}
    finally:
        os.kill(fga.pid, signal.SIGCONT)
    until_it_works(cat, file)
    unshare(ann, folder, cat)
    assert not sees(cat, file)
    assert "Traceback" not in mortal.log.read_text()


REVOKE = """
import sys, django
django.setup()
from authz.services import relationships
from authz.types import TupleKey
user, relation, name = sys.argv[1:]
relationships.write(deletes=[TupleKey(user, relation, name)], on_missing="ignore")
"""


def revoke_without_openfga(server: Server, file: str, person: Api) -> None:
    """Take a role back in another process of the installation, whose way to OpenFGA is cut after the commit."""
    environment = {
        **server.environment,
        "DJANGO_SETTINGS_MODULE": "filegraph.settings",
        "FILEGRAPH_OPENFGA_API_URL": f"http://127.0.0.1:{free_port()}",
    }
    tuple_key = [person.user_id.replace("_", ":"), "viewer", file.replace("_", ":")]
    command = [sys.executable, "-c", REVOKE, *tuple_key]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert "wait for OpenFGA" in done.stderr


def test_a_revocation_that_openfga_has_not_heard_of_holds(fga: OpenFGA, mortal: Server) -> None:
    ann = become_administrator(mortal)
    bob = new_person(ann)
    file = ann.upload(ann.drive(), "plan.txt", b"secret")["id"]
    share(ann, file, bob)
    link = bob.link(file)
    revoke_without_openfga(mortal, file, bob)
    assert not sees(bob, file)
    assert get(link).status_code == 404
    assert sees(ann, file)

    share(ann, file, bob)
    fga.kill()
    revoke_without_openfga(mortal, file, bob)
    assert codes(timed(bob, SEE, id=file)) == {UNAVAILABLE}
    mortal.kill()
    fga.start()
    mortal.start()
    assert not sees(bob, file)
    assert sees(ann, file)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"FILEGRAPH_OPENFGA_API_URL": "http://127.0.0.1:9"}, "FILEGRAPH_OPENFGA_API_URL is not the address of"),
        ({"FILEGRAPH_OPENFGA_API_URL": ""}, "FILEGRAPH_OPENFGA_API_URL must say where the server is"),
        ({"FILEGRAPH_OPENFGA_API_TOKEN": "not the right one"}, "FILEGRAPH_OPENFGA_API_TOKEN is not what"),
        ({"FILEGRAPH_OPENFGA_STORE_ID": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}, "FILEGRAPH_OPENFGA_STORE_ID names a store that"),
        ({"FILEGRAPH_OPENFGA_STORE_ID": "mine"}, "FILEGRAPH_OPENFGA_STORE_ID must be the id of a store"),
    ],
)
def test_wrong_settings_are_told_by_name_before_anything_starts(
    wrong: dict[str, str], sentence: str, tmp_path: Path
) -> None:
    require_openfga()
    with openfga(token=TOKEN) as fga:
        server = new_server(tmp_path / "wrong", {**settings(fga), **wrong})
        done = command(server, "setup")
        assert done.returncode == 2
        assert done.stderr.startswith(sentence)
        assert done.stderr.count("\n") == 1
        assert "not the right one" not in done.stderr
        assert TOKEN not in done.stderr


def test_a_store_goes_on_after_a_second_setup_and_is_missed_when_gone(tmp_path: Path) -> None:
    require_openfga()
    with openfga(token=TOKEN) as fga:
        server = new_server(tmp_path, settings(fga))
        first = server.command("setup")
        assert "OpenFGA store" in first
        assert "OpenFGA" not in server.command("setup")
        fga.stop()
        fga.start()  # the memory engine has forgotten everything
        for arguments in (
            ("serve", "--port", str(server.port)),
            ("setup",),
            ("authz", "reconcile"),
            ("authz", "reconcile", "--check"),
            ("authz", "migrate-store", "--to", "openfga"),
        ):
            done = command(server, *arguments)
            assert (done.returncode, done.stdout) == (2, "")
            assert all(part in done.stderr for part in LOST), done.stderr
        # A setting that names the store says no less, and one that names another one neither.
        named = replace(server, environment={**server.environment, "FILEGRAPH_OPENFGA_STORE_ID": "0" * 26})
        assert all(part in command(named, "setup").stderr for part in LOST)


def test_a_lost_store_is_filled_again_while_the_server_serves(tmp_path: Path) -> None:
    """Nothing is allowed until it is; then everything as before, and what was taken back meanwhile is not."""
    require_openfga()
    with openfga(token=TOKEN) as fga, serving(settings(fga)) as server:
        ann = become_administrator(server)
        bob, cat = new_person(ann), new_person(ann)
        file = ann.upload(ann.drive(), "plan.txt", b"secret")["id"]
        share(ann, file, bob)
        share(ann, file, cat)
        assert sees(bob, file)
        fga.stop()
        revoke_without_openfga(server, file, cat)
        fga.start()
        for arguments in ("setup",), ("authz", "reconcile", "--check"):
            assert all(part in command(server, *arguments).stderr for part in LOST)
        assert not timed(bob, SEE, id=file)["data"]["file"]
        done = command(server, "authz", "migrate-store", "--to", "openfga", "--new-store")
        assert (done.returncode, done.stderr) == (0, "")
        assert "Store and record agree.\n" in done.stdout
        until_it_works(bob, file)
        assert [sees(person, file) for person in (ann, bob, cat)] == [True, True, False]
        unshare(ann, file, bob)
        assert not sees(bob, file)
        assert command(server, "authz", "reconcile", "--check").stdout == "Store and record agree.\n"
        fga.stop()
        done = command(server, "authz", "reconcile", "--check")
        assert done.returncode == 2
        assert done.stderr.startswith("FILEGRAPH_OPENFGA_API_URL is not the address of an OpenFGA server that answers")
        fga.start()
        done = command(server, "authz", "migrate-store", "--to", "embedded")
        assert (done.returncode, done.stderr) == (0, "")
        assert "it was let go" in done.stdout
        assert "goes on hearing" not in done.stdout
        server.kill()
        back = replace(server, environment={**server.environment, "FILEGRAPH_AUTHZ_CLIENT": "embedded"}, process=None)
        back.start()
        try:
            assert [sees(person, file) for person in (ann, bob, cat)] == [True, False, False]
        finally:
            back.kill()


def test_a_server_that_is_prepared_starts_while_openfga_is_away(tmp_path: Path) -> None:
    """Or a restart in the middle of an outage would make a longer one of it."""
    require_openfga()
    with openfga(token=TOKEN) as fga:
        server = new_server(tmp_path, settings(fga))
        server.command("setup")
        fga.stop()
        assert "OpenFGA" not in server.command("setup")
        arguments = [sys.executable, "-m", "filegraph", "serve", "--port", str(server.port)]
        with server.log.open("wb") as log:
            process = subprocess.Popen(arguments, cwd=ROOT, env=server.environment, stdout=log, stderr=log)
        try:
            with httpx.Client(transport=httpx.HTTPTransport(retries=8), timeout=30) as probe:
                answers = [probe.get(f"{server.url}/{name}").status_code for name in ("healthz", "readyz")]
        finally:
            process.terminate()
            process.wait(20)
        assert answers == [200, 503]
        told = server.log.read_text()
        assert "The server starts without it." in told
        assert "The probe of authorization failed: " in told
        assert "Traceback" not in told


def test_the_engine_is_changed_by_one_setting_while_both_serve(tmp_path: Path) -> None:
    """Embedded, then OpenFGA beside it, then embedded again: nothing is lost, and nothing taken back comes back."""
    require_openfga()
    with openfga(token=TOKEN) as fga, serving(database_settings()) as old:
        ann = become_administrator(old)
        bob, cat = new_person(ann), new_person(ann)
        file = ann.upload(ann.drive(), "plan.txt", b"secret")["id"]
        share(ann, file, bob)
        address = {name: value for name, value in settings(fga).items() if name.startswith("FILEGRAPH_OPENFGA")}
        beside = {**old.environment, **address, "FILEGRAPH_AUTHZ_CLIENT": "openfga"}
        too_early = command(replace(old, environment=beside), "setup")
        assert too_early.returncode == 2
        assert "filegraph authz migrate-store --to openfga" in too_early.stderr

        embedded = replace(old, environment={**old.environment, **address})
        done = command(embedded, "authz", "migrate-store", "--to", "openfga")
        assert (done.returncode, done.stderr) == (0, "")
        assert "Now set FILEGRAPH_AUTHZ_CLIENT=openfga" in done.stdout
        share(ann, file, cat)
        unshare(ann, file, bob)
        new = replace(old, environment=beside, port=free_port(), process=None)
        new.start()
        try:
            there = [replace(person, url=new.url) for person in (ann, bob, cat)]
            assert [sees(person, file) for person in there] == [True, False, True]
            assert command(new, "authz", "reconcile", "--check").stdout == "Store and record agree.\n"
            compared = command(new, "authz", "compare", "--sample", "100")
            assert compared.returncode == 0, compared.stdout + compared.stderr
            assert compared.stdout.startswith("100 answers agree")
            unshare(there[0], file, cat)
            assert [sees(person, file) for person in (ann, bob, cat)] == [True, False, False]
        finally:
            new.kill()
        done = command(embedded, "authz", "migrate-store", "--to", "embedded")
        assert (done.returncode, done.stderr) == (0, "")
        assert [sees(person, file) for person in (ann, bob, cat)] == [True, False, False]
        for name in ("reconcile", "compare"):
            done = command(embedded, "authz", name)
            assert done.returncode == 2
            assert "has no OpenFGA store" in done.stderr


def test_a_store_that_has_the_tree_gives_the_same_answers_by_itself(tmp_path: Path) -> None:
    """After folders, uploads and shares of a real server."""
    require_openfga()
    with (
        openfga(token=TOKEN) as fga,
        serving({**settings(fga), "FILEGRAPH_OPENFGA_MIRROR_STRUCTURE": "true"}) as server,
    ):
        ann = become_administrator(server)
        bob = new_person(ann)
        drive = ann.drive()
        one = ann.folder(drive, "one")
        file = ann.upload(ann.folder(one, "inner"), "plan.txt", b"secret")["id"]
        ann.upload(drive, "other.txt", b"other")
        share(ann, one, bob)
        assert sees(bob, file)
        assert command(server, "authz", "reconcile", "--check").stdout == "Store and record agree.\n"
        compared = command(server, "authz", "compare", "--sample", "300")
        assert compared.stdout.startswith("300 answers agree"), compared.stdout + compared.stderr
