"""A real server process for the whole session, on SQLite or PostgreSQL (FILEGRAPH_TEST_DATABASE); people on it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.components.api import Api, become_administrator, new_person
from tests.components.server import Server, new_database, serving


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
