"""What the service is for, from the first administrator to the trash, over HTTP alone."""

import os

import httpx
import pytest

from tests.components.api import Api, Refused, get, new_person, put, sha256
from tests.components.server import Server

CONTENT = os.urandom(300_000)


def test_it_is_ready_and_the_setup_token_is_spent(server: Server, admin: Api) -> None:
    assert httpx.get(f"{server.url}/healthz", trust_env=False).status_code == 200
    assert httpx.get(f"{server.url}/readyz", trust_env=False).status_code == 200
    with pytest.raises(Refused):
        Api(server.url).mutate(
            "completeSetup",
            "viewer { actor }",
            setupToken=server.setup_token,
            username="second",
            password="a long enough password",
        )


def test_upload_list_download(admin: Api, drive: str) -> None:
    folder = admin.folder(drive, "Größe & Co")
    upload = admin.begin(folder, "résumé.txt", len(CONTENT), sha256=sha256(CONTENT))
    assert upload["state"] == "OPEN"
    answer = put(upload["transport"]["url"], CONTENT)
    assert answer.headers["etag"] == f'"{sha256(CONTENT)}"'
    assert admin.state(upload["id"]) == "VERIFYING"
    file = admin.finalize(upload["id"])
    assert (file["size"], file["sha256"], file["version"]) == (str(len(CONTENT)), sha256(CONTENT), 1)
    assert admin.finalize(upload["id"]) == file

    document = "query($d: ID!, $p: String!) { item(drive: $d, path: $p) { id path } }"
    assert admin.query(document, d=drive, p="/Größe & Co/résumé.txt")["item"]["id"] == file["id"]
    whole = get(admin.link(file["id"]))
    assert whole.content == CONTENT
    assert "r%C3%A9sum%C3%A9.txt" in whole.headers["content-disposition"]
    part = get(admin.link(file["id"]), headers={"range": "bytes=1000-1999"})
    assert (part.status_code, part.content) == (206, CONTENT[1000:2000])


def test_an_empty_file(admin: Api, drive: str) -> None:
    file = admin.upload(drive, "empty", b"")
    assert get(admin.link(file["id"])).content == b""


def test_sharing_opens_and_unsharing_closes(admin: Api, drive: str) -> None:
    friend = new_person(admin)
    folder = admin.folder(drive, "shared")
    inside = admin.upload(folder, "inside.txt", b"inside")
    outside = admin.upload(drive, "outside.txt", b"outside")
    file = "query($id: ID!) { file(id: $id) { name viewerCan { download edit } downloadUrl { url } } }"
    assert friend.query(file, id=inside["id"])["file"] is None

    admin.mutate("share", "share { role }", id=folder, subject={"username": friend.name}, role="VIEWER")
    seen = friend.query(file, id=inside["id"])["file"]
    assert seen["viewerCan"] == {"download": True, "edit": False}
    link = seen["downloadUrl"]["url"]
    assert get(link).content == b"inside"
    assert friend.query(file, id=outside["id"])["file"] is None
    assert [n["id"] for n in friend.query("{ files { nodes { id } } }")["files"]["nodes"]] == [inside["id"]]
    with pytest.raises(Refused):
        friend.begin(folder, "mine.txt", 1)

    admin.mutate("unshare", "node { __typename }", id=folder, subject={"username": friend.name})
    assert friend.query(file, id=inside["id"])["file"] is None
    assert get(link).status_code in (403, 404)
    assert friend.query("{ files { totalCount } }")["files"]["totalCount"] == 0


def test_trash_restore_purge(admin: Api, drive: str) -> None:
    file = admin.upload(drive, "x.txt", b"x")
    link = admin.link(file["id"])
    names = "query($id: ID!) { drive(id: $id) { used children { nodes { name } } trashed { nodes { name } } } }"

    def shown() -> tuple[list[str], list[str]]:
        found = admin.query(names, id=drive)["drive"]
        return [n["name"] for n in found["children"]["nodes"]], [n["name"] for n in found["trashed"]["nodes"]]

    result = "results { errors { code } }"
    admin.mutate("trash", result, ids=[file["id"]])
    assert shown() == ([], ["x.txt"])
    assert get(link).status_code == 404
    admin.mutate("restore", result, ids=[file["id"]])
    assert shown() == (["x.txt"], [])
    assert get(link).content == b"x"
    admin.mutate("trash", result, ids=[file["id"]])
    admin.mutate("purge", result, ids=[file["id"]])
    assert shown() == ([], [])
    assert admin.query(names, id=drive)["drive"]["used"] == "0"


def test_replace_makes_a_version_and_quota_holds(admin: Api) -> None:
    drive = admin.drive(quota="1000")
    admin.upload(drive, "a", b"1" * 400)
    second = admin.upload(drive, "a", b"2" * 400, onConflict="REPLACE")
    assert second["version"] == 2
    assert get(admin.link(second["id"])).content == b"2" * 400
    with pytest.raises(Refused) as caught:
        admin.begin(drive, "b", 400)
    assert caught.value.codes == ["QUOTA_EXCEEDED"]
    with pytest.raises(Refused) as caught:
        admin.begin(drive, "a", 1)
    assert caught.value.codes == ["NAME_TAKEN"]


def test_nothing_that_a_visitor_sees(server: Server, admin: Api, drive: str) -> None:
    file = admin.upload(drive, "private.txt", b"private")
    visitor = Api(server.url)
    found = visitor.query(
        "query($f: ID!, $d: ID!) "
        "{ file(id: $f) { id } node(id: $d) { id } drives { totalCount } viewer { user { id } } }",
        f=file["id"],
        d=drive,
    )
    assert found == {"file": None, "node": None, "drives": {"totalCount": 0}, "viewer": {"user": None}}
