from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.disposition import content_disposition

# RFC 6266 §4.1 with the quoted-string of RFC 9110 §5.6.4 and the ext-value of RFC 8187 §3.2.1.
GRAMMAR = re.compile(
    r"(inline|attachment); filename=\"((?:[\t \x21\x23-\x5b\x5d-\x7e]|\\[\t\x20-\x7e])*)\""
    r"(?:; filename\*=UTF-8''((?:[A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-F]{2})*))?"
)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=255)


def read(header: str) -> tuple[str, str]:
    """What a client that follows the grammar understands: kind and name."""
    match = GRAMMAR.fullmatch(header)
    assert match, header
    kind, plain, exact = match.groups()
    return kind, unquote(exact, errors="strict") if exact is not None else re.sub(r"\\(.)", r"\1", plain)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("report.pdf", 'attachment; filename="report.pdf"'),
        ("a b; c=d.txt", 'attachment; filename="a b; c=d.txt"'),
        ('a"b.txt', "attachment; filename=\"a_b.txt\"; filename*=UTF-8''a%22b.txt"),
        ("50%20.txt", "attachment; filename=\"50_20.txt\"; filename*=UTF-8''50%2520.txt"),
        ("Übung €.txt", "attachment; filename=\"_bung _.txt\"; filename*=UTF-8''%C3%9Cbung%20%E2%82%AC.txt"),
        (
            "a\r\nSet-Cookie: x=1",
            "attachment; filename=\"a__Set-Cookie_ x=1\"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x%3D1",
        ),
        ("../../etc/passwd", "attachment; filename=\".._.._etc_passwd\"; filename*=UTF-8''..%2F..%2Fetc%2Fpasswd"),
    ],
)
def test_examples(name: str, expected: str) -> None:
    assert content_disposition(name, inline=False) == expected


@given(NAMES, st.booleans())
def test_the_header_reads_back_as_the_name(name: str, inline: bool) -> None:
    assert read(content_disposition(name, inline=inline)) == ("inline" if inline else "attachment", name)


@given(st.text(max_size=80))
def test_any_text_makes_a_header_that_servers_take(name: str) -> None:
    header = content_disposition(name + "\ud800\x00\n", inline=False)
    assert header.isascii()
    assert header.isprintable()
    read(header)
