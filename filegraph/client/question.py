"""Asking before something that cannot be taken back."""

from __future__ import annotations

import sys

import typer

from filegraph.client.errors import UsageFault
from filegraph.client.terminal import note, printable


def agrees(question: str, *, already: bool) -> bool:
    """Whether the person agrees; ``already``: she has said so on the command line. Raises ``UsageFault``.

    Without a terminal nobody is asked: what a script's standard input holds was not written as an answer.
    """
    if already:
        return True
    if not sys.stdin.isatty():
        raise UsageFault("There is no terminal to ask whether you mean it; add --yes.")
    if typer.confirm(printable(question), err=True):
        return True
    note("Nothing was deleted.")
    return False
