"""The suite's own installation: a temporary data directory, and the database that FILEGRAPH_TEST_DATABASE names.

``sqlite`` (default) is a file, not memory: threads and locks behave as in production. ``postgresql`` is started here
from the system's programs and stopped at the end, unless FILEGRAPH_TEST_DATABASE_URL points to one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import django
import hypothesis
import pytest
from django.conf import settings

# The checkout is importable even when it is not installed; tests/ is a namespace of its own.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.components.postgresql import available, postgresql
from tests.components.seaweedfs import SeaweedFS, seaweedfs_or_skip

DATABASE = os.environ.get("FILEGRAPH_TEST_DATABASE", "sqlite")
DATABASE_FIXTURES = {"db", "transactional_db", "server", "mortal", "lonely", "pair", "mortal_pair"}
FULL_SECONDS = 3 * 3600
"""What a test has that names no time of its own, when the property tests are long."""
_CLEANUP = contextlib.ExitStack()

# CI looks at the same examples every time; people and long campaigns look further.
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None)
hypothesis.settings.register_profile("developer", deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "developer")


def _prepare() -> Path:
    """Set the environment before anything reads Django's settings. Workers of pytest-xdist inherit the database."""
    if DATABASE not in ("sqlite", "postgresql"):
        raise pytest.UsageError(f"FILEGRAPH_TEST_DATABASE must be sqlite or postgresql, not {DATABASE}")
    for name in [name for name in os.environ if name.startswith("FILEGRAPH_") and "_TEST_" not in name]:
        del os.environ[name]
    # Memory when there is plenty: every commit is an fsync, which on a disk would be most of the suite's time.
    memory = Path("/dev/shm")
    place = memory if memory.is_dir() and shutil.disk_usage(memory).free > 2 << 30 else None
    data_dir = Path(tempfile.mkdtemp(prefix="filegraph-tests-", dir=place))
    _CLEANUP.callback(shutil.rmtree, data_dir, ignore_errors=True)
    os.environ["FILEGRAPH_DATA_DIR"] = str(data_dir)
    os.environ["FILEGRAPH_SECRET_KEY"] = "only-for-tests-0123456789abcdefghijklmnopqrstuvwxyz"
    os.environ["DJANGO_SETTINGS_MODULE"] = "filegraph.settings"
    if DATABASE == "postgresql":
        os.environ["FILEGRAPH_DATABASE_URL"] = _postgresql_url()
    return data_dir


def _postgresql_url() -> str:
    url = os.environ.get("FILEGRAPH_TEST_DATABASE_URL")
    if url:
        return url
    if not available():
        raise pytest.UsageError("FILEGRAPH_TEST_DATABASE=postgresql, but this system has no initdb and postgres.")
    url = _CLEANUP.enter_context(postgresql())
    os.environ["FILEGRAPH_TEST_DATABASE_URL"] = url
    return url


def _set_up_django(data_dir: Path) -> None:
    """Set Django up now, not in a hook: conftest files further down import models."""
    if DATABASE == "sqlite":
        settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = str(data_dir / "test.sqlite3")
    else:
        # Tests race with more threads than a server has, and some leave theirs behind.
        settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"] = 64
    # Passwords cheap: what is slow on purpose in production would be most of the time here.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    django.setup()


DATA_DIR = _prepare()
_set_up_django(DATA_DIR)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what was started, by its own process id, and remove the data directory."""
    _CLEANUP.close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs the other database, and on PostgreSQL what needs none: SQLite's run has shown it.

    Property tests that are made long have the time for it.
    """
    other = "postgresql" if DATABASE == "sqlite" else "sqlite"
    left_out = [
        item
        for item in items
        if item.get_closest_marker(other) or (DATABASE == "postgresql" and not _uses_database(item))
    ]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]
    if os.environ.get("FILEGRAPH_TEST_SIZE") == "full":
        for item in items:
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(FULL_SECONDS))


def _uses_database(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    marked = item.get_closest_marker("django_db") or item.get_closest_marker("postgresql")
    return marked is not None or bool(fixtures & DATABASE_FIXTURES)


@pytest.fixture
def data_dir() -> Path:
    """The data directory of this run's installation."""
    return DATA_DIR


@pytest.fixture(scope="session")
def seaweed() -> Iterator[SeaweedFS]:
    """A real S3 server that all tests share: each keeps to a prefix of its own, or to a bucket of its own."""
    yield from seaweedfs_or_skip()
