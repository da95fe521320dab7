"""Rows of an older version, brought to the present one."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

pytestmark = pytest.mark.django_db(transaction=True)


def migrate(name: str) -> Any:
    executor = MigrationExecutor(connection)
    executor.migrate([("storage", name)])
    return MigrationExecutor(connection).loader.project_state([("storage", name)]).apps


@pytest.fixture
def present() -> Any:
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes("storage")
    yield newest
    MigrationExecutor(connection).migrate(newest)


@pytest.mark.usefixtures("present")
def test_links_of_uploads_that_are_under_way_are_taken_to_live_as_long_as_any() -> None:
    old = migrate("0001_initial")
    backend = old.get_model("storage", "Backend").objects.create(name="old", driver="memory")
    drive = old.get_model("storage", "Drive").objects.create(name="old", name_key="old", backend=backend)
    now = timezone.now()
    parent = old.get_model("storage", "Item").objects.create(
        id=drive.id, kind="folder", drive=drive, name="", name_key="", created_at=now, updated_at=now
    )
    for name, direct in (("past us", True), ("through us", False)):
        old.get_model("storage", "Upload").objects.create(
            drive=drive, parent=parent, actor="user:a", name=name, declared_size=5, direct=direct, attempt=1,
            created_at=now, expires_at=now,
        )  # fmt: skip
    new = migrate("0002_held_reservations").get_model("storage", "Upload").objects
    assert dict(new.values_list("name", "link_lifetime")) == {"past us": 7 * 24 * 3600, "through us": None}
    back = migrate("0001_initial").get_model("storage", "Upload").objects
    assert dict(back.values_list("name", "direct")) == {"past us": True, "through us": False}
    old.get_model("storage", "Upload").objects.all().delete()
    old.get_model("storage", "Item").objects.all().delete()
    old.get_model("storage", "Drive").objects.all().delete()
    old.get_model("storage", "Backend").objects.all().delete()
