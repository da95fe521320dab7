"""The protocol: what is refused before an operation runs, in which words, and that it is always JSON."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.conf import settings as django_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.csrf import csrf_token
from accounts.services import sessions
from authz.services.shipped_model import SHIPPED_MODEL
from schema import http
from schema.export import sdl
from schema.http import EndpointSettings
from tests.schema import conftest
from tests.schema.conftest import NOW, Answer, Client, World, run_here

MODERN = "application/graphql-response+json"
ORIGIN = EndpointSettings(origin="https://files.test")

pytestmark = pytest.mark.django_db


def code_of(answer: Answer) -> str:
    assert (answer.header("content-type") or "").startswith("application/")
    (error,) = answer.json["errors"]
    assert set(answer.json) == {"errors"}
    assert error["extensions"]["requestId"]
    return str(error["extensions"]["code"])


BODIES: dict[str, bytes] = {
    "nothing": b"",
    "no json": b"{",
    "a text": b'"s"',
    "a number": b"1",
    "null": b"null",
    "a list": b"[]",
    "a batch": b'[{"query": "{ viewer { actor } }"}]',
    "no query": b"{}",
    "a query that is a number": b'{"query": 1}',
    "an empty query": b'{"query": ""}',
    "variables that are a list": b'{"query": "{ viewer { actor } }", "variables": []}',
    "variables that are a text": b'{"query": "{ viewer { actor } }", "variables": "x"}',
    "a name that is a number": b'{"query": "{ viewer { actor } }", "operationName": 1}',
    "extensions that are a list": b'{"query": "{ viewer { actor } }", "extensions": []}',
    "not utf-8": b'{"query": "\xff"}',
    "a lone surrogate": b'{"query": "\\ud800"}',
    "deep": b"[" * 5000 + b"]" * 5000,
    "utf-16": "{}".encode("utf-16"),
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("accept", [MODERN, "application/json"])
def test_a_malformed_body_is_a_400_in_json(name: str, accept: str) -> None:
    answer = Client().request(BODIES[name], headers={"accept": accept})
    assert answer.status == 400
    assert code_of(answer) == "BAD_REQUEST"
    assert (answer.header("content-type") or "").startswith(accept)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60) | st.recursive(st.none() | st.booleans() | st.integers() | st.text(),
       lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["query", "variables", "x"]), inner)).map(
           lambda value: orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_SUBCLASS)
           if _fits(value) else b"0"))  # fmt: skip
def test_no_body_makes_a_500(body: bytes) -> None:
    answer = Client().request(body, headers={"accept": MODERN})
    assert answer.status in {200, 400}
    assert orjson.loads(answer.body)


def _fits(value: object) -> bool:
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ a" * 70 + "}" * 70, "LIMIT_EXCEEDED"),
    ],
)
def test_a_document_that_cannot_run_is_400_or_for_older_clients_200(query: str, code: str) -> None:
    for accept, status in ((MODERN, 400), ("application/json", 200), ("*/*", 200)):
        answer = Client().post(query, accept=accept)
        assert (answer.status, code_of(answer)) == (status, code)


def test_variables_that_do_not_fit_are_an_error_of_the_request() -> None:
    answer = Client().post("query($id: ID!) { node(id: $id) { id } }", {"id": None}, accept=MODERN)
    assert (answer.status, code_of(answer)) == (400, "BAD_USER_INPUT")
    answer = Client().post("query A { __typename } query B { __typename }", accept=MODERN)
    assert (answer.status, code_of(answer)) == (400, "BAD_USER_INPUT")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "QUERY"])
def test_another_method_is_405_with_allow(method: str) -> None:
    answer = Client().request(b"", method=method)
    assert answer.status == 405
    assert answer.header("allow") == "POST, OPTIONS"
    assert code_of(answer) == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/jsonx",
     "application/json; charset=latin-1", "application/graphql"],
)  # fmt: skip
def test_what_a_form_could_send_is_415(content_type: str) -> None:
    answer = Client().request(b'{"query": "{ __typename }"}', headers={"content-type": content_type})
    assert (answer.status, code_of(answer)) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    "content_type", ["application/json", "Application/JSON; charset=UTF-8", 'application/json;charset="utf-8"']
)
def test_json_in_utf_8_is_read_however_it_is_spelled(content_type: str) -> None:
    answer = Client().request(b'{"query": "{ __typename }"}', headers={"content-type": content_type})
    assert answer.json == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        (MODERN, MODERN),
        (f"{MODERN}, application/json;q=0.9", MODERN),
        (f"application/json, {MODERN};q=0.5", "application/json"),
        (f"text/html, {MODERN};q=0.1", MODERN),
        ("text/html", None),
        (f"{MODERN};q=0", None),
        ("", None),
        ("application/json;q=nonsense", None),
    ],
)
def test_the_answer_has_a_media_type_that_is_accepted(accept: str | None, expected: str | None) -> None:
    answer = Client().request(b'{"query": "{ __typename }"}', headers={} if accept is None else {"accept": accept})
    if expected is None:
        assert (answer.status, code_of(answer)) == (406, "NOT_ACCEPTABLE")
    else:
        assert answer.status == 200
        assert answer.header("content-type") == f"{expected}; charset=utf-8"


def test_a_body_above_the_limit_is_413_and_is_not_read() -> None:
    small = Client(EndpointSettings(body_limit=100))
    body = orjson.dumps({"query": "{ __typename }", "variables": {"x": "y" * 100}})
    assert small.request(body, headers={"content-length": str(len(body))}).status == 413
    assert small.request(body, chunks=10).status == 413
    assert small.request(body, headers={"content-length": "nonsense"}).status == 413
    assert small.request(b'{"query": "{ __typename }"}', chunks=5).status == 200


def test_a_body_that_does_not_end_in_time() -> None:
    patient = Client(EndpointSettings(body_seconds=0.05))
    answer = patient.request(b'{"query": ', ends=False)
    assert (answer.status, code_of(answer), answer.header("connection")) == (408, "BODY_TOO_SLOW", "close")
    assert answer.json["errors"][0]["extensions"]["retryable"] is True


@pytest.mark.parametrize(
    "path", ["/graphql/", "/graphql/a/b", "/graphqlx", "/graphql/schema.graphql/", "/x/schema.graphql"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_nothing_runs_at_another_path(path: str, method: str) -> None:
    answer = Client().request(b'{"query": "{ __typename }"}', method=method, path=path)
    assert (answer.status, code_of(answer)) == (404, "NOT_FOUND")


def test_the_schema_is_served_as_text() -> None:
    answer = Client().request(b"", method="GET", path="/graphql/schema.graphql")
    assert (answer.status, answer.body.decode()) == (200, sdl())
    head = Client().request(b"", method="HEAD", path="/graphql/schema.graphql")
    assert (head.status, head.body, head.header("content-length")) == (200, b"", str(len(answer.body)))
    assert Client().request(b"", path="/graphql/schema.graphql").status == 405


def test_a_bad_bearer_token_is_401_and_never_a_visitor(world: World) -> None:
    for token in ("nonsense", "fg_" + "x" * 40, ""):
        answer = Client().post("{ viewer { actor } }", authorization=f"Bearer {token}")
        assert (answer.status, code_of(answer)) == (401, "INVALID_ACCESS_TOKEN")
        assert answer.header("www-authenticate") == 'Bearer realm="filegraph"'
    late = Client(token=world.olga.client.token, now=NOW + timedelta(days=1))
    assert late.post("{ viewer { actor } }").status == 401
    assert Client().post("{ viewer { actor } }", authorization="Basic eDp5").status == 401
    assert Client().ask("{ viewer { actor } }")["viewer"]["actor"] == "anonymous:visitor"


def test_a_session_needs_its_token_and_our_origin(world: World) -> None:
    key = sessions.begin(world.olga.row, now=NOW).session_key
    query = "{ viewer { user { username } } }"
    cookie = f"{django_settings.SESSION_COOKIE_NAME}={key}"
    client = Client()
    assert code_of(client.post(query, cookie=cookie)) == "CSRF_FAILED"
    assert client.post(query, cookie=cookie).status == 403
    assert client.post(query, cookie=cookie, x_csrftoken="wrong").status == 403
    token = csrf_token(key)
    assert client.post(query, cookie=cookie, x_csrftoken=token).json == {
        "data": {"viewer": {"user": {"username": "olga"}}}
    }
    assert client.post(query, cookie=cookie, x_csrftoken=token, origin="https://files.test").status == 200
    for origin in ("https://evil.test", "null", "https://files.test.evil.test", "http://files.test"):
        assert client.post(query, cookie=cookie, x_csrftoken=token, origin=origin).status == 403
    ended = client.post(query, cookie=f"{django_settings.SESSION_COOKIE_NAME}=nobody")
    assert ended.json == {"data": {"viewer": {"user": None}}}


def test_other_origins_are_told_nothing_unless_listed() -> None:
    plain = Client().post("{ __typename }", origin="https://app.test")
    assert plain.header("access-control-allow-origin") is None
    listed = Client(EndpointSettings(allowed_origins=frozenset({"https://app.test"})))
    assert (
        listed.post("{ __typename }", origin="https://app.test").header("access-control-allow-origin")
        == "https://app.test"
    )
    assert listed.post("{ __typename }", origin="https://b.test").header("access-control-allow-origin") is None
    preflight = listed.request(b"", method="OPTIONS", headers={"origin": "https://app.test"})
    assert preflight.status == 204
    assert "x-csrftoken" in (preflight.header("access-control-allow-headers") or "")
    refused = listed.request(b"", headers={"origin": "https://app.test"})
    assert (refused.status, refused.header("access-control-allow-origin")) == (400, "https://app.test")


def test_what_was_not_expected_is_masked_and_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_args: object, **_named: object) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(http, "execute", fail)
    with caplog.at_level(logging.ERROR):
        answer = Client().post("{ __typename }")
    assert (answer.status, code_of(answer)) == (500, "INTERNAL_ERROR")
    assert b"hunter2" not in answer.body
    request_id = answer.json["errors"][0]["extensions"]["requestId"]
    assert request_id in caplog.text


def test_a_resolver_that_fails_is_masked_and_logged(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_args: object, **_named: object) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr("schema.loaders.node_page.allowed", fail)
    query = "query($id: ID!) { file(id: $id) { id downloadUrl { url } } drives { totalCount } }"
    with caplog.at_level(logging.ERROR):
        answer = world.olga.client.post(query, {"id": world.file_id})
    assert answer.status == 200
    assert answer.json["data"] == {"file": {"id": world.file_id, "downloadUrl": None}, "drives": {"totalCount": 1}}
    (error,) = answer.json["errors"]
    assert error["extensions"]["code"] == "INTERNAL_ERROR"
    assert error["path"] == ["file", "downloadUrl"]
    assert b"hunter2" not in answer.body
    assert error["extensions"]["requestId"] in caplog.text


def test_every_json_that_was_taken_can_be_told(world: World) -> None:
    """Deeper than the encoder of the hot path goes, and above its 64 bits: OpenFGA takes both."""
    admin, shipped = world.ann.client, SHIPPED_MODEL.read_text(encoding="utf-8")
    deep = f"{'(' * 99}[user]{' or blocked)' * 99}"
    text = (
        f"{shipped}\n\ntype deep\n  relations\n    define blocked: [user, user with above]\n    define nested: {deep}\n"
    )
    text += "\ncondition above(limit: double) {\n  limit > 1.0\n}\n"
    made = admin.do(
        "createAuthorizationModel", "CreateAuthorizationModelInput", "authorizationModel { id json }", text=text
    )["authorizationModel"]
    assert {each["type"] for each in made["json"]["type_definitions"]} >= {"deep", "folder"}
    admin.do("activateAuthorizationModel", "ActivateAuthorizationModelInput", "previous { id }", id=made["id"])
    above = f'condition: {{name: "above", context: {{limit: {1 << 64}}}}}'
    write = f'{{user: "user:x", relation: "blocked", object: "deep:y", {above}}}'
    told = "{ condition { context } }"
    written = admin.ask(f"mutation {{ writeRelationships(input: {{writes: [{write}]}}) {{ written {told} }} }}")
    stored = admin.ask(f'{{ relationshipTuples(filter: {{object: "deep:y"}}) {{ nodes {told} }} }}')
    (tuple_,) = written["writeRelationships"]["written"]
    assert tuple_ == {"condition": {"context": {"limit": 1 << 64}}}
    assert stored["relationshipTuples"]["nodes"] == [tuple_]


def test_requests_of_the_same_credentials_come_out_of_one_share(monkeypatch: pytest.MonkeyPatch) -> None:
    askers: list[Hashable] = []

    async def run(work: Callable[[], Any], *, asker: Hashable | None = None) -> Any:
        askers.append(asker)
        return await run_here(work)

    monkeypatch.setattr(conftest, "run_here", run)
    query = b'{"query": "{ viewer { actor } }"}'
    for headers in (
        {"authorization": "Bearer a"},
        {"authorization": "Bearer a", "cookie": "x=1"},
        {"authorization": "Bearer b"},
        {"cookie": "x=1"},
        {"cookie": "x=2"},
        {},
        {},
    ):
        Client().request(query, headers=headers)
    assert None not in askers
    assert [askers.index(asker) for asker in askers] == [0, 0, 2, 3, 4, 5, 5]
