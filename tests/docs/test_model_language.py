"""What the page on the model language shows is true: its models are valid, its tables are complete."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel
from typer.testing import CliRunner

from authz.dsl import ModuleFile, load, parse, parse_modules
from authz.services.circumstances import CURRENT_TIME
from authz.storefile.entries import CheckEntry, ListObjectsEntry, ListUsersEntry, StoreEntry, TestEntry
from authz.storefile.tuple_files import OPTIONAL_COLUMNS, REQUIRED_COLUMNS
from filegraph.cli.authz.models import app
from tests.components import fga
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
    conditions = parse(text).conditions
    assert set(conditions) == {"in_office", "until"}
    names = [parameter.name for parameter in conditions["until"].parameters]
    assert CURRENT_TIME in names, "the name by which the service tells the time"


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


def test_the_store_file_gives_what_is_shown_on_both_tools(tmp_path: Path) -> None:
    [store] = [block for block in BLOCKS if block.startswith("name:")]
    [shown] = [block for block in BLOCKS if block.startswith("$ filegraph authz test")]
    command, expected = shown.split("\n", 1)
    file = tmp_path / command.split()[-1]
    file.write_text(store)
    done = CliRunner().invoke(app, ["authz", "test", str(file)])
    assert (done.exit_code, done.stdout.replace(f"{tmp_path}/", "")) == (1, expected)
    theirs = fga.run("model", "test", "--tests", file)
    assert theirs.stderr.rpartition("# Test Summary #\n")[2] == expected[expected.index("Tests ") :]


@pytest.mark.parametrize(
    ("field", "entry"),
    [("tests", TestEntry), ("check", CheckEntry), ("list_objects", ListObjectsEntry), ("list_users", ListUsersEntry)],
)
def test_every_field_of_a_store_file_is_told(field: str, entry: type[BaseModel]) -> None:
    [row] = [line for line in PAGE.splitlines() if line.startswith(f"| `{field}` |")]
    assert set(entry.model_fields) <= set(re.findall(r"`(\w+)`", row))


def test_every_field_of_the_whole_file_and_every_column_is_told() -> None:
    part = PAGE[PAGE.index("## Test a model") : PAGE.index("## Convert a model")]
    told = set(re.findall(r"`(\w+)`", part)) | {"name"}
    assert set(StoreEntry.model_fields) | {*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS} <= told
