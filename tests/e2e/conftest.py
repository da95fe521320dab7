"""A real server process for the whole session, on SQLite or PostgreSQL (FILEGRAPH_TEST_DATABASE); people on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.components.api import Api, become_administrator, new_person
from tests.components.server import Server, new_database, serving
from tests.components.shell import Shell, shell_of


def database_settings() -> dict[str, str]:
    """What a server needs to have a database of its own on the system under test."""
    if os.environ.get("FILEGRAPH_TEST_DATABASE", "sqlite") == "postgresql":
        return {"FILEGRAPH_DATABASE_URL": new_database(os.environ["FILEGRAPH_TEST_DATABASE_URL"])}
    return {}


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A running server that all tests share: they make drives of their own."""
    with serving(database_settings()) as running:
        yield running


@pytest.fixture(scope="session")
def admin(server: Server) -> Api:
    """The administrator of the shared server."""
    return become_administrator(server)


@pytest.fixture(scope="session")
def stranger(admin: Api) -> Api:
    """Somebody who was given nothing."""
    return new_person(admin)


@pytest.fixture
def drive(admin: Api) -> str:
    """The id of an empty drive of the administrator's."""
    return admin.drive()


@pytest.fixture
def ada(admin: Api, tmp_path: Path) -> Shell:
    """The administrator's terminal."""
    return shell_of(admin, tmp_path / "ada")


@pytest.fixture
def drive_name(admin: Api, drive: str) -> str:
    """The name of that drive."""
    return str(admin.query("query($id: ID!) { drive(id: $id) { name } }", id=drive)["drive"]["name"])


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder of 133 files to send."""
    top = tmp_path / "photos"
    (top / "2024" / "leer").mkdir(parents=True)
    for number in range(130):
        (top / "2024" / f"{number:03}.txt").write_bytes(str(number).encode() * 100)
    (top / "Größe & Co.txt").write_bytes(b"x")
    (top / "empty").write_bytes(b"")
    (top / "big.bin").write_bytes(os.urandom(3_000_000))
    return top
