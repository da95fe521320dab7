"""What is done after a commit can not undo it: whatever fails there is logged, and the answer is that it was done."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("authz", "accounts", "storage", "schema", "transfer", "filegraph")


def fragile_hooks(source: str) -> Iterator[int]:
    """The lines of ``on_commit(...)`` without ``robust=True``, or of what has no name: Django names it when it fails,
    and a ``partial`` raises AttributeError there.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "on_commit":
            robust = any(keyword.arg == "robust" for keyword in node.keywords)
            if not robust or not isinstance(node.args[0], (ast.Lambda, ast.Name, ast.Attribute)):
                yield node.lineno


def test_every_hook_may_fail() -> None:
    found = {
        f"{path.relative_to(ROOT)}:{line}"
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for line in fragile_hooks(path.read_text(encoding="utf-8"))
    }
    assert found == set()


@pytest.mark.parametrize("call", ["transaction.on_commit(go)", "transaction.on_commit(partial(go, 1), robust=True)"])
def test_the_test_above_would_see_it(call: str) -> None:
    assert list(fragile_hooks(call)) == [1]
