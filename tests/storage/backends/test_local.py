from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile

from storage.backends.base import StorageBackend
from storage.backends.local import LocalBackend
from storage.errors import BackendFull, BackendUnavailable, InvalidArgument, StorageError
from storage.testing.backend_contract import KEY, BackendContract, get, put


@pytest.fixture
def backend(tmp_path: Path) -> LocalBackend:
    return LocalBackend(backend_config={"root": str(tmp_path / "store")})


class TestLocalBackend(BackendContract):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> StorageBackend:
        return LocalBackend(backend_config={"root": str(tmp_path / "store")})


@pytest.mark.parametrize("root", [None, "", "relative", "/a\0b", 5])
def test_the_root_is_an_absolute_path(root: object) -> None:
    with pytest.raises(ImproperlyConfigured):
        LocalBackend(backend_config={"root": root})


def test_files_are_for_the_service_alone(backend: LocalBackend) -> None:
    put(backend, KEY, b"x")
    path = Path(backend.path(KEY))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_an_open_reader_outlives_the_object(backend: LocalBackend) -> None:
    put(backend, KEY, b"still here")
    with backend.open_reader(KEY) as reader:
        backend.delete(KEY)
        assert reader.read(0, 100) == b"still here"


def test_links_planted_in_the_root_lead_nowhere(backend: LocalBackend, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    objects = tmp_path / "store" / "objects"
    (objects / "dir").symlink_to(outside)
    (objects / "file").symlink_to(outside / "secret")
    (objects / "real").mkdir()
    (objects / "real" / "file").symlink_to(outside / "secret")
    for key in ("dir/secret", "file", "real/file"):
        with pytest.raises(FileNotFoundError):
            backend.open_reader(key)
        with pytest.raises(FileNotFoundError):
            backend.stat(key)
        assert not backend.exists(key)
    with pytest.raises(StorageError):
        put(backend, "dir/new", b"x")
    with pytest.raises(StorageError):
        put(backend, "real/file", b"x")
    backend.delete("dir/secret")
    assert list(backend.keys()) == []
    assert sorted(p.name for p in outside.iterdir()) == ["secret"]
    assert (outside / "secret").read_bytes() == b"secret"


@pytest.mark.parametrize("key", ["x" * 256, "é" * 128, "a/" * 600 + "b", "\ud800"])
def test_a_key_that_no_file_system_takes_is_refused(backend: LocalBackend, key: str) -> None:
    with pytest.raises(InvalidArgument):
        backend.open_writer(key)


def test_what_is_no_file_is_no_object(backend: LocalBackend, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "store" / "objects" / "pipe")
    (tmp_path / "store" / "objects" / "directory").mkdir()
    for key in ("pipe", "directory"):
        with pytest.raises(FileNotFoundError):
            backend.open_reader(key)


def test_the_order_of_a_durable_write(backend: LocalBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """File to disk, directory entries of new directories to disk, the name, the directory that holds it."""
    calls = _record(monkeypatch, "fsync", "link", "mkdir", "unlink")
    put(backend, "new/dir/key", b"x")
    assert calls == ["fsync file", "mkdir", "fsync dir", "mkdir", "fsync dir", "link", "fsync dir", "unlink"]
    calls.clear()
    put(backend, "new/dir/key2", b"x")
    assert calls == ["fsync file", "link", "fsync dir", "unlink"]
    calls.clear()
    backend.delete("new/dir/key")
    assert calls == ["unlink", "fsync dir"]
    calls.clear()
    backend.save("new/dir/saved", ContentFile(b"x"))
    assert calls == ["fsync file", "link", "fsync dir", "unlink"]


def test_a_sync_ahead_of_the_commit_keeps_the_order(backend: LocalBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commit need not bring the file to disk again, unless something was written since."""
    put(backend, "dir/first", b"x")
    calls = _record(monkeypatch, "fsync", "link", "unlink")
    with backend.open_writer("dir/synced") as writer:
        writer.write(b"one")
        writer.sync()
        assert calls == ["fsync file"]
        assert not backend.exists("dir/synced")
    assert calls == ["fsync file", "link", "fsync dir", "unlink"]
    calls.clear()
    with backend.open_writer("dir/more") as writer:
        writer.write(b"one")
        writer.sync()
        writer.write(b"two")
    assert calls == ["fsync file", "fsync file", "link", "fsync dir", "unlink"]
    assert get(backend, "dir/more") == b"onetwo"


def test_a_writer_whose_sync_failed_cannot_commit(backend: LocalBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a lost write the kernel may call the next fsync a success."""
    writer = backend.open_writer("dir/lost")
    writer.write(b"one")
    _fail(monkeypatch, "fsync", 1, errno.EIO)
    with pytest.raises(BackendUnavailable):
        writer.sync()
    monkeypatch.undo()
    with pytest.raises(BackendUnavailable):
        writer.commit()
    assert not backend.exists("dir/lost")
    assert os.listdir(backend._tmp) == []


@pytest.mark.parametrize("function", ["write", "fsync", "link", "mkdir", "open"])
@pytest.mark.parametrize(
    ("code", "expected"),
    [(errno.ENOSPC, BackendFull), (errno.EDQUOT, BackendFull), (errno.EIO, BackendUnavailable)],
)
def test_every_failing_step_is_told_and_leaves_nothing(
    backend: LocalBackend, monkeypatch: pytest.MonkeyPatch, function: str, code: int, expected: type[StorageError]
) -> None:
    """Fail at call n of each system call, for all n until none fails."""
    for n in range(1, 12):
        key = f"{function}/{n}"
        calls = _fail(monkeypatch, function, n, code)
        try:
            put(backend, key, b"x" * 10)
        except StorageError as error:
            failed = True
            told = type(error)
        else:
            failed, told = False, expected
        monkeypatch.undo()
        assert told is expected
        assert failed == (calls[0] >= n)
        assert backend.exists(key) != failed
        assert os.listdir(backend._tmp) == []
        if not failed:
            assert get(backend, key) == b"x" * 10
            return
        put(backend, key, b"again")
    pytest.fail("the fault never stopped")


def test_a_short_write_is_continued(backend: LocalBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, bytes(data[:3])))
    put(backend, KEY, b"0123456789")
    monkeypatch.undo()
    assert get(backend, KEY) == b"0123456789"


def test_remains_of_a_killed_writer_are_removed(backend: LocalBackend) -> None:
    old, young = backend.open_writer("a/old"), backend.open_writer("a/young")
    names = sorted(os.listdir(backend._tmp))
    now = datetime.now(UTC)
    past = (now - timedelta(hours=2)).timestamp()
    os.utime(Path(backend._tmp) / names[0], (past, past))
    assert backend.remove_stale(now - timedelta(hours=1)) == 1
    assert os.listdir(backend._tmp) == names[1:]
    for writer in (old, young):
        writer.write(b"x")
    outcomes = []
    for writer in (old, young):
        try:
            writer.commit()
        except BackendUnavailable:
            outcomes.append("refused")
        else:
            outcomes.append("committed")
    assert sorted(outcomes) == ["committed", "refused"]


def test_bytes_are_written_once(backend: LocalBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    written = 0
    real = os.write

    def count(fd: int, data: Any) -> int:
        nonlocal written
        done = real(fd, data)
        written += done
        return done

    monkeypatch.setattr(os, "write", count)
    put(backend, KEY, b"x" * 1_000_000)
    assert written == 1_000_000


def _record(monkeypatch: pytest.MonkeyPatch, *functions: str) -> list[str]:
    calls: list[str] = []

    def recorder(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            what = name
            if name == "fsync":
                what += " dir" if stat.S_ISDIR(os.fstat(args[0]).st_mode) else " file"
            calls.append(what)
            return real(*args, **kwargs)

        return call

    for name in functions:
        monkeypatch.setattr(os, name, recorder(name, getattr(os, name)))
    return calls


def _fail(monkeypatch: pytest.MonkeyPatch, function: str, at: int, code: int) -> list[int]:
    real, calls = getattr(os, function), [0]

    def call(*args: Any, **kwargs: Any) -> Any:
        calls[0] += 1
        if calls[0] == at:
            raise OSError(code, os.strerror(code))
        return real(*args, **kwargs)

    monkeypatch.setattr(os, function, call)
    return calls


def test_a_place_that_cannot_be_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for root in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/filegraph")):
        with pytest.raises(BackendUnavailable) as caught:
            LocalBackend(backend_config={"root": str(root)})
        assert caught.value.setting == "root"
        assert caught.value.reason.startswith(f"The folder {root} cannot be used: ")


def test_what_goes_while_all_keys_are_told_is_left_out(backend: LocalBackend) -> None:
    for key in ("ab/1", "ab/2"):
        put(backend, key, b"x")
    told = backend.keys()
    first = next(told)
    for key in {"ab/1", "ab/2"} - {first}:
        backend.delete(key)
    assert list(told) == []
