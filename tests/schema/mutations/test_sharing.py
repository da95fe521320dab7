# Operations are read in one piece.
# ruff: noqa: E501

from __future__ import annotations

import pytest

from schema.ids import Kind, encode
from tests.schema.conftest import Client, World

SHARES = """query($id: ID!) { folder(id: $id) { shares { id role inherited node { __typename }
  subject { __typename ... on User { username } ... on Group { name } ... on Everyone { audience } } } } }"""
SHARE = "share { id role inherited subject { __typename ... on User { username } ... on Everyone { audience } } node { __typename ... on Folder { name } } }"


def test_sharing_gives_sight_and_unsharing_takes_it(world: World) -> None:
    look = "query($id: ID!) { folder(id: $id) { name } }"
    assert world.stan.client.ask(look, id=world.shared_id) == {"folder": None}
    given = {"id": world.shared_id, "subject": {"username": "stan"}}
    made = world.olga.client.do("share", "ShareInput", SHARE, **given, role="VIEWER")["share"]
    assert made["subject"] == {"__typename": "User", "username": "stan"}
    assert made["node"] == {"__typename": "Folder", "name": "shared"}
    assert not made["inherited"]
    assert world.stan.client.ask(look, id=world.shared_id) == {"folder": {"name": "shared"}}
    shares = world.olga.client.ask(SHARES, id=world.shared_id)["folder"]["shares"]
    assert made["id"] in {share["id"] for share in shares}
    assert world.stan.client.ask(SHARES, id=world.shared_id)["folder"]["shares"] is None
    node = world.olga.client.do("unshare", "UnshareInput", "node { __typename }", **given)["node"]
    assert node == {"__typename": "Folder"}
    assert world.stan.client.ask(look, id=world.shared_id) == {"folder": None}
    assert world.olga.client.do("unshare", "UnshareInput", "node { __typename }", **given)["errors"] == []


def test_everyone_and_groups(world: World) -> None:
    group = world.ann.client.do("createGroup", "CreateGroupInput", "group { id }", name="crew")["group"]["id"]
    world.ann.client.do("addGroupMember", "AddGroupMemberInput", "group { id }", groupId=group, username="stan")
    look = "query($id: ID!) { folder(id: $id) { name drive { name } parent { __typename } path } }"
    for subject in ({"groupId": group}, {"groupName": "crew"}):
        world.olga.client.do("share", "ShareInput", SHARE, id=world.shared_id, subject=subject, role="EDITOR")
        # She sees the folder and not the drive around it.
        assert world.stan.client.ask(look, id=world.shared_id)["folder"] == {
            "name": "shared", "drive": None, "parent": None, "path": "/shared",
        }  # fmt: skip
        world.olga.client.do(
            "unshare", "UnshareInput", "node { __typename }", id=world.shared_id, subject=subject, role="EDITOR"
        )
        assert world.stan.client.ask(look, id=world.shared_id)["folder"] is None
    made = world.olga.client.do(
        "share", "ShareInput", SHARE, id=world.shared_id, subject={"everyone": "ANYONE"}, role="VIEWER"
    )
    assert made["share"]["subject"] == {"__typename": "Everyone", "audience": "ANYONE"}
    assert Client().ask(look, id=world.shared_id)["folder"]["name"] == "shared"
    page = Client().ask("{ files { nodes { name downloadUrl { url } createdBy { username } } } }")["files"]["nodes"]
    assert [node["name"] for node in page] == ["hello.txt"]
    assert page[0]["downloadUrl"]


def test_who_may_not_share_is_denied(world: World) -> None:
    given = {"id": world.shared_id, "subject": {"everyone": "ANYONE"}, "role": "VIEWER"}
    assert world.vera.client.fail("share", "ShareInput", **given) == "PERMISSION_DENIED"
    assert world.vera.client.fail("unshare", "UnshareInput", **given) == "PERMISSION_DENIED"
    for client in (world.stan.client, Client()):
        assert client.fail("share", "ShareInput", **given) == "NOT_FOUND"
        assert client.fail("unshare", "UnshareInput", **given) == "NOT_FOUND"
    assert Client().fail("share", "ShareInput", **{**given, "subject": {"username": "olga"}}) == "NOT_FOUND"


@pytest.mark.parametrize(
    ("subject", "role", "code"),
    [
        ({"username": "nobody"}, "VIEWER", "ACCOUNT_NOT_FOUND"),
        ({"userId": encode(Kind.USER, "0" * 26)}, "VIEWER", "ACCOUNT_NOT_FOUND"),
        ({"userId": encode(Kind.GROUP, "0" * 26)}, "VIEWER", "NOT_FOUND"),
        ({"groupName": "nobody"}, "VIEWER", "ACCOUNT_NOT_FOUND"),
        ({"everyone": "ANYONE"}, "OWNER", "INVALID_ARGUMENT"),
    ],
)
def test_bad_subjects_and_roles(world: World, subject: dict[str, str], role: str, code: str) -> None:
    assert world.olga.client.fail("share", "ShareInput", id=world.shared_id, subject=subject, role=role) == code


def test_a_subject_is_named_in_one_way(world: World) -> None:
    for subject in ({}, {"username": "vera", "groupName": "x"}, {"username": None}):
        answer = world.olga.client.post(
            "mutation($i: ShareInput!) { share(input: $i) { share { id } } }",
            {"i": {"id": world.shared_id, "subject": subject, "role": "VIEWER"}},
        )
        assert [error["extensions"]["code"] for error in answer.json["errors"]] == ["BAD_USER_INPUT"]


def test_the_last_owner_stays(world: World) -> None:
    drive = {"id": world.drive_id, "role": "OWNER"}
    assert (
        world.ann.client.do("unshare", "UnshareInput", "node { __typename }", **drive, subject={"username": "ann"})[
            "errors"
        ]
        == []
    )
    assert world.olga.client.fail("unshare", "UnshareInput", **drive, subject={"userId": world.olga.id}) == "CONFLICT"


@pytest.mark.parametrize("subject", [{"username": "stan"}, {"username": "nobody"}, {"groupName": "no such group"}])
@pytest.mark.parametrize(("mutation", "input_type"), [("share", "ShareInput"), ("unshare", "UnshareInput")])
def test_only_who_may_share_learns_who_has_an_account(
    world: World, mutation: str, input_type: str, subject: dict[str, str]
) -> None:
    role = {"role": "VIEWER"}
    for place, code in ((world.hidden_id, "NOT_FOUND"), (world.shared_id, "PERMISSION_DENIED")):
        assert world.vera.client.fail(mutation, input_type, id=place, subject=subject, **role) == code
        if subject != {"username": "stan"}:
            assert (
                world.olga.client.fail(mutation, input_type, id=place, subject=subject, **role) == "ACCOUNT_NOT_FOUND"
            )
