"""The suite that every storage backend passes. Subclass it, give it a ``backend`` fixture, and run pytest:

    class TestMyBackend(BackendContract):
        @pytest.fixture
        def backend(self, tmp_path): return MyBackend(backend_config={...})

The backend is fresh for each test. What a backend cannot do it declares by its ``supports_*`` flags, and those tests
turn round: then the refusal is what is tested.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.base import ContentFile

from storage.backends.base import StorageBackend
from storage.errors import Conflict, InvalidArgument

KEY = "ab/abcdefgh-1"
OTHER = "team/x/cd/cdefghij-2"


def put(backend: StorageBackend, key: str, data: bytes) -> None:
    """Write an object in one go."""
    with backend.open_writer(key) as writer:
        writer.write(data)


def get(backend: StorageBackend, key: str) -> bytes:
    """Read an object in one go."""
    with backend.open_reader(key) as reader:
        return reader.read(0, reader.size)


class BackendContract:
    """What a backend promises, one test per promise."""

    @pytest.fixture
    def backend(self) -> StorageBackend:
        """Return a fresh, empty backend. To be overridden."""
        raise NotImplementedError

    @pytest.mark.parametrize("size", [0, 1, 4096, 1024 * 1024 + 1])
    def test_what_was_written_is_read(self, backend: StorageBackend, size: int) -> None:
        """Bytes come back as they went in, at any size."""
        data = bytes(range(256)) * (size // 256) + b"\x07" * (size % 256)
        put(backend, KEY, data)
        assert get(backend, KEY) == data
        assert backend.stat(KEY).size == size

    def test_chunks_are_joined_and_may_be_reused(self, backend: StorageBackend) -> None:
        """A writer copies what it is given: the caller's buffer is the caller's."""
        buffer = bytearray(b"one")
        with backend.open_writer(KEY) as writer:
            writer.write(buffer)
            buffer[:] = b"two"
            writer.write(memoryview(buffer))
            buffer[:] = b"xxx"
            writer.write(b"")
        assert get(backend, KEY) == b"onetwo"

    def test_nothing_is_visible_before_commit(self, backend: StorageBackend) -> None:
        """Half an object is no object."""
        writer = backend.open_writer(KEY)
        writer.write(b"half")
        assert not backend.exists(KEY)
        assert list(backend.keys()) == []
        with pytest.raises(FileNotFoundError):
            backend.open_reader(KEY)
        writer.commit()
        assert get(backend, KEY) == b"half"

    def test_abort_leaves_nothing(self, backend: StorageBackend) -> None:
        """Aborting removes what was written, and may be done twice."""
        writer = backend.open_writer(KEY)
        writer.write(b"half")
        writer.abort()
        writer.abort()
        assert not backend.exists(KEY)
        put(backend, KEY, b"whole")
        assert get(backend, KEY) == b"whole"

    def test_abort_after_commit_changes_nothing(self, backend: StorageBackend) -> None:
        """What is committed stays."""
        writer = backend.open_writer(KEY)
        writer.write(b"whole")
        writer.commit()
        writer.abort()
        assert get(backend, KEY) == b"whole"

    def test_nothing_is_ever_overwritten(self, backend: StorageBackend) -> None:
        """A taken key is refused at commit, and the object there keeps its bytes."""
        put(backend, KEY, b"first")
        with pytest.raises(Conflict):
            put(backend, KEY, b"second")
        assert get(backend, KEY) == b"first"
        assert list(backend.keys()) == [KEY]

    def test_of_two_writers_of_one_key_one_wins(self, backend: StorageBackend) -> None:
        """Also when they commit in the same moment; what is there is the winner's, whole."""
        outcomes: list[bytes | None] = []
        barrier = threading.Barrier(4)

        def write(data: bytes) -> None:
            writer = backend.open_writer(KEY)
            writer.write(data * 10_000)
            barrier.wait()
            try:
                writer.commit()
            except Conflict:
                outcomes.append(None)
            else:
                outcomes.append(data * 10_000)

        threads = [threading.Thread(target=write, args=(bytes([65 + n]),)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (winner,) = [data for data in outcomes if data is not None]
        assert get(backend, KEY) == winner

    def test_pieces_are_read_from_anywhere(self, backend: StorageBackend) -> None:
        """Reads are short at the end of the object and nowhere else."""
        put(backend, KEY, b"0123456789")
        with backend.open_reader(KEY) as reader:
            assert reader.size == 10
            assert reader.read(3, 4) == b"3456"
            assert reader.read(0, 1) == b"0"
            assert reader.read(8, 100) == b"89"
            assert reader.read(10, 5) == b""
            assert reader.read(500, 5) == b""
            assert reader.read(0, 0) == b""
        reader.close()

    def test_a_descriptor_leads_to_the_same_bytes(self, backend: StorageBackend) -> None:
        """Where a reader has a descriptor, it can be used instead of ``read``; else it says so."""
        put(backend, KEY, b"0123456789")
        with backend.open_reader(KEY) as reader:
            try:
                descriptor = reader.fileno()
            except io.UnsupportedOperation:
                return
            with io.FileIO(descriptor, closefd=False) as raw:
                assert raw.read() == b"0123456789"

    def test_an_absent_object_is_not_found(self, backend: StorageBackend) -> None:
        """Django's error for it."""
        for ask in (backend.open_reader, backend.stat, backend.size, backend.get_modified_time):
            with pytest.raises(FileNotFoundError):
                ask(KEY)
        assert not backend.exists(KEY)

    def test_delete_and_delete_again(self, backend: StorageBackend) -> None:
        """Deleting is complete, and idempotent; a deleted key is free again."""
        put(backend, KEY, b"x")
        backend.delete(KEY)
        backend.delete(KEY)
        assert not backend.exists(KEY)
        assert list(backend.keys()) == []
        put(backend, KEY, b"y")
        assert get(backend, KEY) == b"y"

    def test_discard_never_raises(self, backend: StorageBackend) -> None:
        """It says whether it worked."""
        put(backend, KEY, b"x")
        assert backend.discard(KEY, context="test") is True
        assert backend.discard(KEY, context="test") is True
        assert backend.discard("..", context="test") is False

    def test_copy_and_move(self, backend: StorageBackend) -> None:
        """A copy is independent of its source; a taken target is refused."""
        put(backend, KEY, b"x")
        backend.copy(KEY, OTHER)
        with pytest.raises(Conflict):
            backend.copy(KEY, OTHER)
        backend.delete(KEY)
        assert get(backend, OTHER) == b"x"
        backend.move(OTHER, KEY)
        assert list(backend.keys()) == [KEY]
        with pytest.raises(FileNotFoundError):
            backend.copy(OTHER, "zz/z")

    def test_keys_lists_every_object(self, backend: StorageBackend) -> None:
        """Committed ones and no other."""
        put(backend, KEY, b"x")
        put(backend, OTHER, b"y")
        writer = backend.open_writer("ef/ef-1")
        writer.write(b"z")
        assert sorted(backend.keys()) == sorted([KEY, OTHER])
        assert backend.listdir("") == (["ab", "team"], [])
        assert backend.listdir("ab") == ([], ["abcdefgh-1"])
        writer.abort()

    def test_a_listing_goes_through_all_objects(self, backend: StorageBackend) -> None:
        """In steps of any size, each object once, with its time; also when one is deleted on the way."""
        if not backend.supports_listing:
            with pytest.raises(NotImplementedError):
                backend.listing(after="", limit=1)
            return
        names = sorted([KEY, OTHER, "team-b/ef/ef-1", "team/ab/ab-1", "zz/zz-10", "zz/zz-2"])
        for name in names:
            put(backend, name, b"x")
        for limit in (1, 2, 5, 100):
            found, after, more = [], "", True
            while more:
                page = backend.listing(after=after, limit=limit)
                assert len(page.objects) <= limit
                found += page.objects
                more, after = page.more, page.objects[-1].key
            assert sorted(each.key for each in found) == names
        assert all(each.modified == backend.stat(each.key).modified for each in found)
        order = [each.key for each in found]
        backend.delete(order[2])
        assert [each.key for each in backend.listing(after=order[2], limit=2).objects] == order[3:5]
        assert backend.listing(after=order[-1], limit=2).objects == []

    def test_the_time_of_an_object_is_aware(self, backend: StorageBackend) -> None:
        """And it is about now."""
        put(backend, KEY, b"x")
        assert abs(backend.stat(KEY).modified - datetime.now(UTC)) < timedelta(minutes=1)
        assert backend.get_modified_time(KEY) == backend.stat(KEY).modified

    @pytest.mark.parametrize("key", ["", "/etc/passwd", "..", "../x", "a/../../x", "a//b", "a/", ".", "a\x00b"])
    def test_a_key_leads_nowhere_else(self, backend: StorageBackend, key: str) -> None:
        """What could mean a place outside the store is no key."""
        for ask in (backend.open_reader, backend.open_writer, backend.stat, backend.delete):
            with pytest.raises((InvalidArgument, FileNotFoundError)):
                ask(key)
        assert list(backend.keys()) == []

    def test_it_is_a_django_storage(self, backend: StorageBackend) -> None:
        """Save, open, size, exists, delete as Django tells them; a taken name is varied, not replaced."""
        name = backend.save("photos/cat.txt", ContentFile(b"meow"))
        assert name == "photos/cat.txt"
        second = backend.save("photos/cat.txt", ContentFile(b"purr"))
        assert second != name
        with backend.open(name) as file:
            assert file.read() == b"meow"
        with backend.open(second, "rb") as file:
            assert file.read(2) == b"pu"
            file.seek(-1, io.SEEK_END)
            assert file.read() == b"r"
        assert backend.size(name) == 4
        assert backend.exists(name)
        backend.delete(name)
        assert not backend.exists(name)

    def test_a_broken_save_leaves_nothing(self, backend: StorageBackend) -> None:
        """The content's own error comes through, and no half object stays."""

        class Broken(ContentFile):  # type: ignore[type-arg]  # not generic at run time
            def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
                yield b"half"
                raise RuntimeError("the source broke")

        with pytest.raises(RuntimeError, match="the source broke"):
            backend.save("broken.bin", Broken(b"whole"))
        assert list(backend.keys()) == []

    def test_what_it_cannot_presign_it_says(self, backend: StorageBackend) -> None:
        """None, and the flag says the same."""
        put(backend, KEY, b"x")
        now = datetime.now(UTC)
        assert (backend.presigned_get(KEY, expires_in=60, now=now) is not None) == backend.supports_presigned_get
        made = backend.presigned_put(OTHER, size=1, sha256="ab" * 32, expires_in=60, now=now)
        assert (made is not None) == backend.supports_presigned_put
        unbound = backend.presigned_put(OTHER, size=1, sha256="", expires_in=60, now=now)
        assert unbound is None, "without a SHA-256 nothing binds the bytes"

    def test_many_are_asked_about_at_once(self, backend: StorageBackend) -> None:
        """Each by its key, absent ones too."""
        put(backend, KEY, b"x")
        put(backend, OTHER, b"yy")
        found = backend.stat_all([KEY, "zz/z", OTHER])
        assert [found[key] and found[key].size for key in (KEY, "zz/z", OTHER)] == [1, None, 2]  # type: ignore[union-attr]
        assert backend.stat_all([]) == {}

    def test_a_probe_leaves_nothing(self, backend: StorageBackend) -> None:
        """It works where writing would, and no object comes of it."""
        backend.probe()
        backend.verify(now=datetime.now(UTC))
        assert list(backend.keys()) == []

    def test_a_checksum_is_proved_or_not_told(self, backend: StorageBackend) -> None:
        """``stat`` never guesses."""
        put(backend, KEY, b"x")
        assert (backend.stat(KEY).sha256 is not None) == backend.supports_checksum
