"""The needs of the whole service: what any of its parts has, and at the price of no GraphQL."""

from __future__ import annotations

import subprocess
import sys

import accounts.permissions
import storage.permissions
from authz.services import editors
from authz.services.shipped_model import SHIPPED_MODEL
from schema.needs import NEEDS


def test_they_are_those_of_all_parts() -> None:
    for part in (accounts.permissions.NEEDS, storage.permissions.NEEDS):
        assert part.asked <= NEEDS.asked
        assert part.kept <= NEEDS.kept
        assert part.shared <= NEEDS.shared
        assert set(part.written) <= set(NEEDS.written)
        assert part.structural() <= NEEDS.structural()
    assert NEEDS.structure is storage.permissions.EDGES


def test_the_shipped_model_marks_as_idle_what_is_not_asked() -> None:
    type_name, asked = "", {("organization", each.value) for each in editors.Permission} | NEEDS.asked
    for line in SHIPPED_MODEL.read_text(encoding="utf-8").splitlines():
        if line.startswith("type "):
            type_name = line.removeprefix("type ")
        elif (question := line.strip().removeprefix("define ").partition(":")[0]).startswith("can_"):
            assert line.endswith("# idle") == ((type_name, question) not in asked), line


def test_what_the_service_writes_is_not_marked_as_idle() -> None:
    lines = SHIPPED_MODEL.read_text(encoding="utf-8").splitlines()
    idle = {line.strip().removeprefix("define ").partition(":")[0] for line in lines if line.endswith("# idle")}
    assert idle
    assert not idle & {key.relation for key in NEEDS.written}


def test_a_command_that_asks_for_them_loads_no_graphql() -> None:
    code = (
        "import sys; from filegraph.cli.authz import audit, permissions, versions;"
        " assert versions.NEEDS.asked; assert 'strawberry' not in sys.modules; assert 'graphql' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
