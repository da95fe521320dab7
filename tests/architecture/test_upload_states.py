"""An upload's state is written in one module, which draws every way that there is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.models import UploadState
from storage.services.uploads import states

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("filegraph", "schema", "transfer", "storage", "accounts")
WRITER = "storage/services/uploads/states.py"
_LOOKING = {"filter", "exclude", "get"}
_SQL = re.compile(r"\bSET\b[^;]*\bstate\s*=", re.IGNORECASE)


def writings(source: str) -> Iterator[int]:
    """The lines that write a state: an attribute, a keyword of a call that does not only look, or SQL."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr == "state" and isinstance(node.ctx, ast.Store):
            yield node.lineno
        elif isinstance(node, ast.Call) and not (isinstance(node.func, ast.Attribute) and node.func.attr in _LOOKING):
            yield from (node.lineno for keyword in node.keywords if keyword.arg == "state")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _SQL.search(node.value):
            yield node.lineno


def modules() -> Iterator[Path]:
    for package in PACKAGES:
        yield from (path for path in (ROOT / package).rglob("*.py") if "migrations" not in path.parts)


def test_one_module_writes_states() -> None:
    found = {str(path.relative_to(ROOT)) for path in modules() if any(writings(path.read_text(encoding="utf-8")))}
    assert found == {WRITER}


@pytest.mark.parametrize(
    "line", ["upload.state = 1", "rows.update(state=1)", "UPLOADS.new(state=1)", 'run("UPDATE u SET a = 1, state = 2")']
)
def test_the_test_above_would_see_it(line: str) -> None:
    assert list(writings(line)) == [1]


def test_every_state_is_in_the_drawing() -> None:
    drawing = states.__doc__ or ""
    assert [state.name for state in UploadState if state.name not in drawing] == []


def test_every_step_is_in_the_drawing() -> None:
    tree = ast.parse((ROOT / WRITER).read_text(encoding="utf-8"))
    steps = {
        function.name
        for function in tree.body
        if isinstance(function, ast.FunctionDef)
        and not function.name.startswith("_")
        and any(writings(ast.unparse(function)))
    }
    assert {"take", "receive", "reopen", "lose", "publish", "borrow", "end"} <= steps
    assert [step for step in steps if not re.search(rf"\b{step}\b", ast.get_docstring(tree) or "")] == []
