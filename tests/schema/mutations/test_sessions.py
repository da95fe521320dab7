# Operations are read in one piece.

from __future__ import annotations

import pytest
from django.conf import settings

from accounts.csrf import csrf_token
from accounts.services import setup
from schema.ids import Kind, encode
from tests.schema.conftest import NOW, Client, World

VIEWER = "viewer { user { username } isAdministrator }"


def test_signing_in_sets_a_cookie_that_works_with_its_token(world: World) -> None:
    client = Client()
    answer = client.post(
        "mutation ($i: SignInInput!) { signIn(input: $i) { csrfToken viewer { user { username } } errors { code } } }",
        {"i": {"username": "Olga", "password": "correct horse battery"}},
    )
    payload = answer.json["data"]["signIn"]
    assert payload["viewer"]["user"]["username"] == "olga"
    assert payload["errors"] == []
    cookie = answer.header("set-cookie") or ""
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Lax", "Path=/"))
    sent = cookie.partition(";")[0]
    query = "{ viewer { user { username } } }"
    assert client.post(query, cookie=sent, x_csrftoken=payload["csrfToken"]).json["data"]["viewer"]["user"]
    assert csrf_token(sent.partition("=")[2]) == payload["csrfToken"]
    out = client.post(
        "mutation { signOut(input: {}) { viewer { user { username } } errors { code } } }",
        cookie=sent, x_csrftoken=payload["csrfToken"],
    )  # fmt: skip
    assert out.json["data"]["signOut"] == {"viewer": {"user": None}, "errors": []}
    assert f"{settings.SESSION_COOKIE_NAME}=;" in (out.header("set-cookie") or "")
    assert client.post(query, cookie=sent, x_csrftoken=payload["csrfToken"]).json["data"]["viewer"]["user"] is None


@pytest.mark.parametrize(("username", "password"), [("olga", "wrong"), ("nobody", "wrong"), ("", ""), ("\0", "x")])
def test_signing_in_fails_in_one_way(world: World, username: str, password: str) -> None:
    payload = Client().do("signIn", "SignInInput", "csrfToken viewer { actor }", username=username, password=password)
    assert payload["csrfToken"] is None
    assert payload["viewer"] is None
    assert [error["code"] for error in payload["errors"]] == ["INVALID_CREDENTIALS"]


def test_an_access_token_is_shown_once_and_works_until_revoked(world: World) -> None:
    made = world.vera.client.do(
        "createAccessToken", "CreateAccessTokenInput", "secret accessToken { id name expiresAt }", name="laptop"
    )
    assert made["accessToken"]["expiresAt"] == "2026-03-02T12:00:00.000000Z"
    other = Client(token=made["secret"])
    assert other.ask("{ viewer { user { username } } }")["viewer"]["user"]["username"] == "vera"
    token_id = made["accessToken"]["id"]
    assert other.ask("query($id: ID!) { node(id: $id) { id } }", id=token_id)["node"] == {"id": token_id}
    assert world.stan.client.ask("query($id: ID!) { node(id: $id) { id } }", id=token_id)["node"] is None
    assert world.stan.client.fail("revokeAccessToken", "RevokeAccessTokenInput", id=token_id) == "ACCOUNT_NOT_FOUND"
    assert other.do("revokeAccessToken", "RevokeAccessTokenInput", "accessToken { id }", id=token_id)["errors"] == []
    assert other.post("{ viewer { actor } }").status == 401


def test_access_tokens_are_refused_to_visitors_and_with_bad_input(world: World) -> None:
    assert Client().fail("createAccessToken", "CreateAccessTokenInput", name="x") == "UNAUTHENTICATED"
    assert world.vera.client.fail("createAccessToken", "CreateAccessTokenInput", name="") == "INVALID_ACCOUNT_NAME"
    assert (
        world.vera.client.fail("createAccessToken", "CreateAccessTokenInput", name="x", expiresIn=1)
        == "INVALID_LIFETIME"
    )


def test_setup_makes_the_first_administrator_once(db: None) -> None:
    token = setup.issue_token(now=NOW)
    client = Client()
    given = {"username": "root", "password": "a long and winding road"}
    assert client.fail("completeSetup", "CompleteSetupInput", setupToken="nonsense", **given) == "INVALID_SETUP_TOKEN"
    payload = client.do("completeSetup", "CompleteSetupInput", f"csrfToken {VIEWER}", setupToken=token, **given)
    assert payload["viewer"] == {"user": {"username": "root"}, "isAdministrator": True}
    assert payload["csrfToken"]
    assert client.fail("completeSetup", "CompleteSetupInput", setupToken=token, **given) == "ALREADY_SET_UP"


def test_an_absent_token_and_a_malformed_one_are_refused_alike(world: World) -> None:
    codes = {
        world.vera.client.fail("revokeAccessToken", "RevokeAccessTokenInput", id=given)
        for given in (encode(Kind.TOKEN, "0" * 26), "nonsense", world.file_id)
    }
    assert codes <= {"ACCOUNT_NOT_FOUND", "NOT_FOUND"}
