from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import InMemoryStorage, storages

from storage.backends.django_storage import DjangoStorageBackend
from storage.errors import BackendUnavailable
from storage.testing.backend_contract import BackendContract


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
        return DjangoStorageBackend(backend_config={"class": "django.core.files.storage.InMemoryStorage"})


class BrokenStorage(InMemoryStorage):
    def exists(self, name: str) -> bool:
        raise RuntimeError("secret endpoint https://key@example")


def test_whatever_the_storage_raises_is_one_error() -> None:
    backend = _over(BrokenStorage())
    with pytest.raises(BackendUnavailable) as caught:
        backend.stat("a/b")
    assert "secret" not in caught.value.message


@pytest.mark.parametrize("config", [{}, {"alias": "default", "class": "x"}])
def test_it_needs_to_know_which_storage(config: dict[str, Any]) -> None:
    with pytest.raises(ImproperlyConfigured):
        DjangoStorageBackend(backend_config=config)


def test_an_alias_is_one_of_djangos_storages() -> None:
    backend = DjangoStorageBackend(backend_config={"alias": "default"})
    assert backend._storage is storages["default"]


def _over(storage: InMemoryStorage) -> DjangoStorageBackend:
    backend = DjangoStorageBackend(backend_config={"class": "django.core.files.storage.InMemoryStorage"})
    backend._storage = storage
    return backend
