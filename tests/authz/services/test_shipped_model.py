"""The shipped model becomes a version; an upgrade takes the place of its predecessor and of nothing else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection, transaction
from pytest_django.fixtures import Settings

from authz.dsl import from_json
from authz.models import AuthorizationModelVersion, ModelActivation, ModelOrigin
from authz.services import active_model, shipped_model
from schema.ids import Kind, encode

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def upgrade(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The file of another release, which has one more comment."""
    path = tmp_path / "default.fga"
    path.write_text("# another release\n" + shipped_model.SHIPPED_MODEL.read_text(encoding="utf-8"))
    monkeypatch.setattr(shipped_model, "SHIPPED_MODEL", path)
    return path


def active_text() -> str:
    return active_model.active().text


def activate(version: AuthorizationModelVersion) -> None:
    last = ModelActivation.objects.order_by("-id").values_list("id", flat=True)[0]
    ModelActivation.objects.create(id=last + 1, version=version, activated_at=NOW)


def local(text: str) -> AuthorizationModelVersion:
    """A version that somebody wrote before the upgrade arrives."""
    return AuthorizationModelVersion.objects.create(
        text=text, json={}, schema_version="1.1", created_at=NOW, author="user:x"
    )


def test_it_is_kept_once_and_active_after_the_first_migration() -> None:
    version = AuthorizationModelVersion.objects.get()
    assert version.text == shipped_model.SHIPPED_MODEL.read_text(encoding="utf-8") == active_text()
    assert (version.origin, version.author) == (ModelOrigin.SHIPPED, "")
    assert from_json(version.json).types == active_model.active().model.types
    shipped_model.store_shipped_model()
    assert AuthorizationModelVersion.objects.count() == ModelActivation.objects.count() == 1
    assert shipped_model.newer_shipped_version() is None


def test_an_upgrade_follows_its_predecessor(upgrade: Path) -> None:
    shipped_model.store_shipped_model()
    assert active_text() == upgrade.read_text()
    assert list(ModelActivation.objects.order_by("id").values_list("id", flat=True)) == [1, 2]
    assert shipped_model.tell_of_newer() is None


def test_an_upgrade_leaves_an_edit_alone_and_is_told_of(upgrade: Path) -> None:
    edit = local("model\n  schema 1.1\ntype user\n")
    activate(edit)
    shipped_model.store_shipped_model()
    shipped_model.store_shipped_model()
    assert active_text() == edit.text
    newer = AuthorizationModelVersion.objects.get(text=upgrade.read_text())
    assert newer.origin == ModelOrigin.SHIPPED
    assert shipped_model.newer_shipped_version() == newer.pk
    assert f"({encode(Kind.MODEL, newer.pk)})" in (shipped_model.tell_of_newer() or "")


def test_who_went_back_to_an_older_release_stays_there(upgrade: Path) -> None:
    first = AuthorizationModelVersion.objects.get()
    shipped_model.store_shipped_model()
    activate(first)
    shipped_model.store_shipped_model()
    assert active_text() == first.text, "the newer one was active before, and somebody left it"
    upgrade.write_text("# a third\n" + upgrade.read_text())
    shipped_model.store_shipped_model()
    assert active_text() == first.text, "the third is not the successor of the first"
    assert shipped_model.newer_shipped_version() is not None


def test_with_openfga_the_server_has_to_have_it_first(upgrade: Path, settings: Settings) -> None:
    settings.FILEGRAPH_AUTHZ_CLIENT = "openfga"
    settings.FILEGRAPH_OPENFGA_API_URL = "http://127.0.0.1:1"
    shipped_model.store_shipped_model()
    assert active_text() != upgrade.read_text()
    assert shipped_model.adopt(now=NOW)
    assert active_text() == upgrade.read_text()
    assert not shipped_model.adopt(now=NOW)


@pytest.mark.django_db(transaction=True)
def test_an_upgrade_leaves_alone_what_is_activated_meanwhile(upgrade: Path) -> None:
    edit = local("model\n  schema 1.1\ntype user\n")

    def adopt() -> bool:
        try:
            return shipped_model.adopt(now=NOW)
        finally:
            connection.close()

    shipped_model.keep(now=datetime.now(UTC))
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            active_model.hold_active()
            activate(edit)
            waiting = pool.submit(adopt)
            with pytest.raises(NotYet):
                waiting.result(0.5)
        assert waiting.result(10) is False
    assert active_text() == edit.text
