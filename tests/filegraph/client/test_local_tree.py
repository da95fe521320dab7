import os
from pathlib import Path

import pytest

from filegraph.client.errors import UsageFault
from filegraph.client.local_tree import parents_first, read_tree


@pytest.fixture
def top(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "2024" / "empty").mkdir(parents=True)
    (folder / "a.txt").write_bytes(b"12345")
    (folder / "2024" / "b.txt").write_bytes(b"")
    (folder / "out").symlink_to("/etc")
    (folder / "2024" / "link.txt").symlink_to("/etc/passwd")
    return folder


def test_a_folder_goes_in_by_its_name(top: Path) -> None:
    tree = read_tree([str(top)])
    assert {(f.segments, f.size) for f in tree.files} == {(("photos", "a.txt"), 5), (("photos", "2024", "b.txt"), 0)}
    assert set(tree.folders) == {("photos",), ("photos", "2024"), ("photos", "2024", "empty")}


def test_a_slash_means_what_is_inside(top: Path) -> None:
    tree = read_tree([f"{top}/"])
    assert {f.segments for f in tree.files} == {("a.txt",), ("2024", "b.txt")}
    assert set(tree.folders) == {("2024",), ("2024", "empty")}


def test_links_inside_are_left_out(top: Path) -> None:
    assert read_tree([str(top)]).links == 2


def test_what_is_not_a_file_is_told(top: Path) -> None:
    os.mkfifo(top / "pipe")
    (top / os.fsdecode(b"\xff.txt")).write_bytes(b"x")
    assert sorted(reason for _, reason in read_tree([str(top)]).left_out) == [
        "its name is not valid text",
        "not a plain file",
    ]


def test_an_absent_source_is_a_usage_fault(tmp_path: Path) -> None:
    with pytest.raises(UsageFault):
        read_tree([str(tmp_path / "absent")])


def test_parents_come_first(top: Path) -> None:
    tree = read_tree([str(top), str(top / "a.txt")])
    levels = list(parents_first(tree.folders, tree.files))
    assert levels == [[("photos",)], [("photos", "2024")], [("photos", "2024", "empty")]]
