"""The import contracts of pyproject.toml hold, and each of them really sees a violation."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("filegraph", "schema", "transfer", "storage", "accounts", "authz")

# What is planted, and the name of the contract that must break.
VIOLATIONS = {
    "authz/engine/check.py": ("import storage.errors", "The house"),
    "storage/errors.py": ("import accounts.errors", "The house"),
    "accounts/errors.py": ("import storage.errors", "The house"),
    "transfer/conf.py": ("import schema.scalars", "The house"),
    "storage/models/drive.py": ("import storage.services.quota", "The layers of storage"),
    "storage/utils.py": ("", "The layers of storage"),
    "authz/dsl/lexer.py": ("import authz.engine.check", "The layers of authz"),
    "authz/engine/memory.py": ("import authz.storefile.run", "The layers of authz"),
    "authz/storefile/run.py": ("import authz.testing.contract", "Nothing that runs imports"),
    "authz/helpers.py": ("", "The layers of authz"),
    "schema/scalars.py": ("import schema.root", "The layers of schema"),
    "schema/common.py": ("", "The layers of schema"),
    "accounts/names.py": ("import accounts.models", "The layers of accounts"),
    "filegraph/refusals.py": ("import filegraph.health", "The layers of filegraph"),
    "filegraph/misc.py": ("", "The layers of filegraph"),
    "transfer/ranges.py": ("import transfer.reply", "The layers of transfer"),
    "transfer/helpers.py": ("", "The layers of transfer"),
    "authz/types.py": ("import django", "The engine, the model language"),
    "transfer/app.py": ("import strawberry", "Only schema imports strawberry"),
    "filegraph/client/hashing.py": ("import django.utils.crypto", "The client of the command line"),
    "filegraph/client/wire.py": ("import filegraph.environment", "The client of the command line"),
    "storage/backends/local.py": ("import boto3", "boto3, azure, openfga_sdk"),
    "authz/clients/openfga/wire.py": ("import openfga_sdk", "boto3, azure, openfga_sdk"),
    "authz/engine/conditions.py": ("import cel_expr_python", "boto3, azure, openfga_sdk"),
    "schema/mutations/__init__.py": ("import storage.registry", "A mutation, a query or an endpoint"),
    "schema/queries/__init__.py": ("import storage.tables", "A mutation, a query or an endpoint"),
    "transfer/pace.py": ("import authz.clients.base", "A mutation, a query or an endpoint"),
    "schema/queries/lists.py": ("import storage.selectors.folders", "What asks no permission"),
    "transfer/downloads.py": ("import storage.services.tombstones", "What asks no permission"),
    "storage/services/trash.py": ("import authz.models", "Authz is asked through its services"),
    "storage/services/quota.py": ("import storage.testing", "Nothing that runs imports"),
    "storage/permissions.py": ("import storage.testing.invariants", "Nothing that runs imports"),
    "authz/conf.py": ("import authz.testing.contract", "Nothing that runs imports"),
    "authz/services/audit.py": ("import authz.services.remote.reconciliation", "The layers of the services of authz"),
    "authz/services/metrics.py": ("import prometheus_client", "The library of metrics"),
}


def _lint(where: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "lint-imports"
    command = [str(program), "--no-cache", "--config", str(where / "pyproject.toml")]
    environ = {"PYTHONPATH": str(where), "PATH": "/usr/bin:/bin", "COLUMNS": "500"}
    return subprocess.run(command, cwd=where, env=environ, capture_output=True, text=True, timeout=110, check=False)


def test_imports_only_go_down() -> None:
    done = _lint(ROOT)
    assert done.returncode == 0, done.stdout


def test_the_front_door_of_authz_leaves_nothing_else_open() -> None:
    closed = set(_contract("front-door")["forbidden_modules"])
    open_ = {"authz.services", "authz.types", "authz.errors", "authz.identifiers"}
    assert _modules_of("authz") - closed == open_


def test_all_that_runs_is_kept_from_what_is_for_tests() -> None:
    kept = set(_contract("testing")["source_modules"])
    for package in ("storage", "authz"):
        assert _modules_of(package) - kept == {f"{package}.testing"}
    assert kept >= set(PACKAGES) - {"storage", "authz"}


def test_every_selector_that_says_so_is_for_services_alone() -> None:
    closed = set(_contract("asked")["forbidden_modules"])
    saying = {
        f"storage.selectors.{path.stem}"
        for path in (ROOT / "storage/selectors").glob("*.py")
        if "No permission is asked" in path.read_text().partition("\n")[0]
    }
    assert saying <= closed


def _contract(identifier: str) -> dict[str, Any]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (found,) = (contract for contract in contracts if contract.get("id") == identifier)
    return dict(found)


def _modules_of(package: str) -> set[str]:
    return {
        f"{package}.{path.stem}"
        for path in (ROOT / package).iterdir()
        if (path.suffix == ".py" and path.name != "__init__.py") or (path / "__init__.py").exists()
    }


def test_every_planted_violation_is_seen(tmp_path: Path) -> None:
    """All at once, for each run reads the whole tree: then every contract named above must be broken."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for path, (line, _) in VIOLATIONS.items():
        file = tmp_path / path
        if line:
            assert file.exists(), f"{path} is gone: plant this violation elsewhere"
        text = file.read_text() if file.exists() else ""
        file.write_text(f"{text}\n{line}\n")
    report = _lint(tmp_path).stdout
    details = report[report.index("Broken contracts") :]
    for path, (line, contract) in VIOLATIONS.items():
        section = _section(details, contract)
        module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        wanted = line.removeprefix("import ").split(".")[0] if line else ""
        assert module in section, f"{contract} did not see {path}: {line}"
        assert wanted in section


def _section(details: str, contract: str) -> str:
    """Return what the report says about one contract."""
    lines = details.splitlines()
    starts = [
        number
        for number, line in enumerate(lines[:-1])
        if line.startswith(contract) and set(lines[number + 1].strip()) == {"-"}
    ]
    if not starts:
        pytest.fail(f"the contract {contract!r} was not broken")
    begin = starts[0]
    ends = [number - 1 for number in range(begin + 2, len(lines)) if set(lines[number].strip()) == {"-"}]
    return "\n".join(lines[begin : ends[0] if ends else len(lines)])
