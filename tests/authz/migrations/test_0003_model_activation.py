"""An installation of an earlier release: what it kept by itself is known as shipped; what ships now is activated."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from authz.models import AuthorizationModelVersion, ModelActivation, ModelOrigin
from authz.services import active_model, shipped_model

pytestmark = pytest.mark.django_db(transaction=True)


def migrate(name: str) -> None:
    executor = MigrationExecutor(connection)
    executor.migrate([("authz", name)])


def last() -> str:
    return max(name for app, name in MigrationExecutor(connection).loader.disk_migrations if app == "authz")


@pytest.fixture
def before() -> Iterator[None]:
    """The tables as they were before; afterwards they are as they are."""
    migrate("0002_openfga")
    yield
    migrate(last())


def test_the_kept_models_get_their_origin(before: None) -> None:
    old = MigrationExecutor(connection).loader.project_state(("authz", "0002_openfga")).apps
    versions = old.get_model("authz", "AuthorizationModelVersion").objects
    versions.all().delete()
    fields = {"json": {}, "schema_version": "1.1", "created_at": datetime(2026, 1, 2, tzinfo=UTC)}
    shipped = versions.create(text="model\n  schema 1.1\n", note="shipped with Filegraph", **fields)
    other = versions.create(text="model\n  schema 1.1\ntype user\n", note="tried", **fields)
    migrate(last())
    origins = dict(AuthorizationModelVersion.objects.values_list("id", "origin"))
    assert origins == {shipped.pk: ModelOrigin.SHIPPED, other.pk: ModelOrigin.LOCAL}
    shipped_model.store_shipped_model()
    assert ModelActivation.objects.count() == 1
    assert active_model.active().text == shipped_model.SHIPPED_MODEL.read_text(encoding="utf-8")
