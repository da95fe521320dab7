"""Every variable that code or a page names is a setting, and every setting is used."""

import re
from pathlib import Path

from filegraph.environment import Environment, variable

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("filegraph", "schema", "transfer", "storage", "accounts", "authz", "docs")
# Read by the client's command line, or only by tests.
OTHERS = {"FILEGRAPH_URL", "FILEGRAPH_TOKEN", "FILEGRAPH_PASSWORD", "FILEGRAPH_TEST_SIZE", "FILEGRAPH_TEST_DATABASE"}


def _named() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for package in PACKAGES:
        for path in [*(ROOT / package).rglob("*.py"), *(ROOT / package).rglob("*.md")]:
            for name in re.findall(r"FILEGRAPH_[A-Z0-9_]*[A-Z0-9]\b", path.read_text(encoding="utf-8")):
                found.setdefault(name, set()).add(str(path.relative_to(ROOT)))
    return found


def test_every_named_variable_is_a_setting() -> None:
    known = {variable(name) for name in Environment.model_fields} | OTHERS
    assert {name: places for name, places in _named().items() if name not in known} == {}


def test_every_setting_is_used() -> None:
    text = "".join((ROOT / "filegraph" / file).read_text() for file in ("settings.py", "first_store.py"))
    used = {name.lower() for name in re.findall(r"\benvironment\.(\w+)", text, re.IGNORECASE)}
    assert set(Environment.model_fields) - used == set()
