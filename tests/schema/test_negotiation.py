"""What is accepted; how it looks from outside stands in ``test_http``."""

from __future__ import annotations

import pytest

from schema.negotiation import LEGACY, MODERN, acceptable, check_content_type
from schema.refusals import Refusal


def test_nobody_is_answered_in_a_type_they_refuse() -> None:
    assert acceptable({}) == LEGACY
    assert acceptable({b"accept": f"{MODERN};q=0, */*".encode()}) == LEGACY
    assert acceptable({b"accept": f"{LEGACY};q=0, {MODERN};q=0.001".encode()}) == MODERN
    for accept in (b"text/html", b"application/json;q=0", b"\xff/\xff"):
        with pytest.raises(Refusal) as refused:
            acceptable({b"accept": accept})
        assert refused.value.status == 406


def test_a_compressed_body_is_refused_with_what_would_do() -> None:
    with pytest.raises(Refusal) as refused:
        check_content_type({b"content-type": b"application/json", b"content-encoding": b"gzip"})
    assert (refused.value.status, refused.value.headers) == (415, ((b"accept-encoding", b"identity"),))
    check_content_type({b"content-type": b"application/json", b"content-encoding": b"identity"})
