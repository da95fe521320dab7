"""A command for an installation that is not there, or not prepared, ends with one sentence that says what to do."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import typer
from django.db import connection, transaction

from filegraph.cli.opened import opened_installation
from tests.components.server import free_port, new_database

COMMANDS = (
    ("sweep",),
    ("accounts",),
    ("authz", "audit"),
    ("authz", "reconcile", "--check"),
    ("authz", "migrate-store", "--to", "openfga"),
    ("authz", "compare"),
)
KEY = {"FILEGRAPH_SECRET_KEY": "k" * 32}


def run(data_dir: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FILEGRAPH_", "DJANGO_"))}
    command = [sys.executable, "-m", "filegraph", *arguments]
    environ = {**kept, **variables, "FILEGRAPH_DATA_DIR": str(data_dir)}
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)


def refusal(data_dir: Path, *arguments: str, **variables: str) -> str:
    done = run(data_dir, *arguments, **variables)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    return done.stderr


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_where_nothing_is(command: tuple[str, ...], tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    told = refusal(missing, *command)
    assert told.startswith(f"There is no installation in {missing} (FILEGRAPH_DATA_DIR)."), told
    assert told.endswith(f"or make one: {sys.executable} -m filegraph setup\n")
    assert not missing.exists()


def test_where_only_a_key_is(tmp_path: Path) -> None:
    assert "There is no installation in " in refusal(tmp_path / "missing", "sweep", **KEY)
    assert "There is no installation in " in refusal(tmp_path, "sweep", **KEY)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_where_no_tables_are(command: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "database.sqlite3").touch()
    told = refusal(tmp_path, *command, **KEY)
    assert told.startswith(f"The installation in {tmp_path} (FILEGRAPH_DATA_DIR) is not prepared. Run first:"), told


@contextlib.contextmanager
def kept_by_another(data_dir: Path, mode: str) -> Iterator[None]:
    """``mode``: NORMAL, that nobody else may write; EXCLUSIVE, that nobody else may even read."""
    assert run(data_dir, "setup").returncode == 0
    with contextlib.closing(sqlite3.connect(data_dir / "database.sqlite3", isolation_level=None)) as other:
        other.execute(f"PRAGMA locking_mode={mode}")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("CREATE TABLE another_programs (id)")
        yield


@pytest.mark.sqlite
def test_a_database_that_another_program_keeps_is_told_to_be_busy(tmp_path: Path) -> None:
    read, kept = tmp_path / "read", tmp_path / "kept"
    with kept_by_another(read, "NORMAL"), kept_by_another(kept, "EXCLUSIVE"), ThreadPoolExecutor() as pool:
        # Each waits as long as a writer does.
        found = [
            pool.submit(refusal, place, *command)
            for place, command in (
                (read, ("setup",)),
                (read, ("serve", "--port", str(free_port()))),
                (kept, ("sweep",)),
            )
        ]
        for told in found:
            assert " is busy: another program " in told.result()


@pytest.mark.postgresql
def test_where_no_tables_are_on_postgresql(tmp_path: Path) -> None:
    url = new_database(os.environ["FILEGRAPH_TEST_DATABASE_URL"])
    for command in COMMANDS[:3]:
        assert "is not prepared. Run first:" in refusal(tmp_path, *command, **KEY, FILEGRAPH_DATABASE_URL=url)


def test_what_authz_refuses_is_a_sentence(tmp_path: Path) -> None:
    assert run(tmp_path, "setup").returncode == 0
    away = {"FILEGRAPH_AUTHZ_CLIENT": "openfga", "FILEGRAPH_OPENFGA_API_URL": "http://127.0.0.1:1"}
    assert refusal(tmp_path, "authz", "reconcile", **away).startswith("FILEGRAPH_OPENFGA_API_URL ")


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_a_database_that_fails_on_the_way_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.closing(sqlite3.connect(connection.settings_dict["NAME"])) as other:
        other.execute("BEGIN IMMEDIATE")
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout=1")
        with pytest.raises(typer.Exit) as ended, opened_installation(), transaction.atomic():
            pass
    connection.close()
    assert ended.value.exit_code == 2
    told = capsys.readouterr().err
    assert (told.startswith("The database is busy: "), told.count("\n")) == (True, 1)
