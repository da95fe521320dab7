"""What a request and its answer are written in, by the rules of GraphQL over HTTP and RFC 9110."""

from __future__ import annotations

import re
from collections.abc import Mapping

from schema.refusals import Refusal

MODERN = "application/graphql-response+json"
"""Answers a document that cannot be run with 400."""

LEGACY = "application/json"
"""Answers it with 200; also what a request is written in."""

_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([\w-]+)", re.IGNORECASE)


def acceptable(headers: Mapping[bytes, bytes]) -> str:
    """Return the media type to answer with. Raises Refusal 406 when the client accepts neither of ours."""
    accept = headers.get(b"accept")
    if accept is None:
        return LEGACY
    weights: dict[str, float] = {}
    for entry in accept.decode("latin-1").split(","):
        name, _, parameters = entry.strip().partition(";")
        weights[name.strip().lower()] = _quality(parameters)
    chosen, best = "", 0.0
    for media_type in (MODERN, LEGACY):
        fallback = weights.get("application/*", weights.get("*/*", 0.0))
        # A wildcard alone is an older client or a tool: it gets what it knows.
        weight = weights.get(media_type, fallback if media_type == LEGACY else 0.0)
        if weight > best:
            chosen, best = media_type, weight
    if not chosen:
        raise Refusal(406, "NOT_ACCEPTABLE", f"Answers are {MODERN} or {LEGACY}.")
    return chosen


def _quality(parameters: str) -> float:
    for parameter in parameters.split(";"):
        key, _, value = parameter.strip().partition("=")
        if key.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def check_content_type(headers: Mapping[bytes, bytes]) -> None:
    """Raise Refusal 415 for anything but plain JSON in UTF-8: what a form can send is not read."""
    content_type = headers.get(b"content-type", b"").decode("latin-1")
    charset = _CHARSET.search(content_type)
    if content_type.partition(";")[0].strip().lower() != LEGACY or (
        charset and charset[1].lower() not in {"utf-8", "utf8"}
    ):
        raise Refusal(
            415,
            "UNSUPPORTED_MEDIA_TYPE",
            "The body must be application/json in UTF-8.",
            [(b"accept", b"application/json")],
        )
    if headers.get(b"content-encoding", b"identity") not in {b"identity", b""}:
        raise Refusal(
            415, "UNSUPPORTED_MEDIA_TYPE", "The body must not be compressed.", [(b"accept-encoding", b"identity")]
        )
