"""What a person sees who opens a link that leads to nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from authz.errors import AuthorizationUnavailable
from storage.errors import NotFound, TokenExpired
from tests.transfer.conftest import Plane, Stranger
from transfer.errors import InternalError, Refusal
from transfer.plain_refusal import plain_body

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_browser_gets_a_sentence(stranger: Stranger, method: str) -> None:
    answer = stranger.ask(method, "/d/forged/name", headers={"accept": BROWSER})
    assert (answer.status, answer.headers["content-type"]) == (403, "text/plain; charset=utf-8")
    assert (answer.headers["cache-control"], answer.headers["x-content-type-options"]) == ("no-store", "nosniff")
    sentence = b"This link is not valid. Perhaps a part of it was lost when it was copied.\n"
    assert answer.body == (sentence if method == "GET" else b"")
    assert answer.headers["content-length"] == str(len(sentence))


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "image/avif,image/webp,*/*;q=0.8"])
def test_a_program_gets_json(stranger: Stranger, accept: str | None) -> None:
    answer = stranger.ask("GET", "/d/forged/name", headers={"accept": accept} if accept else {})
    assert (answer.status, answer.headers["content-type"], answer.code) == (403, "application/json", "INVALID_TOKEN")


def test_an_upload_is_never_a_persons(stranger: Stranger) -> None:
    answer = stranger.ask("PUT", "/u/forged", headers={"accept": BROWSER, "content-length": "0"})
    assert (answer.status, answer.code) == (403, "INVALID_TOKEN")


def test_a_link_that_has_ended(plane: Plane) -> None:
    path = plane.link(plane.store(b"x"))
    assert plane.get(path, accept=BROWSER).body == b"x"
    plane.later(timedelta(days=2).total_seconds())
    answer = plane.get(path, accept=BROWSER)
    assert (answer.status, answer.body) == (
        403,
        b"This link has expired. Ask whoever gave it to you for a new one.\n",
    )


@pytest.mark.parametrize(
    ("error", "request_id", "words"),
    [
        (NotFound(), None, "not shared any more"),
        (TokenExpired(), None, "Ask whoever gave it to you"),
        (AuthorizationUnavailable(), None, "Try again in a moment."),
        (InternalError(), "abc123", "request id: abc123"),
    ],
)
def test_it_is_one_line_that_says_what_helps(error: Refusal, request_id: str | None, words: str) -> None:
    text = plain_body(error, request_id=request_id).decode()
    assert (words in text, text.count("\n"), text.startswith(error.message)) == (True, 1, True)
