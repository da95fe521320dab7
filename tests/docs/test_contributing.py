"""CONTRIBUTING.md names files and targets that are there."""

import re

import pytest

from tests.components.server import ROOT

PAGE = (ROOT / "CONTRIBUTING.md").read_text()
RECIPES = re.findall(r"^### (.*?)\n(.*?)(?=^##)", PAGE, re.MULTILINE | re.DOTALL)
PATH = re.compile(r"`((?:[\w.<>-]+/)+[\w.<>*-]*|[\w-]+\.(?:md|toml|graphql))`")


def test_every_path_is_there() -> None:
    paths = PATH.findall(PAGE)
    assert len(paths) > 30
    # Of a template, the folder that the file goes to has to be there.
    missing = [path for path in paths if not (ROOT / (path.rpartition("/")[0] if "<" in path else path)).exists()]
    assert missing == []


def test_every_target_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"`make ([a-z-]+)", PAGE)
    assert len(targets) > 5
    assert [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []


@pytest.mark.parametrize(("name", "text"), RECIPES, ids=[name for name, _ in RECIPES])
def test_a_recipe_has_five_steps_at_most_and_each_names_a_file(name: str, text: str) -> None:
    steps = re.findall(r"^(\d)\. (.*)$", text, re.MULTILINE)
    assert 1 <= len(steps) <= 5
    assert [step for _, step in steps if not PATH.match(step)] == []


def test_the_recipes_that_people_ask_for() -> None:
    assert {name for name, _ in RECIPES} == {
        "A new mutation",
        "A new backend",
        "A new relation or permission",
        "A new error",
        "A new setting",
    }


@pytest.mark.parametrize("name", re.findall(r"`([A-Z][A-Za-z_]+)`", PAGE))
def test_every_name_of_the_code_is_there(name: str) -> None:
    sources = [
        path for package in ("storage", "schema", "filegraph", "authz") for path in (ROOT / package).rglob("*.py")
    ]
    assert name.startswith("FILEGRAPH_") or any(re.search(rf"\b{name}\b", path.read_text()) for path in sources)
