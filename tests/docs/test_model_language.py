"""What the page on the model language shows is true: its models are valid, its tables are complete."""

import re
from pathlib import Path

import pytest

from authz.dsl import ModuleFile, load, parse, parse_modules
from tests.components.server import ROOT

PAGE = (ROOT / "docs" / "model-language.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(?:\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
CODE = re.compile(r"[a-z]+(?:-[a-z]+)+")


def codes_in(*names: str) -> set[str]:
    """Every code that stands as a text in these modules of ``authz.dsl``."""
    found: set[str] = set()
    for name in names:
        text = (ROOT / "authz" / "dsl" / f"{name}.py").read_text(encoding="utf-8")
        found |= {code for code in re.findall(r'"([a-z-]+)"', text) if CODE.fullmatch(code)}
    return found


def codes_told(start: str, end: str) -> set[str]:
    part = PAGE[PAGE.index(start) : PAGE.index(end)]
    cells = re.findall(r"^\| (`.*?) \|", part, re.MULTILINE)
    return {code for cell in cells for code in re.findall(r"`([a-z-]+)`", cell)}


def test_the_model_with_conditions_is_valid() -> None:
    [text] = [block for block in BLOCKS if block.startswith("model\n")]
    assert set(parse(text).conditions) == {"in_office", "until"}


def test_the_modules_are_a_model(tmp_path: Path) -> None:
    [manifest] = [block for block in BLOCKS if block.startswith("schema:")]
    core, wiki = (block for block in BLOCKS if block.startswith("module "))
    (tmp_path / "teams").mkdir()
    (tmp_path / "fga.mod").write_text(manifest)
    (tmp_path / "core.fga").write_text(core)
    (tmp_path / "teams" / "wiki.fga").write_text(wiki)
    model = load(tmp_path / "fga.mod")
    assert model == parse_modules([ModuleFile("core.fga", core), ModuleFile("teams/wiki.fga", wiki)])
    assert "can_create_page" in model.types["space"].relations


@pytest.mark.parametrize(
    ("start", "end", "modules"),
    [
        ("## Check a model", "### Warnings", ("parser", "cursor", "json_reader", "modules", "manifest", "validate")),
        ("### Warnings", "## Conditions", ("lint",)),
    ],
)
def test_every_code_is_told(start: str, end: str, modules: tuple[str, ...]) -> None:
    extra = {"unsupported-nesting"} if "validate" in modules else set()
    assert codes_told(start, end) == codes_in(*modules) | extra
