"""How the person called this program, so that a hint can be pasted as it stands. No settings, no Django."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import PurePath

NAME = "filegraph"


def program() -> str:
    """The words to write before a command's name, such as ``filegraph`` or ``.venv/bin/filegraph``."""
    return called_as(sys.argv[0], sys.orig_argv[0], shutil.which)


def called_as(script: str, interpreter: str, which: Callable[[str], str | None]) -> str:
    """The same from the script's path, the interpreter as it was called, and what finds a program on PATH.

    A program that calls our functions by itself has another script; then it is the plain name.
    """
    path = PurePath(script)
    if path.name == "__main__.py":
        return f"{_short(interpreter, which)} -m {NAME}"
    return _short(script, which) if path.stem == NAME else NAME


def _short(path: str, which: Callable[[str], str | None]) -> str:
    """The bare name where PATH leads to this very file, else the path, quoted for a shell."""
    name = PurePath(path).name
    return name if path == name or which(name) == path else shlex.quote(path)
