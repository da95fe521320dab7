"""Names and sizes of modules and functions, and that tests mirror the code."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("filegraph", "schema", "transfer", "storage", "accounts", "authz")
BANNED = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers", "handler", "handlers"}
MAX_LINES = 400
MAX_FUNCTION_LINES = 50


def _modules(*, migrations: bool = False) -> list[Path]:
    found = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return sorted(path for path in found if migrations or "migrations" not in path.parts)


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def test_no_module_is_called_after_nothing() -> None:
    assert [str(path) for path in _modules() if path.stem in BANNED or path.parent.name in BANNED] == []


def test_no_module_is_longer_than_its_reader_can_bear() -> None:
    others = [path for folder in ("tests", "scripts", "benchmarks") for path in (ROOT / folder).rglob("*.py")]
    long = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in [*_modules(), *others]}
    assert {path: lines for path, lines in long.items() if lines > MAX_LINES} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = {}
    for path in _modules():
        for function in _functions(ast.parse(path.read_text())):
            lines = (function.end_lineno or 0) - function.lineno + 1
            if lines > MAX_FUNCTION_LINES:
                long[f"{path.relative_to(ROOT)}:{function.name}"] = lines
    assert long == {}


def test_every_module_says_what_belongs_in_it() -> None:
    without = [path for path in _modules() if not ast.get_docstring(ast.parse(path.read_text()))]
    empty_packages = {path for path in without if path.name == "__init__.py" and not path.read_text().strip()}
    assert [str(path.relative_to(ROOT)) for path in without if path not in empty_packages] == []


def test_no_import_inside_a_function() -> None:
    """ruff's PLC0415 sees it too; this one knows no noqa. Only ``apps.ready`` may."""
    found = []
    for path in _modules():
        if path.name == "apps.py":
            continue
        for function in _functions(ast.parse(path.read_text())):
            found += [
                f"{path.relative_to(ROOT)}:{node.lineno}"
                for node in ast.walk(function)
                if isinstance(node, (ast.Import, ast.ImportFrom))
            ]
    assert found == []


OTHER_FOLDERS = {"architecture", "components", "e2e", "benchmarks", "docs", "examples", "scripts"}


OF_A_WHOLE_FOLDER = {
    "authz": {"advisories", "default_model", "openfga_suites"},
    "authz/clients/openfga": {"depth", "hostile", "lasting"},
    "authz/dsl": {"against_openfga"},
    "authz/engine": {"against_openfga", "properties"},
    "authz/storefile": {"against_openfga"},
    "schema": {"with_openfga"},
    "storage": {"query_plans"},
    "storage/backends/s3": {"loading"},
    "storage/services": {"matrix"},
    "storage/services/uploads": {"crashes", "direct", "link_walks", "races", "random_walks"},
    "transfer": {"on_uvicorn"},
}
"""What no single module answers for."""


@pytest.mark.parametrize("package", PACKAGES)
def test_tests_mirror_the_code(package: str) -> None:
    """``tests/storage/services/test_quota.py`` stands for ``storage/services/quota.py``, ``test_downloads_direct.py``
    for a side of ``downloads.py``."""
    orphans = []
    for test in (ROOT / "tests" / package).rglob("test_*.py"):
        folder = test.parent.relative_to(ROOT / "tests")
        name = test.stem.removeprefix("test_")
        modules = {path.stem.strip("_") for path in (ROOT / folder).iterdir()} - {"init"}
        modules |= OF_A_WHOLE_FOLDER.get(str(folder), set())
        if not any(name == module or name.startswith(f"{module}_") for module in modules):
            orphans.append(str(test.relative_to(ROOT)))
    assert orphans == []


FAMILIES = {"schema/mutations": {"outcome"}, "storage/services": {"erasure"}}
"""Where each module has a test of its own, and what only its neighbours rest on and is tested with them."""


@pytest.mark.parametrize("folder", FAMILIES)
def test_a_family_of_mutations_has_its_tests(folder: str) -> None:
    families = {path.stem for path in (ROOT / folder).glob("*.py")} - {"__init__"}
    tests = {path.stem.removeprefix("test_") for path in (ROOT / "tests" / folder).glob("test_*.py")}
    assert families - tests == FAMILIES[folder]


def test_what_is_of_a_whole_folder_is_there() -> None:
    named = {
        ROOT / "tests" / folder / f"test_{name}.py" for folder, names in OF_A_WHOLE_FOLDER.items() for name in names
    }
    assert {path for path in named if not path.exists()} == set()


def test_no_other_folders_of_tests() -> None:
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders - set(PACKAGES) - OTHER_FOLDERS == set()
