from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from storage import registry
from storage.backends.local import LocalBackend
from storage.backends.memory import MemoryBackend
from storage.errors import BackendUnavailable, InvalidArgument
from storage.models import Backend


def test_a_driver_is_made_once_for_one_configuration(tmp_path: Path) -> None:
    row = Backend(name="a", driver="local", config={"root": str(tmp_path / "a")})
    first = registry.backend_for(row)
    assert isinstance(first, LocalBackend)
    assert registry.backend_for(Backend(name="b", driver="local", config={"root": str(tmp_path / "a")})) is first
    assert registry.backend_for(Backend(driver="local", config={"root": str(tmp_path / "c")})) is not first


def test_the_environment_is_read_at_each_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = Backend(driver="memory", config={"name": "x", "options": [{"token": {"env": "STORE_SECRET"}}]})
    with pytest.raises(BackendUnavailable) as missing:
        registry.backend_for(row)
    assert missing.value.message == BackendUnavailable.default_message
    assert (missing.value.reason, missing.value.setting) == ("The environment has no variable STORE_SECRET.", "token")
    monkeypatch.setenv("STORE_SECRET", "one")
    first = registry.backend_for(row)
    assert isinstance(first, MemoryBackend)
    assert first.config["options"] == [{"token": "one"}]
    monkeypatch.setenv("STORE_SECRET", "two")
    assert registry.backend_for(row) is not first
    assert row.config["options"] == [{"token": {"env": "STORE_SECRET"}}]


def test_what_cannot_be_made_is_an_error_without_details(settings: Settings) -> None:
    with pytest.raises(InvalidArgument):
        registry.backend_for(Backend(driver="nothing"))
    settings.FILEGRAPH_STORAGE_BACKEND_CLASSES = {"gone": "no.such.Class", "wrong": "builtins.dict"}
    with pytest.raises(BackendUnavailable) as caught:
        registry.backend_for(Backend(driver="gone", config={"key": "secret"}))
    assert "secret" not in caught.value.message
    with pytest.raises(BackendUnavailable):
        registry.backend_for(Backend(driver="local", config={"root": "relative"}))
    with pytest.raises(BackendUnavailable):
        registry.backend_for(Backend(driver="wrong", config={}))


@pytest.mark.django_db
def test_a_backend_that_is_used_is_read_once(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    monkeypatch.setenv("STORE_SECRET", "one")
    row = Backend.objects.create(name="x", driver="memory", config={"name": "x", "token": {"env": "STORE_SECRET"}})
    registry.forget()
    with django_assert_num_queries(1):
        first = registry.find_by_id(row.id)
        assert registry.find_by_id(row.id) is first
        assert registry.backend_for(row) is first
        assert registry.find_by_id(row.id) is first
    with django_assert_num_queries(2):
        monkeypatch.setenv("STORE_SECRET", "two")
        second = registry.find_by_id(row.id)
        assert second is not None
        assert second is not first
        assert second.config["token"] == "two"
        monkeypatch.delenv("STORE_SECRET")
        assert registry.find_by_id(row.id) is None
    assert registry.find_by_id("absent") is None


@pytest.mark.django_db
def test_the_newest_row_wins(tmp_path: Path) -> None:
    row = Backend.objects.create(name="x", driver="local", config={"root": str(tmp_path / "a")})
    first = registry.find_by_id(row.id)
    row.config = {"root": str(tmp_path / "b")}
    row.save()
    second = registry.backend_for(row)
    assert first is not second
    assert registry.find_by_id(row.id) is second


@pytest.mark.django_db
def test_a_row_that_was_only_met_is_read_again(tmp_path: Path) -> None:
    """Another process may have changed it since: a tombstone must not delete from the store that was before."""
    row = Backend.objects.create(name="x", driver="local", config={"root": str(tmp_path / "old")})
    former = registry.backend_for(row)
    Backend.objects.filter(id=row.id).update(config={"root": str(tmp_path / "new")})
    found = registry.find_by_id(row.id)
    assert found is not None
    assert found is not former
    assert found.config == {"root": str(tmp_path / "new")}
