from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from filegraph.client.addresses import Address, parse_address
from filegraph.client.errors import NotFoundOrDenied, ServerUnreachable, UsageFault
from filegraph.client.graphql_client import GraphQLClient
from filegraph.client.nodes import RemoteDrive
from filegraph.client.remote_trash import drive_of, from_paths, trashed

if TYPE_CHECKING:
    from tests.filegraph.client.conftest import ScriptedServer

DRIVE = RemoteDrive("drive_1", "Work", "", None, 0)


def entry(number: int, path: str | None, kind: str = "File") -> dict[str, Any]:
    name = (path or "/hidden").rpartition("/")[2]
    common = {"__typename": kind, "id": f"{kind.lower()}_{number}", "name": name, "path": path}
    return {**common, "trashedAt": f"2026-01-0{9 - number}T10:00:00Z", **({"size": "5"} if kind == "File" else {})}


PAGES = [
    [entry(1, "/a.txt"), entry(2, None), entry(3, "/photos", "Folder")],
    [entry(4, "/a.txt"), entry(5, "/Gr\u00f6\u00dfe")],
]


@pytest.fixture
def pages(scripted: ScriptedServer) -> None:
    def answer(request: dict[str, Any]) -> tuple[int, bytes]:
        number = int(request["variables"]["after"] or 0)
        info = {"hasNextPage": number + 1 < len(PAGES), "endCursor": str(number + 1)}
        return 200, json.dumps({"data": {"node": {"trashed": {"nodes": PAGES[number], "pageInfo": info}}}}).encode()

    scripted.answer = answer


@pytest.mark.usefixtures("pages")
def test_every_page_is_listed(client: GraphQLClient) -> None:
    found = list(trashed(client, DRIVE))
    assert [item.id for item in found] == ["file_1", "file_2", "folder_3", "file_4", "file_5"]
    assert [item.size for item in found] == [5, 5, None, 5, 5]
    assert found[0].place == "Work:/a.txt"
    assert found[1].place == "hidden, from a folder that you cannot see"


def ids(client: GraphQLClient, *paths: str, latest: bool) -> list[list[str]]:
    found = from_paths(client, DRIVE, [parse_address(path) for path in paths], latest=latest)
    return [[item.id for item in items] for items in found.values()]


@pytest.mark.usefixtures("pages")
def test_a_path_is_found_once_or_each_time(client: GraphQLClient, scripted: ScriptedServer) -> None:
    assert ids(client, "Work:/photos", "Work:/a.txt", latest=True) == [["folder_3"], ["file_1"]]
    assert len(scripted.requests) == 1
    assert ids(client, "Work:/a.txt", latest=False) == [["file_1", "file_4"]]
    # The same name in another spelling of Unicode.
    assert ids(client, "Work:/Gro\u0308\u00dfe", latest=True) == [["file_5"]]


@pytest.mark.usefixtures("pages")
@pytest.mark.parametrize("latest", [True, False])
@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("Work:/photos/2025/boat.jpg", "went to the trash with Work:/photos; name that"),
        ("Work:/photosynthesis", "nothing in the trash came from here"),
        ("Work:/hidden", "nothing in the trash came from here"),
    ],
)
def test_what_is_not_there_by_itself(client: GraphQLClient, path: str, sentence: str, latest: bool) -> None:
    with pytest.raises(NotFoundOrDenied, match=sentence):
        ids(client, "Work:/a.txt", path, latest=latest)


@pytest.mark.parametrize("node", [None, {}])
def test_a_drive_that_went_away(client: GraphQLClient, scripted: ScriptedServer, node: object) -> None:
    scripted.say({"node": node})
    with pytest.raises(NotFoundOrDenied):
        list(trashed(client, DRIVE))


def test_an_answer_that_makes_no_sense(client: GraphQLClient, scripted: ScriptedServer) -> None:
    page = {"nodes": [{"id": "file_1"}], "pageInfo": {"hasNextPage": False, "endCursor": None}}
    scripted.say({"node": {"trashed": page}})
    with pytest.raises(ServerUnreachable):
        list(trashed(client, DRIVE))


def test_a_folder_has_no_trash_of_its_own(client: GraphQLClient, scripted: ScriptedServer) -> None:
    folder = "folder_00000000000000000000000000"
    scripted.say({"node": {"__typename": "Folder", "id": folder, "name": "inbox", "updatedAt": ""}})
    with pytest.raises(UsageFault, match="is no drive"):
        drive_of(client, Address(folder, ("a",)))
