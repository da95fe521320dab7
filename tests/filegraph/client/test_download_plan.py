"""Where downloads go. The remote side is one file, or an empty folder; whole trees are in ``test_transfers``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from filegraph.client.addresses import Address
from filegraph.client.download_plan import DownloadPlan
from filegraph.client.errors import UsageFault
from filegraph.client.graphql_client import GraphQLClient
from filegraph.client.nodes import RemoteFile, RemoteFolder
from filegraph.client.outcome import Outcome

if TYPE_CHECKING:
    from tests.filegraph.client.conftest import ScriptedServer

FILE = RemoteFile("file_1", "report.txt", "", 1, "0" * 64, "text/plain")
FOLDER = RemoteFolder("folder_1", "photos", "")
AT_FILE, AT_FOLDER = Address("d", ("report.txt",)), Address("d", ("photos",))
INSIDE = Address("d", ("photos",), contents=True)


@pytest.fixture
def here(tmp_path: Path, scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    scripted.say({"node": {"children": {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}}})
    (tmp_path / "there").mkdir()
    (tmp_path / "file").write_text("mine")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def plan_of(client: GraphQLClient, destination: str, *, several: bool = False) -> DownloadPlan:
    return DownloadPlan(client, destination, Outcome(), several=several)


@pytest.mark.parametrize(
    ("destination", "target"),
    [
        ("there", "there/report.txt"),
        ("there/", "there/report.txt"),
        ("there/other.txt", "there/other.txt"),
        ("new.txt", "new.txt"),
        ("new/", "new/report.txt"),
        ("new/and/deep/", "new/and/deep/report.txt"),
        ("file", "file"),
        (".", "report.txt"),
    ],
)
def test_a_file(here: Path, client: GraphQLClient, destination: str, target: str) -> None:
    plan = plan_of(client, destination)
    plan.add(AT_FILE, FILE)
    (job,) = plan.jobs
    assert (str(job.target), str(plan.where())) == (target, target)
    assert job.target.parent.is_dir()


@pytest.mark.parametrize(
    ("destination", "sentence"),
    [
        ("mistyped/new.txt", r"There is no folder mistyped\. .* end the destination in a slash"),
        ("file/", "file is there already and is no folder"),
        ("file/new.txt", "There is no folder file"),
    ],
)
def test_a_file_that_has_no_place(here: Path, client: GraphQLClient, destination: str, sentence: str) -> None:
    with pytest.raises(UsageFault, match=sentence):
        plan_of(client, destination).add(AT_FILE, FILE)
    assert sorted(path.name for path in here.iterdir()) == ["file", "there"]


@pytest.mark.parametrize(
    ("destination", "address", "place"),
    [
        ("there", AT_FOLDER, "there/photos"),
        ("new", AT_FOLDER, "new/photos"),
        ("new/deep", INSIDE, "new/deep"),
        ("there/", INSIDE, "there"),
    ],
)
def test_a_folder(here: Path, client: GraphQLClient, destination: str, address: Address, place: str) -> None:
    plan = plan_of(client, destination)
    plan.add(address, FOLDER)
    assert (plan.jobs, str(plan.where())) == ([], place)
    assert plan.where().is_dir()


def test_a_folder_does_not_replace_a_file(here: Path, client: GraphQLClient) -> None:
    with pytest.raises(UsageFault, match="is no folder"):
        plan_of(client, "file").add(AT_FOLDER, FOLDER)
    assert (here / "file").read_text() == "mine"


def test_several_things_go_to_one_folder_under_names_of_their_own(here: Path, client: GraphQLClient) -> None:
    plan = plan_of(client, "new", several=True)
    for address, node in ((AT_FILE, FILE), (AT_FOLDER, FOLDER), (AT_FILE, FILE)):
        plan.add(address, node)
    assert [str(job.target) for job in plan.jobs] == ["new/report.txt", "new/report (2).txt"]
    assert str(plan.where()) == "new"
    assert (here / "new" / "photos").is_dir()


def test_a_name_that_cannot_be_kept_is_asked_for(here: Path, client: GraphQLClient) -> None:
    hostile = RemoteFile("file_1", "../escaped", "", 1, "0" * 64, "text/plain")
    with pytest.raises(UsageFault, match="unsafe name"):
        plan_of(client, "there").add(AT_FILE, hostile)
    plan = plan_of(client, "there/mine.txt")
    plan.add(AT_FILE, hostile)
    assert [str(job.target) for job in plan.jobs] == ["there/mine.txt"]
