"""Whoever changes a permission is named: no call that writes or deletes tuples leaves its actor out."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("authz", "accounts", "storage", "schema", "transfer", "filegraph")


def anonymous_changes(source: str) -> Iterator[int]:
    """The lines of ``relationships.write(...)``, ``.revoke(...)`` and ``.forget(...)`` without ``actor=``."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        named = isinstance(node.func.value, ast.Name) and node.func.value.id == "relationships"
        changes = named and node.func.attr in ("write", "revoke", "forget")
        if changes and not any(keyword.arg == "actor" for keyword in node.keywords):
            yield node.lineno


def test_every_change_names_its_actor() -> None:
    found = {
        f"{path.relative_to(ROOT)}:{line}"
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for line in anonymous_changes(path.read_text(encoding="utf-8"))
    }
    assert found == set()


@pytest.mark.parametrize(
    "call", ["relationships.write(writes=[key])", "relationships.revoke([key])", "relationships.forget(names)"]
)
def test_the_test_above_would_see_it(call: str) -> None:
    assert list(anonymous_changes(call)) == [1]
    assert list(anonymous_changes(f"{call[:-1]}, actor=actor)")) == []
