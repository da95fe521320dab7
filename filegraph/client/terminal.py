"""What reaches the person's terminal: lines to stdout, complaints to stderr, and nothing that could steer the terminal.

Names and messages come from a server: control characters in them are shown as escapes, never sent raw.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import typer

_SIZE_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def printable(text: str) -> str:
    r"""``text`` with every character that is not printable shown as an escape such as ``\x1b``."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode("ascii") for c in text)


def say(line: str) -> None:
    """Print one line to stdout."""
    typer.echo(printable(line))


def note(line: str) -> None:
    """Print one line that is not the command's result to stderr."""
    typer.echo(printable(line), err=True)


def complain(message: str) -> None:
    """Print one error sentence to stderr."""
    note(f"filegraph: {message}")


def is_interactive() -> bool:
    """Whether progress can be drawn: stderr is a terminal."""
    return sys.stderr.isatty()


def human_size(size: int) -> str:
    """``size`` bytes for people: ``1.5 MiB``."""
    amount, unit = float(size), 0
    while amount >= 1024 and unit < len(_SIZE_UNITS) - 1:
        amount, unit = amount / 1024, unit + 1
    return f"{size} B" if unit == 0 else f"{amount:.1f} {_SIZE_UNITS[unit]}"


def human_time(moment: str) -> str:
    """An ISO 8601 time for people: ``2026-05-04 12:30:00Z``, always UTC. What is none is shown as it is."""
    try:
        return f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
    except (ValueError, OverflowError):
        return moment


def counted(count: int, thing: str) -> str:
    """``1 link``, ``2 links``."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def parse_size(text: str) -> int:
    """Bytes of ``64M``, ``1.5GiB``, ``1000``: binary multiples. Raises ``ValueError``."""
    cleaned = text.strip().upper().removesuffix("B").removesuffix("I")
    scale = "KMGTP".find(cleaned[-1:]) + 1 if cleaned[-1:].isalpha() else 0
    if cleaned[-1:].isalpha() and scale == 0:
        raise ValueError(f"{text!r} is not a size; write for example 500M or 10G")
    try:
        size = int(float(cleaned[: len(cleaned) - (1 if scale else 0)]) * 1024**scale)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is not a size; write for example 500M or 10G") from None
    if size < 0:
        raise ValueError("a size is not negative")
    return size
