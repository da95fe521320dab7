from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from filegraph.client import remote
from filegraph.client.errors import CommandError, ExitCode, NotFoundOrDenied, NotSignedIn, Refused, ServerUnreachable
from filegraph.client.graphql_client import GraphQLClient

if TYPE_CHECKING:
    from tests.filegraph.client.conftest import ScriptedServer


def error_body(code: str, **extensions: Any) -> bytes:
    return json.dumps({"errors": [{"message": "No.", "extensions": {"code": code, **extensions}}]}).encode()


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"<html>a router's page</html>", ServerUnreachable),
        (404, b"", ServerUnreachable),
        (200, b"[]", ServerUnreachable),
        (200, b'{"data": null}', ServerUnreachable),
        (200, b"{}", ServerUnreachable),
        (401, error_body("UNAUTHENTICATED"), NotSignedIn),
        (200, error_body("NOT_FOUND"), NotFoundOrDenied),
        (200, error_body("INTERNAL_ERROR", requestId="abc"), Refused),
    ],
)
def test_an_answer_becomes_an_error(
    scripted: ScriptedServer, status: int, body: bytes, kind: type[CommandError]
) -> None:
    scripted.answer = lambda _: (status, body)
    with GraphQLClient(scripted.url, "secret") as client, pytest.raises(kind) as caught:
        client.execute("{ viewer { actor } }")
    assert "secret" not in caught.value.message
    assert len(scripted.requests) == 1


@pytest.mark.parametrize("status", [400, 503])
def test_what_comes_before_graphql_is_told_in_its_words(scripted: ScriptedServer, status: int) -> None:
    refusal = b'{"error": {"code": "UNKNOWN_HOST", "message": "Not served here.", "retryable": false}}'
    scripted.answer = lambda _: (status, refusal)
    with GraphQLClient(scripted.url) as client, pytest.raises(CommandError, match="Not served here") as caught:
        client.execute("{ viewer { actor } }", repeatable=False)
    assert isinstance(caught.value, Refused if status == 400 else ServerUnreachable)


def test_the_request_id_is_told(scripted: ScriptedServer) -> None:
    scripted.answer = lambda _: (500, error_body("INTERNAL_ERROR", requestId="abc"))
    with GraphQLClient(scripted.url) as client, pytest.raises(Refused, match="request abc"):
        client.execute("{ viewer { actor } }")


def test_a_server_that_is_starting_is_asked_again(scripted: ScriptedServer) -> None:
    answers = [(502, b""), (503, b""), (200, b'{"data": {"a": 1}}')]
    scripted.answer = lambda _: answers.pop(0)
    with GraphQLClient(scripted.url, "secret") as client:
        assert client.execute("{ a }") == {"a": 1}
    assert {request["token"] for request in scripted.requests} == {"Bearer secret"}


def test_a_part_that_is_away_is_waited_for_and_not_for_ever(
    scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is waited for is said once, in the server's words, and at the end again."""
    pauses: list[float] = []
    monkeypatch.setattr("filegraph.client.patience.time.sleep", pauses.append)
    said = {"message": "The database is away; try again.", "extensions": {"code": "DATABASE_UNAVAILABLE"}}
    scripted.answer = lambda _: (503, json.dumps({"errors": [said]}).encode())
    with GraphQLClient(scripted.url) as client:
        for _ in range(2):
            with pytest.raises(ServerUnreachable) as caught:
                client.execute("{ a }")
            assert caught.value.message == "The server says: The database is away; try again."
    assert len(scripted.requests) == len(pauses) + 2
    assert 10 < sum(pauses) / 2 < 15
    assert capsys.readouterr().err == "The server says: The database is away; try again. Trying again.\n"


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"errors": 1}', b'{"errors": [1]}', b'{"errors": [{"message": 1}]}']
)
def test_a_proxy_that_says_nothing_of_use_is_told_by_its_status(scripted: ScriptedServer, body: bytes) -> None:
    scripted.answer = lambda _: (503, body)
    with GraphQLClient(scripted.url) as client, pytest.raises(ServerUnreachable, match=r"not ready \(HTTP 503\)"):
        client.execute("{ a }", repeatable=False)


def test_what_cannot_be_repeated_is_not(scripted: ScriptedServer) -> None:
    scripted.answer = lambda _: (502, b"")
    with GraphQLClient(scripted.url) as client, pytest.raises(ServerUnreachable):
        client.mutate("mutation { a }", {})
    assert len(scripted.requests) == 1


def test_a_mutation_that_nobody_could_permit_is_tried_again(
    scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was done, so that it may be sent again, whatever it is; other errors may have another reason."""
    monkeypatch.setattr("filegraph.client.patience.time.sleep", lambda _: None)

    def refused(code: str) -> bytes:
        error = {"code": code, "message": "Not now.", "path": [], "retryable": True}
        return json.dumps({"data": {"share": {"errors": [error]}}}).encode()

    answers = [refused("AUTHORIZATION_UNAVAILABLE"), b'{"data": {"share": {"errors": []}}}', refused("RATE_LIMITED")]
    scripted.answer = lambda _: (200, answers.pop(0))
    with GraphQLClient(scripted.url) as client:
        assert client.mutate("mutation { share }", {}) == {"errors": []}
        with pytest.raises(Refused, match="Not now"):
            client.mutate("mutation { share }", {})


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [("NOT_FOUND", 4), ("PERMISSION_DENIED", 4), ("INVALID_CREDENTIALS", 3), ("QUOTA_EXCEEDED", 6), ("NEW_CODE", 6)],
)
def test_user_errors_have_exit_codes(scripted: ScriptedServer, code: str, exit_code: int) -> None:
    scripted.say({"share": {"errors": [{"code": code, "message": "No.", "path": [], "retryable": False}]}})
    with GraphQLClient(scripted.url) as client, pytest.raises(CommandError) as caught:
        client.mutate("mutation { share }", {})
    assert (caught.value.exit_code, caught.value.code) == (ExitCode(exit_code), code)


def test_results_that_are_missing_are_noticed(scripted: ScriptedServer) -> None:
    scripted.say({"trash": {"errors": [], "results": [{"errors": []}]}})
    with GraphQLClient(scripted.url) as client, pytest.raises(ServerUnreachable):
        client.results("mutation { trash }", "ids", ["a", "b"])


def test_a_batch_that_is_too_much_at_once_is_asked_in_halves(
    scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was answered is not asked again, and what is away for good is not waited for for ever."""
    monkeypatch.setattr("filegraph.client.patience.time.sleep", lambda _: None)

    def answer(request: dict[str, Any]) -> tuple[int, bytes]:
        ids = request["variables"]["input"]["ids"]
        if len(ids) > 30 or "z" in ids:
            return 503, error_body("AUTHORIZATION_UNAVAILABLE")
        results = [{"item": {"id": each}, "errors": []} for each in ids]
        return 200, json.dumps({"data": {"trash": {"errors": [], "results": results}}}).encode()

    scripted.answer = answer
    ids = [str(number) for number in range(100)]
    with GraphQLClient(scripted.url) as client:
        assert [each["item"]["id"] for each in client.results("mutation { trash }", "ids", ids)] == ids
        sizes = [len(request["variables"]["input"]["ids"]) for request in scripted.requests]
        assert sizes == [100, 50, 25, 25, 25, 25]
        scripted.requests.clear()
        with pytest.raises(ServerUnreachable):
            client.results("mutation { trash }", "ids", ["z"])
        assert len(scripted.requests) == 6


def test_pages_without_end_do_not_keep_us(scripted: ScriptedServer) -> None:
    scripted.say({"drives": {"nodes": [], "pageInfo": {"hasNextPage": True, "endCursor": "same"}}})
    with GraphQLClient(scripted.url) as client, pytest.raises(ServerUnreachable, match="end"):
        list(remote.drives(client))
    assert len(scripted.requests) == 2
