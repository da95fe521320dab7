"""A database that cannot be used is told at the start of each command, by name, in one sentence, without a secret."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

SECRET = "hunter2-very-secret"


@pytest.fixture
def postgresql_url() -> str:
    return os.environ["FILEGRAPH_TEST_DATABASE_URL"]


def _end_of(command: str, url: str, data_dir: Path) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FILEGRAPH_", "DJANGO_"))}
    environment = {**kept, "FILEGRAPH_DATA_DIR": str(data_dir), "FILEGRAPH_DATABASE_URL": url}
    done = subprocess.run(
        [sys.executable, "-m", "filegraph", command], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert "FILEGRAPH_DATABASE_URL" in done.stderr
    assert SECRET not in done.stderr
    return done.stderr


@pytest.mark.postgresql
def test_each_reason_has_its_sentence(postgresql_url: str, tmp_path: Path) -> None:
    base = postgresql_url.replace("filegraph@", f"filegraph:{SECRET}@").rsplit("/", 1)[0]
    assert "does not exist" in _end_of("setup", f"{base}/nothing", tmp_path)
    assert "does not exist" in _end_of("serve", postgresql_url.replace("filegraph@", f"nobody:{SECRET}@"), tmp_path)
    assert "does not know" in _end_of("sweep", f"{base}/postgres?colour=red", tmp_path)
    assert "is it running" in _end_of("serve", f"postgresql://x:{SECRET}@127.0.0.1:1/files", tmp_path)
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS latin")
        connection.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    assert "UTF8" in _end_of("setup", f"{base}/latin", tmp_path)


def test_a_sqlite_file_that_cannot_be_one(tmp_path: Path) -> None:
    for command in ("setup", "serve", "sweep"):
        missing = tmp_path / "missing" / "database.sqlite3"
        assert f"is not there: {missing.parent}." in _end_of(command, f"sqlite:///{missing}", tmp_path)
        assert not missing.parent.exists()
    other = tmp_path / "notes.txt"
    other.write_text("This is no database. " * 100)
    for command in ("setup", "serve"):
        assert "file is not a database" in _end_of(command, f"sqlite:///{other}", tmp_path)
    (tmp_path / "folder").mkdir()
    assert "unable to open" in _end_of("setup", f"sqlite:///{tmp_path / 'folder'}", tmp_path)
