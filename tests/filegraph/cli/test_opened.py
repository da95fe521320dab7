"""A command for an installation that is not there, or not prepared, ends with one sentence that says what to do."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from django.db import connection, transaction

from filegraph.cli.opened import opened_installation
from storage.errors import DatabaseBusy
from tests.components.server import new_database

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
    assert f"Run first: {sys.executable} -m filegraph setup" in refusal(missing, *command)
    assert not missing.exists()


def test_where_only_a_key_is(tmp_path: Path) -> None:
    assert "is not prepared. Run first:" in refusal(tmp_path / "missing", "sweep", **KEY)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_where_no_tables_are(command: tuple[str, ...], tmp_path: Path) -> None:
    assert "is not prepared. Run first:" in refusal(tmp_path, *command, **KEY)


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
    assert capsys.readouterr().err == f"{DatabaseBusy.default_message}\n"
