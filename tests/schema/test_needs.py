"""The needs of the whole service: what any of its parts has, and at the price of no GraphQL."""

from __future__ import annotations

import subprocess
import sys

import accounts.permissions
import storage.permissions
from schema.needs import NEEDS


def test_they_are_those_of_all_parts() -> None:
    for part in (accounts.permissions.NEEDS, storage.permissions.NEEDS):
        assert part.asked <= NEEDS.asked
        assert part.kept <= NEEDS.kept
        assert part.shared <= NEEDS.shared
        assert set(part.written) <= set(NEEDS.written)
        assert part.structural() <= NEEDS.structural()
    assert NEEDS.structure is storage.permissions.EDGES


def test_a_command_that_asks_for_them_loads_no_graphql() -> None:
    code = (
        "import sys; from filegraph.cli.authz import audit, permissions, versions;"
        " assert versions.NEEDS.asked; assert 'strawberry' not in sys.modules; assert 'graphql' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
