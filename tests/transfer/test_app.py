from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from authz.errors import (
    AuthorizationUnavailable,
    AuthzError,
    ConditionFailed,
    InvalidContext,
    InvalidTuple,
    MissingContext,
    ResolutionTooComplex,
)
from authz.services import undecided
from tests.components.asgi_client import Answer, exchange
from tests.transfer.conftest import START, Plane, Stranger
from transfer.app import TransferApp
from transfer.conf import TransferSettings

T = TypeVar("T")

PAGE = "https://app.example.org"


@pytest.mark.parametrize("path", ["/u", "/u/", "/u//", "/u/a/b", "/d/", "/d//name", "/x/token", "/", ""])
@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS", "DELETE"])
def test_other_addresses_are_not_found(stranger: Stranger, method: str, path: str) -> None:
    answer = stranger.ask(method, path)
    assert (answer.status, answer.code) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/u/token", "PUT, HEAD, OPTIONS"),
        ("POST", "/u/token", "PUT, HEAD, OPTIONS"),
        ("PUT", "/d/token/name", "GET, HEAD, OPTIONS"),
        ("DELETE", "/d/token/name", "GET, HEAD, OPTIONS"),
        ("BREW", "/d/token", "GET, HEAD, OPTIONS"),
    ],
)
def test_other_methods_are_told_which_there_are(stranger: Stranger, method: str, path: str, allow: str) -> None:
    answer = stranger.ask(method, path)
    assert (answer.status, answer.code, answer.headers["allow"]) == (405, "METHOD_NOT_ALLOWED", allow)


def test_a_refusal_of_head_has_no_body(stranger: Stranger) -> None:
    answer = stranger.ask("HEAD", "/d/token/name")
    assert (answer.status, answer.body) == (403, b"")
    assert int(answer.headers["content-length"]) > 0


def test_a_client_that_does_not_wait_for_a_refusal_is_no_error(stranger: Stranger) -> None:
    async def gone(_: int) -> None:
        raise BrokenPipeError

    assert not stranger.ask("GET", "/d/forged/x", on_block=gone).complete
    assert not stranger.ask("PUT", "/u/forged", body=[b"x" * 100_000] * 2, on_block=gone).complete


def test_options_tells_the_methods(stranger: Stranger) -> None:
    answer = stranger.ask("OPTIONS", "/u/token")
    assert (answer.status, answer.headers) == (204, {"allow": "PUT, HEAD, OPTIONS"})


def test_a_preflight_from_a_configured_origin() -> None:
    answer = Stranger(TransferSettings(allowed_origins=(PAGE,))).ask(
        "OPTIONS", "/u/token", headers={"origin": PAGE, "access-control-request-method": "PUT"}
    )
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "PUT" in answer.headers["access-control-allow-methods"]
    assert answer.headers["vary"] == "Origin"


def test_a_preflight_from_elsewhere() -> None:
    answer = Stranger(TransferSettings(allowed_origins=(PAGE,))).ask(
        "OPTIONS", "/u/token", headers={"origin": "https://evil.test"}
    )
    assert answer.status == 204
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_page_can_read_answers_and_refusals(plane: Plane) -> None:
    plane.configure(allowed_origins=(PAGE,))
    path = plane.link(plane.store(b"x"))
    for address, status in ((path, 200), ("/d/forged/x", 403)):
        answer = plane.get(address, origin=PAGE)
        assert (answer.status, answer.headers["access-control-allow-origin"]) == (status, PAGE)
    assert plane.get(path).headers["cross-origin-resource-policy"] == "cross-origin"


def ask_undecided(path: str, method: str, error: AuthzError) -> Answer:
    """One exchange with a byte plane whose database threads find that permissions cannot be told."""

    def run(_: Callable[[], T], /) -> Awaitable[T]:
        raise error

    app = TransferApp(run=run, clock=lambda: START, settings=TransferSettings(linger=0.05))
    try:
        return exchange(app, method, path, body=b"12345" if method == "PUT" else b"")
    finally:
        app.close()


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_permissions_that_cannot_be_told_are_a_503_without_a_trace(
    plane: Plane, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = plane.link(plane.store(b"x")) if method == "GET" else plane.begin(5)[1]
    answer = ask_undecided(path, method, AuthorizationUnavailable("host db-7 down"))
    assert (answer.status, answer.code) == (503, "AUTHORIZATION_UNAVAILABLE")
    assert int(answer.headers["retry-after"]) > 0
    assert b"db-7" not in answer.body
    assert not caplog.records
    # Asking again would not help here.
    answer = ask_undecided(path, method, ResolutionTooComplex("deeper than 50 levels"))
    assert (answer.status, answer.code) == (503, "RESOLUTION_TOO_COMPLEX")
    assert "retry-after" not in answer.headers


@pytest.mark.parametrize("error", [ConditionFailed("1 / 0"), MissingContext("no x"), InvalidContext("x is no int")])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
def test_a_condition_that_cannot_be_decided_is_a_no(
    plane: Plane, method: str, error: ConditionFailed, caplog: pytest.LogCaptureFixture
) -> None:
    undecided.LINES.reset()
    path = plane.link(plane.store(b"x")) if method == "GET" else plane.begin(5)[1]
    answer = ask_undecided(path, method, error)
    assert answer.status == 404
    assert method == "HEAD" or answer.code == "NOT_FOUND"
    assert str(error).encode() not in answer.body
    assert "retry-after" not in answer.headers
    assert "x-request-id" not in answer.headers
    (line,) = caplog.records
    assert (line.levelname, line.exc_info) == ("WARNING", None)
    assert str(error) in line.getMessage()


def test_a_question_that_does_not_fit_the_model_is_logged(plane: Plane, caplog: pytest.LogCaptureFixture) -> None:
    path = plane.link(plane.store(b"x"))
    answer = ask_undecided(path, "GET", InvalidTuple("user:secret is no viewer"))
    assert (answer.status, answer.code) == (500, "INVALID_AUTHORIZATION_REQUEST")
    assert b"secret" not in answer.body
    (record,) = caplog.records
    assert answer.headers["x-request-id"] in record.getMessage()
    assert path.split("/")[2] not in caplog.text


@pytest.mark.parametrize("header", ["range", "if-range", "if-match", "if-none-match", "if-modified-since", "origin"])
@pytest.mark.parametrize("value", ["\xff\x00", '"' * 100, "a" * 10_000, "bytes=" + "1-2," * 1000, "9" * 5000])
def test_hostile_headers_never_make_a_500(stranger: Stranger, header: str, value: str) -> None:
    answer = stranger.ask("GET", "/d/forged/x", headers={header: value})
    assert answer.status == 403
