from __future__ import annotations

import gzip
import io
import os
import struct
import time
import wave
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage import content

FULL = os.environ.get("FILEGRAPH_TEST_SIZE") == "full"
ACTIVE = {"text/html", "image/svg+xml", "application/xml", "application/xhtml+xml", "text/javascript", "message/rfc822"}


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    return buffer.getvalue()


def _wave() -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * 100)
    return buffer.getvalue()


def _png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0\0\0\0")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("head", "name", "expected"),
    [
        (_png(), "a.html", "image/png"),
        (b"GIF89a<script>alert(1)</script>", "a.html", "image/gif"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "", "image/jpeg"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "", "image/webp"),
        (b"\0\0\0\x20ftypavif", "", "image/avif"),
        (b"\0\0\0\x20ftypisom", "", "video/mp4"),
        (b"\0\0\0\x20ftypM4A ", "", "audio/mp4"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm", "", "video/webm"),
        (_wave(), "", "audio/wav"),
        (b"\xff\xfb\x90\x64" + b"\0" * 100, "", "audio/mpeg"),
        (b"%PDF-1.7\n%\xe2\xe3", "x.txt", "application/pdf"),
        (_zip(), "report.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (_zip(), "report.png", "application/zip"),
        (_zip(), "report.html", "application/zip"),
        (gzip.compress(b"x", mtime=0), "a.csv", "application/gzip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100, "a.doc", "application/msword"),
        (b"a,b\n1,2\n", "a.csv", "text/csv"),
        (b"a,b\n1,2\n", "a.pdf", "text/plain"),
        (b"a,b\n1,2\n", "a.png", "text/plain"),
        (b'{"a": 1}', "a.json", "application/json"),
        (b"alert(1)", "a.js", "text/javascript"),
        (b"", "a.png", "text/plain"),
        ("Grüße".encode(), "", "text/plain"),
        ("Grüße, Jürgen".encode("latin-1"), "", "text/plain"),
        ("hello".encode("utf-16"), "", "text/plain"),
        (b"MZ is how this note begins", "", "text/plain"),
        (b"BM is how this note begins", "", "text/plain"),
        (b"MZ\x90\0\x03\0\0\0", "a.txt", "application/vnd.microsoft.portable-executable"),
        (bytes(range(256)), "a.txt", "application/octet-stream"),
        (b"\0" * 100, "a.html", "application/octet-stream"),
        (("x" * 4095 + "é").encode(), "", "text/plain"),
    ],
)
def test_the_bytes_decide(head: bytes, name: str, expected: str) -> None:
    assert content.sniff(head, name) == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"<!DOCTYPE html><html>", "text/html"),
        (b"\n\t  <HTML lang=en>", "text/html"),
        (b"\xef\xbb\xbf<script>alert(1)</script>", "text/html"),
        (b"<!-- x --><p>", "text/html"),
        (b"<img src=x onerror=alert(1)>", "text/html"),
        ("<html>".encode("utf-16"), "text/html"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'>", "image/svg+xml"),
        (b"<?xml version='1.0'?><!-- --><svg>", "image/svg+xml"),
        (b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'>", "application/xhtml+xml"),
        (b"<?xml version='1.0'?><note/>", "application/xml"),
        (b"<!DOCTYPE note><note/>", "application/xml"),
    ],
)
@pytest.mark.parametrize("name", ["", "a.txt", "a.png", "a.csv"])
def test_active_content_is_called_so_whatever_its_name(head: bytes, expected: str, name: str) -> None:
    found = content.sniff(head, name)
    assert found == expected
    assert not content.may_inline(found)


def test_no_active_type_may_be_shown() -> None:
    assert not content.INLINE_TYPES & ACTIVE
    for active in ACTIVE:
        assert not content.may_inline(active)
        assert not content.may_inline(f"{active.upper()}; charset=utf-8")
    assert content.may_inline("TEXT/plain; charset=utf-8")


@settings(max_examples=5000 if FULL else 100, deadline=None)
@given(st.binary(max_size=5000), st.text(max_size=20))
def test_any_bytes_have_a_type(head: bytes, name: str) -> None:
    kind, slash, rest = content.sniff(head, name).partition("/")
    assert kind
    assert slash
    assert rest


@settings(max_examples=200 if FULL else 50, deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=200),
    st.sampled_from(["a.png", "a.exe", "a.zip"]),
)
def test_a_name_alone_makes_no_text_into_something_else(text: str, name: str) -> None:
    plain, named = content.sniff(text.encode()), content.sniff(text.encode(), name)
    assert plain == named


NAMED = [
    ("a.png", "", "image/png"),
    ("a.PNG", "text/html", "image/png"),
    ("a.svg", "image/png", "image/svg+xml"),
    ("a.html", "text/plain", "text/html"),
    ("a.ogg", "", "audio/ogg"),
    ("a.ogg", "video/ogg; codecs=theora", "video/ogg"),
    ("a.ogg", "text/html", "audio/ogg"),
    ("a.unheard", "Application/X-Thing", "application/x-thing"),
    ("a.unheard", "", "application/octet-stream"),
    ("Makefile", "", "application/octet-stream"),
    ("", "", "application/octet-stream"),
]


@pytest.mark.parametrize(("name", "declared", "expected"), NAMED)
def test_bytes_that_nobody_has_seen_have_the_type_of_their_name(name: str, declared: str, expected: str) -> None:
    assert content.supposed(name, declared) == expected


def test_what_a_name_stands_for_is_what_its_bytes_would_be() -> None:
    """The two tables know the same types: one file would not be two things in two stores."""
    seen = {found for _, found in content._SIGNATURES} | set(content._RIFF.values()) | set(content._BRANDS.values())
    seen |= {*content._TEXT_EXTENSIONS.values(), *content._ZIP_EXTENSIONS.values()}
    named = {found for types in content._EXTENSIONS.values() for found in types}
    assert named >= content.INLINE_TYPES
    assert seen - named <= {content.COMPOUND, "image/heif", "application/x-elf"}


def test_telling_a_type_takes_microseconds() -> None:
    heads = [_png().ljust(4096, b"\0"), b"some words and more\n" * 200, "Grüße ".encode() * 500, bytes(range(256)) * 16]
    best = min(_seconds(heads) for _ in range(5))
    assert best / len(heads) < 300e-6


def _seconds(heads: list[bytes]) -> float:
    start = time.perf_counter()
    for head in heads:
        content.sniff(head, "a.txt")
    return time.perf_counter() - start
