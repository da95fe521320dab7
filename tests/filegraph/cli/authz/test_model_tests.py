"""``filegraph authz test``: what it finds, prints and ends with, beside what OpenFGA's tool says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from filegraph.cli.authz.models import app
from tests.components import fga
from tests.components.server import ROOT

STORES = ROOT / "tests" / "authz" / "storefile" / "stores"
STORE = """
name: small
model: |
  model
    schema 1.1
  type user
  type doc
    relations
      define reader: [user]
tuples:
  - {user: user:a, relation: reader, object: doc:1}
tests:
  - name: reads
    check:
      - {user: user:a, objects: [doc:1, doc:2], assertions: {reader: true}}
    list_objects:
      - {user: user:a, type: doc, assertions: {reader: [doc:1], ghost: []}}
"""
ERROR = "INVALID_AUTHORIZATION_REQUEST: type 'doc' has no relation 'ghost'"


def run(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["authz", "test", *map(str, arguments)])
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "some.fga.yaml"
    file.write_text(STORE)
    return file


def test_what_fails_with_its_line_and_the_counts(file: Path) -> None:
    code, out, err = run(file)
    assert (code, err) == (1, "")
    assert out.splitlines() == [
        f"{file}:15: FAILED: reads: user:a reader doc:2: expected true, got false",
        f"{file}:17: FAILED: reads: user:a ghost every doc: expected [], got an error: {ERROR}",
        "Tests 0/1 passing",
        "Checks 1/2 passing",
        "ListObjects 1/2 passing",
    ]
    verbose = run(file, "--verbose")[1]
    assert f"{file}:15: passed: reads: user:a reader doc:1: expected true\n" in verbose


def test_the_shipped_file_passes() -> None:
    code, out, err = run(ROOT / "authz" / "default.fga.yaml")
    assert (code, err) == (0, "")
    assert out.startswith("Tests 17/17 passing\n")


def test_several_files_and_patterns_are_summed_up_as_openfga_does() -> None:
    code, out, err = run(STORES / "[dg]*.fga.yaml", STORES / "direct.fga.yaml")
    assert (code, err) == (1, "")
    theirs = fga.run("model", "test", "--tests", STORES / "[dg]*.fga.yaml")
    assert theirs.returncode == 1
    assert out.endswith(theirs.stderr.rpartition("# Test Summary #\n")[2])
    assert f"{STORES / 'groups.fga.yaml'}: Tests 1/1 passing, Checks 6/6 passing, " in out


def test_one_json_object(file: Path) -> None:
    broken = file.with_name("broken.fga.yaml")
    broken.write_text(STORE.replace("define reader", "define reader: ghost"))
    code, out, err = run("--json", file, broken, STORES / "groups.fga.yaml")
    assert (code, err) == (1, "")
    found = json.loads(out)
    assert found["passed"] is False
    assert found["summary"] == {
        "files": {"passing": 1, "total": 3},
        "tests": {"passing": 1, "total": 2},
        "check": {"passing": 7, "total": 8},
        "list_objects": {"passing": 3, "total": 4},
        "list_users": {"passing": 3, "total": 3},
    }
    first, second, third = found["files"]
    assert first["tests"][0]["assertions"][1] == {
        "kind": "check",
        "line": 15,
        "relation": "reader",
        "context": {},
        "user": "user:a",
        "object": "doc:2",
        "expected": True,
        "got": False,
        "error": None,
        "passed": False,
    }
    assert (first["name"], first["tests"][0]["name"], first["errors"]) == ("small", "reads", [])
    assert (second["passed"], second["tests"]) == (False, [])
    assert second["errors"][0]["line"] == 9
    assert third["tests"][0]["assertions"][-1]["user_filter"] == {"type": "group", "relation": "member"}


def test_a_wrong_file_does_not_keep_the_others_from_running(file: Path) -> None:
    broken = file.with_name("broken.fga.yaml")
    broken.write_text(STORE.replace("tests:", "test:"))
    code, out, _ = run(broken, STORES / "groups.fga.yaml")
    assert code == 1
    assert out.startswith(f"{broken}:12: error: unknown field `test`; did you mean `tests`?")
    assert out.endswith("ListUsers 3/3 passing\nFiles 1/2 could not be run\n")


def test_files_that_are_not_there(tmp_path: Path) -> None:
    assert run(tmp_path / "none.fga.yaml")[0] == 2
    code, out, err = run(tmp_path / "*.fga.yaml")
    assert (code, out) == (2, "")
    assert err.startswith(f"filegraph: {tmp_path / '*.fga.yaml'}: ")
    assert run()[0] == 2


def test_a_pattern_finds_files_alone_and_a_name_is_a_name(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.fga.yaml")
    assert run(tmp_path / "*.fga.yaml")[0] == 2
    (tmp_path / "[a].fga.yaml").write_text(STORE)
    assert run(tmp_path / "[a].fga.yaml")[1].endswith("ListObjects 1/2 passing\n")
    code, out, _ = run(tmp_path / "pipe.fga.yaml")
    assert (code, "not a regular file" in out) == (1, True)


def test_files_elsewhere(tmp_path: Path, file: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "tuples.yaml").write_text("- {user: user:a, relation: reader, object: doc:2}\n")
    away = inner / "away.fga.yaml"
    away.write_text(
        STORE.replace("tests:", "tuple_file: ../tuples.yaml\ntests:")
        .replace(", ghost: []", "")
        .replace("[doc:1],", "[doc:1, doc:2],")
    )
    assert run(away)[0] == 1
    assert "outside the folder" in run(away)[1]
    for options in ([], ["--allow-external-files"]):
        theirs = fga.run("model", "test", "--tests", away, *options)
        assert theirs.returncode == run(away, *options)[0], options


def test_names_cannot_steer_the_terminal(file: Path) -> None:
    file.write_text(STORE.replace("name: reads", 'name: "\\x1b[2J"'))
    assert "\x1b" not in run(file)[1]
    assert "\x1b" not in run(file, "--json")[1]


def test_neither_settings_nor_a_database_nor_django_are_needed(tmp_path: Path) -> None:
    environ = {**os.environ, "FILEGRAPH_DATA_DIR": str(tmp_path / "none"), "FILEGRAPH_DATABASE_URL": "nonsense"}
    command = [sys.executable, "-X", "importtime", "-m", "filegraph", "authz", "test", str(STORES / "groups.fga.yaml")]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "authz" in loaded
    assert not loaded & {"django", "strawberry", "storage", "schema"}
