from __future__ import annotations

import pytest

from schema.cookies import SessionCookie
from schema.http import EndpointSettings
from tests.schema.conftest import Client, World


def test_a_session_is_kept_for_as_long_as_the_operator_says_and_out_of_reach_of_scripts() -> None:
    name, value = SessionCookie("sid", max_age=60).header("key")
    assert name == b"set-cookie"
    assert value == b"sid=key; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"
    assert SessionCookie("sid", secure=True).header("key")[1].endswith(b"; Secure")


def test_no_key_ends_the_cookie() -> None:
    assert SessionCookie("sid", max_age=60).header("")[1].startswith(b"sid=; Path=/; Max-Age=0;")


@pytest.mark.parametrize("secure", [False, True])
def test_the_answer_to_sign_in_sets_the_cookie_of_the_settings(world: World, secure: bool) -> None:
    cookie = SessionCookie("sid", max_age=77, secure=secure)
    client = Client(EndpointSettings(origin="https://files.test", cookie=cookie))
    answer = client.post(
        "mutation($input: SignInInput!) { signIn(input: $input) { errors { code } } }",
        {"input": {"username": "olga", "password": "correct horse battery"}},
    )
    sent = answer.header("set-cookie") or ""
    assert sent.startswith("sid=")
    assert "; Max-Age=77;" in sent
    assert sent.endswith("Secure") is secure
    assert client.post("{ __typename }").header("set-cookie") is None
