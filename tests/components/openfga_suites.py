"""OpenFGA's own test suites (assets/tests of its source), read from where Go keeps the source that it built.

They are not kept here; ``python -m tests.components.openfga`` brings them along with the program.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from authz.types import RelationshipCondition, TupleKey
from tests.components.openfga import VERSION, find_go

FILES = ("consolidated_1_1_tests.yaml", "abac_tests.yaml")


@dataclass(frozen=True)
class Stage:
    """A model, and all tuples that were written up to it. ``single``: the test has no other stage."""

    test: str
    model: str
    tuples: list[TupleKey]
    single: bool
    content: Mapping[str, Any]

    def assertions(self, kind: str) -> list[Mapping[str, Any]]:
        """Return those of ``check``, ``listObjects`` or ``listUsers``."""
        return self.content.get(f"{kind}Assertions") or []


class _Loader(yaml.SafeLoader):
    """YAML in which a time is a text, as it is to OpenFGA."""


_Loader.yaml_implicit_resolvers = {
    first: [rule for rule in rules if rule[0] != "tag:yaml.org,2002:timestamp"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def folder() -> Path | None:
    """Return where the suites are, None if Go has not kept them."""
    go = find_go()
    if go is None:
        return None
    cache = subprocess.run([go, "env", "GOMODCACHE"], capture_output=True, text=True, check=True).stdout.strip()
    found = Path(cache) / "github.com/openfga" / f"openfga@{VERSION}" / "assets" / "tests"
    return found if found.is_dir() else None


def stages(file: str) -> Iterator[Stage]:
    """Yield every stage of a suite. Skips the test where there is none."""
    place = folder()
    if place is None:
        pytest.skip(f"OpenFGA's suites are not here: Go has not kept the source of {VERSION}")
    for test in yaml.load((place / file).read_text(), _Loader)["tests"]:
        tuples: dict[TupleKey, TupleKey] = {}
        for content in test["stages"]:
            tuples |= {key: key for key in map(tuple_of, content.get("tuples") or [])}
            yield Stage(test["name"], content["model"], list(tuples), len(test["stages"]) == 1, content)


def tuple_of(value: Mapping[str, Any]) -> TupleKey:
    """Read a tuple as the suites write it."""
    carried = value.get("condition")
    condition = RelationshipCondition(carried["name"], carried.get("context") or {}) if carried else None
    return TupleKey(value["user"], value["relation"], value["object"], condition)
