from __future__ import annotations

import pytest

from transfer.cors import CrossOrigin

PAGE = "https://app.example.org"


def test_nothing_is_said_without_configured_origins() -> None:
    closed = CrossOrigin(())
    assert closed.headers(PAGE) == []
    assert closed.preflight(PAGE, b"PUT") == []
    assert closed.resource_policy == b"same-site"


def test_a_configured_origin_may_read_the_answer_without_credentials() -> None:
    headers = dict(CrossOrigin([PAGE + "/"]).headers(PAGE))
    assert headers[b"access-control-allow-origin"] == PAGE.encode()
    assert b"ETag" in headers[b"access-control-expose-headers"]
    assert b"access-control-allow-credentials" not in headers


@pytest.mark.parametrize(
    "origin", [None, "null", "*", "", "http://app.example.org", PAGE + ".evil.test", PAGE + ":8443"]
)
def test_another_origin_is_told_nothing_but_that_it_matters(origin: str | None) -> None:
    cors = CrossOrigin([PAGE])
    assert cors.headers(origin) == [(b"vary", b"Origin")]
    assert cors.preflight(origin, b"PUT") == []
