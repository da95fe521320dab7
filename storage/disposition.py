"""Content-Disposition for a file of any name (RFC 6266, RFC 8187). Pure.

``filename*`` carries the exact name. ``filename`` is a fallback for clients that do not read the former, in characters
that every client reads the same way: ASCII without quotes, backslashes, separators, and percent signs (which some
clients decode).
"""

from __future__ import annotations

from urllib.parse import quote

_ATTR_CHARS = "!#$&+-.^_`|~"
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 !#$&'()+,-.;=@[]^_`{}~")


def content_disposition(name: str, *, inline: bool) -> str:
    """The header's value, ASCII only, without control characters whatever ``name`` holds.

    A lone surrogate, which no stored name has, turns into U+FFFD.
    """
    kind = "inline" if inline else "attachment"
    fallback = "".join(char if char in _PLAIN else "_" for char in name)
    if fallback == name:
        return f'{kind}; filename="{name}"'
    exact = quote(name.encode("utf-8", "surrogatepass").decode("utf-8", "replace"), safe=_ATTR_CHARS)
    return f"{kind}; filename=\"{fallback}\"; filename*=UTF-8''{exact}"
