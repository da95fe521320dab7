from __future__ import annotations

import pytest

from filegraph.program import called_as, program

ON_PATH = {"filegraph": "/usr/bin/filegraph", "python3": "/usr/bin/python3"}


@pytest.mark.parametrize(
    ("script", "interpreter", "words"),
    [
        ("/usr/bin/filegraph", "/usr/bin/python3", "filegraph"),
        ("/home/ada/.venv/bin/filegraph", "python3", "/home/ada/.venv/bin/filegraph"),
        (".venv/bin/filegraph", "python3", ".venv/bin/filegraph"),
        ("/home/ada/my files/bin/filegraph", "python3", "'/home/ada/my files/bin/filegraph'"),
        ("C/filegraph.exe", "python3", "C/filegraph.exe"),
        ("/site-packages/filegraph/__main__.py", "python3", "python3 -m filegraph"),
        ("/site-packages/filegraph/__main__.py", "/usr/bin/python3", "python3 -m filegraph"),
        ("/site-packages/filegraph/__main__.py", ".venv/bin/python", ".venv/bin/python -m filegraph"),
        ("/usr/bin/pytest", "python3", "filegraph"),
        ("", "python3", "filegraph"),
        ("-c", "python3", "filegraph"),
    ],
)
def test_a_hint_names_the_program_as_it_was_called(script: str, interpreter: str, words: str) -> None:
    assert called_as(script, interpreter, ON_PATH.get) == words


def test_here_a_test_runner_was_called() -> None:
    assert program() == "filegraph"
