"""Fetching files whose names are made to meet. What a real server's files are like is tried in ``tests/e2e``."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from filegraph.client.addresses import Address
from filegraph.client.download_plan import DownloadPlan
from filegraph.client.downloading import Downloader
from filegraph.client.errand import Errand
from filegraph.client.graphql_client import GraphQLClient
from filegraph.client.nodes import RemoteFolder
from filegraph.client.outcome import OnConflict, Outcome
from filegraph.client.progress import ProgressLines
from filegraph.client.wire import Carrier

if TYPE_CHECKING:
    from tests.filegraph.client.conftest import ScriptedServer


def test_no_file_is_taken_for_the_part_of_another_one(
    scripted: ScriptedServer, client: GraphQLClient, tmp_path: Path
) -> None:
    """Somebody may call a file as the unfinished download of another one is called here."""
    good, other = b"what was asked for", b"something else"
    digest = hashlib.sha256(good).hexdigest()
    contents = {f"report.txt.{digest[:8]}.part": other, "report.txt": good}
    files = [
        {
            "__typename": "File",
            "id": f"file_{number}",
            "name": name,
            "updatedAt": "",
            "size": str(len(content)),
            "sha256": hashlib.sha256(content).hexdigest(),
            "contentType": "text/plain",
        }
        for number, (name, content) in enumerate(contents.items())
    ]
    scripted.files = {f"/{number}": content for number, content in enumerate(contents.values())}

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        if "ids" in request["variables"]:
            links = [{"id": f"file_{n}", "downloadUrl": {"url": f"{scripted.url}/{n}"}} for n in range(len(files))]
            return {"nodes": links}
        return {"node": {"children": {"nodes": files, "pageInfo": {"hasNextPage": False, "endCursor": None}}}}

    scripted.answer_data(answer)
    outcome = Outcome()
    plan = DownloadPlan(client, str(tmp_path / "here"), outcome, several=False)
    plan.add(Address("d", ("photos",), contents=True), RemoteFolder("folder_1", "photos", ""))
    with httpx.Client() as http:
        Downloader(Errand(client, Carrier(http), OnConflict.FAIL, 1, outcome, ProgressLines("get"))).run(plan.jobs)
    assert (outcome.carried, outcome.failures) == (2, [])
    assert (tmp_path / "here" / "report.txt").read_bytes() == good
    assert sorted(path.read_bytes() for path in (tmp_path / "here").iterdir()) == sorted(contents.values())
