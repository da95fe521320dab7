# Operations are read in one piece.

from __future__ import annotations

from schema.ids import Kind, encode
from tests.schema.conftest import Client, World

GOOD = "an unlikely sentence 7"


def test_an_administrator_makes_accounts_and_groups(world: World) -> None:
    client = world.ann.client
    user = client.do(
        "createUser", "CreateUserInput", "user { id username displayName }", username="nina", password=GOOD
    )["user"]
    assert (user["username"], user["displayName"]) == ("nina", "nina")
    group = client.do("createGroup", "CreateGroupInput", "group { id name members { username } }", name="crew")["group"]
    assert group["members"] == []
    add = {"groupId": group["id"]}
    payload = client.do(
        "addGroupMember", "AddGroupMemberInput", "group { members { username } }", **add, username="nina"
    )
    assert payload["group"]["members"] == [{"username": "nina"}]
    payload = client.do(
        "addGroupMember", "AddGroupMemberInput", "group { members { username } }", **add, userId=world.vera.id
    )
    assert [member["username"] for member in payload["group"]["members"]] == ["nina", "vera"]
    payload = client.do(
        "removeGroupMember", "RemoveGroupMemberInput", "group { members { username } }", **add, userId=user["id"]
    )
    assert [member["username"] for member in payload["group"]["members"]] == ["vera"]
    names = "{ groups { nodes { name members { username } } } viewer { groups { name } } }"
    assert world.vera.client.ask(names) == {
        "groups": {"nodes": [{"name": "crew", "members": [{"username": "vera"}]}]},
        "viewer": {"groups": [{"name": "crew"}]},
    }  # fmt: skip
    assert world.stan.client.ask(names) == {
        "groups": {"nodes": [{"name": "crew", "members": None}]}, "viewer": {"groups": []},
    }  # fmt: skip
    assert Client().ask(names) == {"groups": {"nodes": []}, "viewer": {"groups": []}}
    assert Client().ask("{ groups { totalCount } }") == {"groups": {"totalCount": 0}}


def test_nobody_else_does(world: World) -> None:
    group = world.ann.client.do("createGroup", "CreateGroupInput", "group { id }", name="crew")["group"]["id"]
    for client in (world.olga.client, world.stan.client, Client()):
        assert client.fail("createUser", "CreateUserInput", username="x1", password=GOOD) == "ADMINISTRATOR_REQUIRED"
        assert client.fail("createGroup", "CreateGroupInput", name="x") == "ADMINISTRATOR_REQUIRED"
        for mutation, input_type in (
            ("addGroupMember", "AddGroupMemberInput"),
            ("removeGroupMember", "RemoveGroupMemberInput"),
        ):
            # Neither a known nor an unknown name tells anything.
            for username in ("vera", "nobody"):
                assert client.fail(mutation, input_type, groupId=group, username=username) == "ADMINISTRATOR_REQUIRED"


def test_bad_input_is_told(world: World) -> None:
    client = world.ann.client
    assert client.fail("createUser", "CreateUserInput", username="OLGA", password=GOOD) == "USERNAME_TAKEN"
    assert client.fail("createUser", "CreateUserInput", username="x1", password="1") == "WEAK_PASSWORD"
    assert client.fail("createUser", "CreateUserInput", username="", password=GOOD) == "INVALID_ACCOUNT_NAME"
    group = client.do("createGroup", "CreateGroupInput", "group { id }", name="crew")["group"]["id"]
    assert client.fail("createGroup", "CreateGroupInput", name="Crew") == "GROUP_NAME_TAKEN"
    assert client.fail("addGroupMember", "AddGroupMemberInput", groupId=group) == "BAD_USER_INPUT"
    assert (
        client.fail("addGroupMember", "AddGroupMemberInput", groupId=group, username="a", userId="b")
        == "BAD_USER_INPUT"
    )
    assert client.fail("addGroupMember", "AddGroupMemberInput", groupId=group, username="nobody") == "ACCOUNT_NOT_FOUND"
    absent = encode(Kind.GROUP, "0" * 26)
    assert client.fail("addGroupMember", "AddGroupMemberInput", groupId=absent, username="vera") == "ACCOUNT_NOT_FOUND"
