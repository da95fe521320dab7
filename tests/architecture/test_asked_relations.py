"""What is asked for is called ``can_*``: grants and what they amount to are the model's own business."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pytest

import accounts.permissions
import storage.permissions
from authz.services import editors
from authz.services.needs import OWN_NEEDS, unmet
from authz.services.shipped_model import shipped_model

ROOT = Path(__file__).resolve().parents[2]
ASKING = {"accounts/permissions.py": accounts.permissions, "storage/permissions.py": storage.permissions}
"""Outside of authz, which asks for itself in ``authz/services/editors.py``."""
PERMISSIONS = [accounts.permissions.Permission, storage.permissions.Permission, editors.Permission]
NEEDS = accounts.permissions.NEEDS.joined(storage.permissions.NEEDS).joined(OWN_NEEDS)


def questions(source: str) -> Iterator[ast.expr]:
    """The relation of every question that a module makes: the second argument of ``CheckRequest``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "CheckRequest":
            yield node.args[1]


def is_permission(relation: ast.expr) -> bool:
    """Whether it is a member of ``Permission``, or a variable of that name, which mypy holds to the type."""
    if isinstance(relation, ast.Attribute):
        return isinstance(relation.value, ast.Name) and relation.value.id == "Permission"
    return isinstance(relation, ast.Name) and relation.id == "permission"


def test_questions_are_made_in_two_modules_alone() -> None:
    made = {
        str(path.relative_to(ROOT))
        for package in ("accounts", "storage", "schema", "transfer", "filegraph")
        for path in (ROOT / package).rglob("*.py")
        if any(questions(path.read_text(encoding="utf-8")))
    }
    assert made == set(ASKING)


@pytest.mark.parametrize("path", [*ASKING, "authz/services/editors.py"])
def test_every_question_asks_for_a_permission(path: str) -> None:
    relations = list(questions((ROOT / path).read_text(encoding="utf-8")))
    assert [ast.unparse(relation) for relation in relations if not is_permission(relation)] == []


def test_the_test_above_would_see_a_grant() -> None:
    for relation in ('"admin"', "MEMBER", "Role.OWNER"):
        (found,) = questions(f"decisions.check(CheckRequest(actor, {relation}, ORGANIZATION))")
        assert not is_permission(found)


@pytest.mark.parametrize("permissions", PERMISSIONS)
def test_permissions_are_relations_of_the_model_that_nobody_can_write(permissions: type[StrEnum]) -> None:
    known = {relation for definition in shipped_model().types.values() for relation in definition.relations}
    for permission in permissions:
        assert permission.startswith("can_")
        assert permission in known


@pytest.mark.parametrize("permissions", PERMISSIONS)
def test_no_model_may_do_without_what_is_asked(permissions: type[StrEnum]) -> None:
    assert {permission.value for permission in permissions} <= {relation for _, relation in NEEDS.asked}


def test_the_shipped_model_meets_every_need_and_no_edge_of_the_tree_is_stored() -> None:
    assert unmet(shipped_model(), NEEDS) == []
    assert NEEDS.structure is storage.permissions.EDGES
    assert NEEDS.structural() == NEEDS.structure.edges() | {("group", "organization")}
