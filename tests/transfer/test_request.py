from __future__ import annotations

import pytest

from transfer.errors import BadRequest, LengthRequired
from transfer.request import Request

CHUNKED = (b"transfer-encoding", b"chunked")


def request(*headers: tuple[bytes, bytes], path: str = "/u/token", root_path: str = "") -> Request:
    return Request({"method": "PUT", "path": path, "root_path": root_path, "headers": list(headers)})


def test_repeated_headers_are_joined_and_names_have_no_case() -> None:
    found = request((b"If-None-Match", b'"a"'), (b"if-none-match", b'"b"'))
    assert found.preconditions.if_none_match == '"a", "b"'


def test_the_mount_point_is_not_part_of_the_path() -> None:
    assert request(path="/files/u/token", root_path="/files").path == "/u/token"


@pytest.mark.parametrize(("values", "length"), [([b"0"], 0), ([b"17"], 17), ([b"17", b"17"], 17), ([b"17, 17"], 17)])
def test_a_length(values: list[bytes], length: int) -> None:
    assert request(*((b"content-length", value) for value in values)).content_length() == length


@pytest.mark.parametrize("values", [[b""], [b"-1"], [b"+1"], [b"1_0"], [b"0x1"], [b"1", b"2"], [b"9" * 30], [b"\xb2"]])
def test_what_is_not_one_number_is_refused(values: list[bytes]) -> None:
    with pytest.raises(BadRequest):
        request(*((b"content-length", value) for value in values)).content_length()


@pytest.mark.parametrize(
    "headers",
    [[], [CHUNKED], [CHUNKED, (b"content-length", b"3"), (b"transfer-encoding", b"chunked")]],
)
def test_a_body_needs_a_length(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(LengthRequired):
        request(*headers).content_length()
