"""The head of a request: method, path and headers as plain text. The body is in ``transfer.body``."""

from __future__ import annotations

import re

from transfer.asgi import Scope
from transfer.conditions import Preconditions
from transfer.errors import BadRequest, LengthRequired

_DIGITS = re.compile(r"[0-9]{1,18}", re.ASCII)


class Request:
    """What the scope says. Repeated headers are joined with commas (RFC 9110 §5.3)."""

    __slots__ = ("headers", "method", "path")

    def __init__(self, scope: Scope) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        self.headers: dict[str, str] = {}
        for raw_name, raw_value in scope["headers"]:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            self.headers[name] = f"{self.headers[name]}, {value}" if name in self.headers else value

    def header(self, name: str) -> str | None:
        """The value of a header by its lower-case name; None if it was not sent."""
        return self.headers.get(name)

    @property
    def preconditions(self) -> Preconditions:
        """The conditional headers."""
        get = self.headers.get
        return Preconditions(
            if_match=get("if-match"),
            if_none_match=get("if-none-match"),
            if_modified_since=get("if-modified-since"),
            if_unmodified_since=get("if-unmodified-since"),
            if_range=get("if-range"),
        )

    @property
    def has_unsized_body(self) -> bool:
        """Whether a body comes whose length nobody has told."""
        return "transfer-encoding" in self.headers

    def content_length(self) -> int:
        """The length of the body in bytes; raises LengthRequired without it, BadRequest for anything but one number."""
        value = self.headers.get("content-length")
        if value is None or self.has_unsized_body:
            raise LengthRequired
        # A proxy may have joined equal repetitions; different ones are an attempt to smuggle (RFC 9110 §8.6).
        values = {part.strip(" \t") for part in value.split(",")}
        text = values.pop()
        if values or not _DIGITS.fullmatch(text):
            raise BadRequest("Content-Length is not one whole number of bytes.")
        return int(text)
