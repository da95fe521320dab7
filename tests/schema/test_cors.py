from __future__ import annotations

from schema.cors import cors_headers

LISTED = frozenset({"https://app.test"})


def test_only_a_listed_origin_is_told_anything() -> None:
    for origin in (b"https://app.test.evil.test", b"http://app.test", b"null", b"https://APP.test", b"\xff"):
        assert cors_headers({b"origin": origin}, LISTED, preflight=True) == []
    assert cors_headers({}, LISTED) == []


def test_a_listed_origin_may_send_credentials_and_a_preflight_learns_what_else() -> None:
    plain = dict(cors_headers({b"origin": b"https://app.test"}, LISTED))
    assert plain == {
        b"access-control-allow-origin": b"https://app.test",
        b"access-control-allow-credentials": b"true",
        b"vary": b"Origin",
    }
    preflight = dict(cors_headers({b"origin": b"https://app.test"}, LISTED, preflight=True))
    assert preflight[b"access-control-allow-methods"] == b"POST"
    assert b"x-csrftoken" in preflight[b"access-control-allow-headers"]
