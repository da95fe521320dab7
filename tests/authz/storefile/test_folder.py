from __future__ import annotations

import os
from pathlib import Path

import pytest

from authz.storefile.faults import InvalidStoreFile
from authz.storefile.folder import MAX_FILE_BYTES, Folder, read_text


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "outside.txt").write_text("out")
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "inside.txt").write_text("in")
    (folder / "out").symlink_to(tmp_path / "outside.txt")
    (folder / "in").symlink_to(folder / "inside.txt")
    (folder / "up").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe")
    return folder


@pytest.mark.parametrize("name", ["inside.txt", "./inside.txt", "sub/../inside.txt", "in"])
def test_what_lies_inside_is_found(place: Path, name: str) -> None:
    assert read_text(Folder(place).find(name)) == "in"


@pytest.mark.parametrize("name", ["../outside.txt", "out", "up/outside.txt", "up/folder/../outside.txt"])
def test_what_lies_outside_is_found_only_if_it_may_be(place: Path, name: str) -> None:
    with pytest.raises(InvalidStoreFile, match="outside"):
        Folder(place).find(name)
    assert read_text(Folder(place, external=True).find(name)) == "out"


def test_a_path_from_the_root_is_outside_wherever_it_leads(place: Path) -> None:
    name = str(place / "inside.txt")
    with pytest.raises(InvalidStoreFile, match="outside"):
        Folder(place).find(name)
    assert Folder(place, external=True).find(name) == place / "inside.txt"


@pytest.mark.parametrize("name", ["pipe", "sub", "missing", "inside.txt/x", "a\0b", ""])
@pytest.mark.parametrize("external", [True, False])
def test_only_regular_files_are_opened(place: Path, name: str, external: bool) -> None:
    with pytest.raises(InvalidStoreFile):
        Folder(place, external).find(name)


def test_texts_that_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "f"
    with pytest.raises(InvalidStoreFile):
        read_text(file)
    file.write_bytes(b"\xff")
    with pytest.raises(InvalidStoreFile, match="UTF-8"):
        read_text(file)
    with file.open("wb") as stream:
        stream.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(InvalidStoreFile, match="larger"):
        read_text(file)
    file.write_bytes(b"\xef\xbb\xbfx")
    assert read_text(file) == "x"
