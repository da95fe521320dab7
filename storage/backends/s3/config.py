"""What a row says about an S3 store, checked. Nothing is asked of the store here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from storage.errors import InvalidArgument
from storage.keys import check_prefix

AddressingStyle = Literal["auto", "path", "virtual"]

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_STYLES = ("auto", "path", "virtual")
_TEXTS = (
    "bucket",
    "prefix",
    "endpoint_url",
    "public_endpoint_url",
    "region",
    "addressing_style",
    "access_key_id",
    "secret_access_key",
    "session_token",
)


@dataclass(frozen=True, slots=True)
class S3Config:
    """Where the bucket is and who asks for it. An empty text is left to boto3: its own variables, files and roles.

    ``prefix`` goes before every key. ``public_endpoint_url`` is where clients reach the store, if not where we do.
    ``direct`` says whether clients may speak to the store themselves at all; without it all bytes pass through us.
    """

    bucket: str
    prefix: str = ""
    endpoint_url: str = ""
    public_endpoint_url: str = ""
    region: str = ""
    addressing_style: AddressingStyle = "auto"
    access_key_id: str = ""
    secret_access_key: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)
    direct: bool = True


def read_config(config: Mapping[str, Any]) -> S3Config:
    """Return the configuration of a row. Raises ImproperlyConfigured: one sentence that names no secret."""
    unknown = sorted(set(config) - {*_TEXTS, "direct"})
    if unknown:
        raise ImproperlyConfigured(f"An S3 backend has no {unknown[0]!r}.")
    for name in _TEXTS:
        if not isinstance(config.get(name, ""), str):
            raise ImproperlyConfigured(f'"{name}" of an S3 backend is a text.')
    if not isinstance(config.get("direct", True), bool):
        raise ImproperlyConfigured('"direct" of an S3 backend is true or false.')
    texts = {name: config[name] for name in _TEXTS if name in config and name != "addressing_style"}
    style = config.get("addressing_style") or "auto"
    if style not in _STYLES:
        raise ImproperlyConfigured('"addressing_style" of an S3 backend is auto, path or virtual.')
    made = S3Config(
        **{"bucket": "", **texts}, addressing_style=cast(AddressingStyle, style), direct=config.get("direct", True)
    )
    _judge(made)
    return made


def _judge(config: S3Config) -> None:
    if not is_bucket(config.bucket):
        raise ImproperlyConfigured(
            '"bucket" of an S3 backend is the name of a bucket: 3 to 63 of a-z, 0-9, "." and "-".'
        )
    for name in ("endpoint_url", "public_endpoint_url"):
        url = getattr(config, name)
        if url and not is_endpoint(url):
            raise ImproperlyConfigured(f'"{name}" of an S3 backend looks like https://s3.example.com.')
    if bool(config.access_key_id) != bool(config.secret_access_key):
        raise ImproperlyConfigured('"access_key_id" and "secret_access_key" of an S3 backend go together.')
    try:
        check_prefix(config.prefix)
    except InvalidArgument as error:
        raise ImproperlyConfigured(f'"prefix" of an S3 backend: {error.message}') from None


def is_bucket(name: str) -> bool:
    """Tell whether a text may be the name of a bucket; the store knows the finer rules."""
    return _BUCKET.fullmatch(name) is not None


def is_endpoint(url: str) -> bool:
    """Tell whether a text is the address of a server: http or https, a host, no path, no query, no password."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    # Empty ones too: "https://@host/?" is read as if it had none, and written with them.
    plain = not parts.path.strip("/") and not any(sign in url for sign in "?#@")
    return parts.scheme in ("http", "https") and bool(parts.hostname) and plain and url.isascii() and url.isprintable()
