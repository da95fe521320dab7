from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import InMemoryStorage, storages

from storage.backends.django_storage import DjangoStorageBackend
from storage.errors import BackendUnavailable
from storage.testing.backend_contract import BackendContract

IN_MEMORY = "django.core.files.storage.InMemoryStorage"


class TestOverTheFileSystemStorage(BackendContract):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> DjangoStorageBackend:
        return DjangoStorageBackend(
            backend_config={
                "class": "django.core.files.storage.FileSystemStorage",
                "options": {"location": str(tmp_path)},
            }
        )


class TestOverTheInMemoryStorage(BackendContract):
    @pytest.fixture
    def backend(self) -> DjangoStorageBackend:
        return DjangoStorageBackend(backend_config={"class": IN_MEMORY})


class BrokenStorage(InMemoryStorage):
    def exists(self, name: str) -> bool:
        raise RuntimeError("secret endpoint https://key@example")


def test_whatever_the_storage_raises_is_one_error() -> None:
    backend = _over(BrokenStorage())
    with pytest.raises(BackendUnavailable) as caught:
        backend.stat("a/b")
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"alias": "default", "class": "x"},
        {"alias": "nowhere"},
        {"alias": ["default"]},
        {"class": IN_MEMORY, "options": {"no_such_option": 1}},
        {"class": IN_MEMORY, "options": "text"},
        {"class": "django.core.files.storage.storages"},
    ],
)
def test_it_needs_to_know_which_storage(config: dict[str, Any]) -> None:
    with pytest.raises(ImproperlyConfigured):
        DjangoStorageBackend(backend_config=config)


def test_nothing_but_a_storage_is_called(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    with pytest.raises(ImproperlyConfigured):
        DjangoStorageBackend(backend_config={"class": "os.mkdir", "options": {"path": str(mark)}})
    assert not mark.exists()


def test_an_alias_is_one_of_djangos_storages() -> None:
    backend = DjangoStorageBackend(backend_config={"alias": "default"})
    assert backend._storage is storages["default"]


def _over(storage: InMemoryStorage) -> DjangoStorageBackend:
    backend = DjangoStorageBackend(backend_config={"class": IN_MEMORY})
    backend._storage = storage
    return backend
