from __future__ import annotations

import os
import pty
import sys
from collections.abc import Iterator
from typing import TextIO

import pytest
import typer

from filegraph.client.errors import UsageFault
from filegraph.client.question import agrees


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[TextIO]:
    """A terminal's keyboard; standard input is the terminal."""
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "w") as keys, os.fdopen(theirs, "r") as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        yield keys


@pytest.mark.parametrize(("typed", "answer"), [("y\n", True), ("yes\n", True), ("n\n", False), ("\n", False)])
def test_only_a_yes_is_one(keyboard: TextIO, typed: str, answer: bool, capfd: pytest.CaptureFixture[str]) -> None:
    keyboard.write(typed)
    keyboard.flush()
    assert agrees("Delete \x1b[2J it?", already=False) is answer
    said = capfd.readouterr().err
    assert r"Delete \x1b[2J it? [y/N]" in said
    assert ("Nothing was deleted." in said) is not answer


def test_the_end_of_input_is_no_answer(keyboard: TextIO) -> None:
    keyboard.write("\x04")  # the end of input, as Ctrl-D sends it
    keyboard.flush()
    with pytest.raises(typer.Abort):
        agrees("Delete it?", already=False)


def test_who_has_agreed_is_not_asked() -> None:
    assert agrees("Delete it?", already=True)


def test_a_script_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    os.write(write, b"y\n")
    os.close(write)
    with os.fdopen(read) as script:
        monkeypatch.setattr(sys, "stdin", script)
        with pytest.raises(UsageFault, match="--yes"):
            agrees("Delete it?", already=False)
        assert script.read() == "y\n"
