from __future__ import annotations

import base64
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from authz.identifiers import new_identifier
from storage import tokens
from storage.errors import InvalidToken, TokenExpired
from storage.tokens import DownloadClaim, Purpose

EXAMPLES = 10_000 if os.environ.get("FILEGRAPH_TEST_SIZE") == "full" else 100
NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
UPLOAD_ID, FILE_ID, VERSION_ID = "0" * 25 + "u", "0" * 25 + "f", "0" * 25 + "v"
CLAIM = DownloadClaim("user:" + "7" * 26, FILE_ID, VERSION_ID, True, int(NOW.timestamp()) + 60)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.sampled_from(Purpose), st.binary(max_size=200))
def test_a_token_gives_back_what_was_signed(purpose: Purpose, payload: bytes) -> None:
    token = tokens.sign(purpose, payload)
    assert tokens.unsign(purpose, token) == payload
    assert token.isascii()
    assert not set(token) & set("+/=%&?#")


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.binary(max_size=60), st.data())
def test_no_bit_of_a_token_can_be_changed(payload: bytes, data: st.DataObject) -> None:
    token = tokens.sign(Purpose.UPLOAD, payload)
    position = data.draw(st.integers(0, len(token) * 7 - 1))
    index, bit = divmod(position, 7)
    changed = token[:index] + chr(ord(token[index]) ^ (1 << bit)) + token[index + 1 :]
    with pytest.raises(InvalidToken):
        tokens.unsign(Purpose.UPLOAD, changed)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.binary(max_size=60), st.data())
def test_a_token_cannot_be_cut_extended_or_used_for_something_else(payload: bytes, data: st.DataObject) -> None:
    token = tokens.sign(Purpose.DOWNLOAD, payload)
    end = data.draw(st.integers(0, len(token) - 1))
    more = data.draw(st.text(min_size=1, max_size=8))
    for mangled in (token[:end], token + more, more + token, token + "=", token.swapcase()):
        if mangled != token:
            with pytest.raises(InvalidToken):
                tokens.unsign(Purpose.DOWNLOAD, mangled)
    for other in (Purpose.UPLOAD, Purpose.CURSOR):
        with pytest.raises(InvalidToken):
            tokens.unsign(other, token)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.text(max_size=300))
@example("A" * 9000)
@example("\x00")
@example("é" * 40)
@example("\ud800" * 40)
def test_garbage_is_no_token(token: str) -> None:
    for read in READERS:
        with pytest.raises(InvalidToken):
            read(token)


READERS: list[Callable[[str], object]] = [
    lambda token: tokens.unsign(Purpose.CURSOR, token),
    lambda token: tokens.read_upload(token, now=NOW),
    lambda token: tokens.read_download(token, now=NOW),
]


def test_an_upload_token_names_its_upload_until_the_end_of_its_time() -> None:
    token = tokens.sign_upload(UPLOAD_ID, NOW + timedelta(seconds=60))
    assert tokens.read_upload(token, now=NOW) == UPLOAD_ID
    assert tokens.read_upload(token, now=NOW + timedelta(seconds=60)) == UPLOAD_ID
    with pytest.raises(TokenExpired):
        tokens.read_upload(token, now=NOW + timedelta(seconds=61))
    with pytest.raises(InvalidToken):
        tokens.read_download(token, now=NOW)


def test_a_download_token_says_all_it_was_given() -> None:
    token = tokens.sign_download(CLAIM)
    assert tokens.read_download(token, now=NOW) == CLAIM
    assert len(token) < 200
    with pytest.raises(TokenExpired):
        tokens.read_download(token, now=NOW + timedelta(seconds=62))
    with pytest.raises(InvalidToken):
        tokens.read_upload(token, now=NOW)


def test_a_signed_payload_of_another_shape_is_refused() -> None:
    for payload in (b"", b"x" * 5, b"x" * 31):
        with pytest.raises(InvalidToken):
            tokens.read_upload(tokens.sign(Purpose.UPLOAD, payload), now=NOW)
        with pytest.raises(InvalidToken):
            tokens.read_download(tokens.sign(Purpose.DOWNLOAD, payload), now=NOW)


def test_an_old_key_still_verifies_while_it_is_a_fallback(settings: Settings) -> None:
    token = tokens.sign(Purpose.CURSOR, b"place")
    old = settings.SECRET_KEY
    settings.SECRET_KEY = "another-key"
    with pytest.raises(InvalidToken):
        tokens.unsign(Purpose.CURSOR, token)
    settings.SECRET_KEY_FALLBACKS = [old]
    assert tokens.unsign(Purpose.CURSOR, token) == b"place"
    assert tokens.sign(Purpose.CURSOR, b"place") != token


def test_the_tag_is_not_the_secret_key_itself() -> None:
    raw = base64.urlsafe_b64decode(tokens.sign(Purpose.CURSOR, new_identifier().encode()) + "==")
    assert len(raw) == 16 + 26
