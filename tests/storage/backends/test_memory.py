from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from authz.identifiers import new_identifier
from storage.backends.memory import MemoryBackend
from storage.errors import BackendFull
from storage.testing.backend_contract import BackendContract, get, put


class TestMemoryBackend(BackendContract):
    @pytest.fixture
    def backend(self) -> MemoryBackend:
        return MemoryBackend()


def test_backends_of_one_name_share_their_bytes() -> None:
    name = new_identifier()
    put(MemoryBackend(backend_config={"name": name}), "a/b", b"x")
    assert get(MemoryBackend(backend_config={"name": name}), "a/b") == b"x"
    assert not MemoryBackend(backend_config={"name": new_identifier()}).exists("a/b")


def test_a_full_memory_says_so() -> None:
    backend = MemoryBackend(backend_config={"capacity": 5})
    put(backend, "a/1", b"abc")
    with pytest.raises(BackendFull):
        put(backend, "a/2", b"abc")
    with pytest.raises(BackendFull):
        put(backend, "a/3", b"abcdef")
    assert list(backend.keys()) == ["a/1"]


@pytest.mark.parametrize("capacity", ["5", -1, True, [5]])
def test_a_capacity_is_a_number_of_bytes(capacity: object) -> None:
    with pytest.raises(ImproperlyConfigured):
        MemoryBackend(backend_config={"capacity": capacity})
