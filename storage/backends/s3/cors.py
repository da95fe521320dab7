"""What a bucket has to be told before pages of other origins may send to it and read from it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_SENT = ("content-type", "if-none-match", "x-amz-checksum-sha256", "range", "if-range")
_READ = ("ETag", "Content-Length", "Content-Range", "Accept-Ranges", "x-amz-checksum-sha256")
_REMEMBERED_SECONDS = 3600


def cors_rules(origins: Iterable[str]) -> dict[str, Any]:
    """Return the ``CORSConfiguration`` of a bucket for web pages of these origins, as ``put-bucket-cors`` takes it."""
    return {
        "CORSRules": [
            {
                "ID": "filegraph",
                "AllowedOrigins": list(dict.fromkeys(origins)),
                "AllowedMethods": ["PUT", "GET", "HEAD"],
                "AllowedHeaders": list(_SENT),
                "ExposeHeaders": list(_READ),
                "MaxAgeSeconds": _REMEMBERED_SECONDS,
            }
        ]
    }
