"""The authorization model is edited while two processes serve: both answer by it from the next request on."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from threading import Event

import psycopg
import pytest

from authz.services.shipped_model import SHIPPED_MODEL
from tests.components.api import Api, Refused, become_administrator, get, new_person, put
from tests.components.server import Server, ServerFailed, serving, serving_several
from tests.e2e.conftest import database_settings

SHIPPED = SHIPPED_MODEL.read_text(encoding="utf-8")
NO_DOWNLOADS_FOR_VIEWERS = SHIPPED.replace(
    "define can_download: (views but not denied) but not quarantined",
    "define can_download: (edits but not denied) but not quarantined",
)


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Server, Server]]:
    with serving_several(2, database_settings()) as (one, two):
        yield one, two


@pytest.fixture(scope="module")
def ada(pair: tuple[Server, Server]) -> tuple[Api, Api]:
    at_one = become_administrator(pair[0])
    return at_one, replace(at_one, url=pair[1].url)


def create(api: Api, text: str) -> str:
    made = api.mutate("createAuthorizationModel", "authorizationModel { id }", text=text)
    return str(made["authorizationModel"]["id"])


def activate(api: Api, version: str) -> str:
    """Activate a version; the one before."""
    done = api.mutate("activateAuthorizationModel", "previous { id }", id=version)
    return str(done["previous"]["id"])


def test_both_processes_change_their_answers_and_back(ada: tuple[Api, Api]) -> None:
    assert NO_DOWNLOADS_FOR_VIEWERS != SHIPPED
    one, two = ada
    drive = one.drive()
    file = one.upload(drive, "a.txt", b"a")["id"]
    ben = new_person(one)
    one.mutate("share", "share { role }", id=drive, subject={"userId": ben.user_id}, role="VIEWER")
    doors = (ben, replace(ben, url=two.url))
    link = ben.link(file)

    def seen() -> list[tuple[bool, int]]:
        """What each process says about downloading, in a list of files and at the link."""
        query = "query($id: ID!) { file(id: $id) { viewerCan { download } } }"
        found = []
        for door in doors:
            flag = door.query(query, id=file)["file"]["viewerCan"]["download"]
            found.append((flag, get(door.url + "/" + link.split("/", 3)[3]).status_code))
        return found

    assert seen() == [(True, 200), (True, 200)]
    version = create(one, NO_DOWNLOADS_FOR_VIEWERS)
    assert seen() == [(True, 200), (True, 200)]
    for activating, undoing in ((one, two), (two, one)):
        previous = activate(activating, version)
        assert seen() == [(False, 403), (False, 403)], "the link was made under the model before"
        assert activate(undoing, previous) == version
        assert seen() == [(True, 200), (True, 200)]


def test_an_upload_under_way_is_judged_by_the_model_of_each_step(ada: tuple[Api, Api]) -> None:
    one, two = ada
    drive = one.drive()
    ben = new_person(one)
    one.mutate("share", "share { role }", id=drive, subject={"userId": ben.user_id}, role="UPLOADER")
    upload = ben.begin(drive, "a.txt", 1)
    strict = SHIPPED.replace("define can_upload: uploads but not blocked", "define can_upload: edits but not blocked")
    previous = activate(two, create(two, strict))
    refused = put(upload["transport"]["url"], b"a")
    assert refused.status_code in (403, 404), refused.text
    activate(two, previous)
    assert put(upload["transport"]["url"], b"a").status_code == 204
    assert ben.mutate("finalizeUpload", "upload { state }", uploadId=upload["id"])["upload"]["state"] == "READY"


def test_requests_never_fail_while_models_come_and_go(ada: tuple[Api, Api]) -> None:
    one, _ = ada
    drive = one.drive()
    one.upload(drive, "a.txt", b"a")
    versions = [create(one, f"# {number}\n{SHIPPED}") for number in range(3)]
    stop = Event()

    def ask(door: Api) -> int:
        asked = 0
        query = "query($id: ID!) { drive(id: $id) { children { totalCount nodes { id viewerCan { view } } } } }"
        while not stop.is_set():
            found = door.query(query, id=drive)["drive"]["children"]
            assert found["totalCount"] == 1
            assert found["nodes"][0]["viewerCan"]["view"]
            asked += 1
        return asked

    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(ask, door) for door in ada]
        try:
            for number in range(12):
                activate(ada[number % 2], versions[number % 3])
                time.sleep(0.02)
        finally:
            stop.set()
        assert all(run.result(60) > 0 for run in runs)


def test_of_two_editors_one_wins(ada: tuple[Api, Api]) -> None:
    one, _ = ada
    versions = [create(one, f"# {name}\n{SHIPPED}") for name in ("one", "two")]
    active = one.query("{ authorizationModelActivations(first: 1) { nodes { authorizationModel { id } } } }")
    before = active["authorizationModelActivations"]["nodes"][0]["authorizationModel"]["id"]

    def race(number: int) -> list[str]:
        try:
            arguments = {"id": versions[number], "ifActive": before}
            ada[number].mutate("activateAuthorizationModel", "previous { id }", **arguments)
        except Refused as refused:
            return refused.codes
        return []

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(race, range(2)))
    assert sorted(results) == [[], ["AUTHORIZATION_MODEL_CONFLICT"]]


MEND = "mutation($id: ID!) { activateAuthorizationModel(input: { id: $id }) { previous { id } errors { code } } }"


def spoil(server: Server, version: str) -> None:
    """Put a version in force whose text no release can read: what no service would do."""
    spoilt = f"UPDATE authz_authorizationmodelversion SET text = 'model' WHERE id = '{version}'"
    in_force = "INSERT INTO authz_modelactivation (id, version_id, activated_at, author, note)"
    in_force += f" SELECT max(id) + 1, '{version}', max(activated_at), '', '' FROM authz_modelactivation"
    statements = (spoilt, in_force)
    url = server.environment.get("FILEGRAPH_DATABASE_URL")
    if url:
        with psycopg.connect(url) as connection:
            for statement in statements:
                connection.execute(statement)
    else:
        with closing(sqlite3.connect(server.data_dir / "database.sqlite3", timeout=10)) as file, file:
            for statement in statements:
                file.execute(statement)


@pytest.fixture
def lonely() -> Iterator[Server]:
    """A server of one test alone, which stops and spoils it."""
    with serving(database_settings()) as server:
        yield server


def test_the_operator_recovers_where_nobody_can_be_answered(lonely: Server) -> None:
    ada = become_administrator(lonely)
    drive = ada.drive()
    file = ada.upload(drive, "a.txt", b"a")["id"]
    version = create(ada, NO_DOWNLOADS_FOR_VIEWERS)
    query = "query($id: ID!) { file(id: $id) { name } }"
    asked = {"query": query, "variables": {"id": file}}
    spoil(lonely, version.removeprefix("model_"))

    def answer() -> object:
        return (ada.post(json=asked).json().get("data") or {}).get("file")

    # No question is answered, and through the service nobody can mend that.
    assert answer() is None
    refused = ada.post(json={"query": MEND, "variables": {"id": version}}).json()["data"]
    assert refused["activateAuthorizationModel"]["errors"] == [{"code": "INVALID_AUTHORIZATION_MODEL"}]
    listed = lonely.command("authz", "models")
    assert f"* {version} " in listed
    # A server that starts now says what is wrong.
    lonely.stop()
    with pytest.raises(ServerFailed, match="cannot be read"):
        lonely.start()
    with pytest.raises(ServerFailed):
        lonely.command("authz", "activate", version)
    assert " is active now, instead of " in lonely.command("authz", "activate", "--shipped", "--note", "recovered")
    lonely.start()
    assert answer() == {"name": "a.txt"}
    # A process that serves all the while is told by the next request.
    spoil(lonely, create(ada, NO_DOWNLOADS_FOR_VIEWERS).removeprefix("model_"))
    assert answer() is None
    lonely.command("authz", "activate", "--shipped")
    assert answer() == {"name": "a.txt"}
    assert "the operator activated model_" in lonely.command("authz", "audit")
