"""Sharing by the command line, as people do it with each other on a real server."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.components.api import Api, new_person
from tests.components.shell import Shell, contents, shell_of

# The client knows no database, and each of its commands is a process of half a second.
pytestmark = pytest.mark.sqlite


def test_share_and_unshare(admin: Api, ada: Shell, drive: str, drive_name: str, tree: Path, tmp_path: Path) -> None:
    friend = new_person(admin)
    bob = shell_of(friend, tmp_path / "bob")
    ada.ok("put", tree, f"{drive_name}:/")
    assert bob("ls", f"{drive_name}:/photos").returncode == 4
    said = ada.ok("share", f"{drive_name}:/photos/2024", friend.name, "--role", "viewer")
    folder_id = said.partition("(")[2].partition(")")[0]
    assert folder_id.startswith("folder_")
    bob.ok("get", f"{folder_id}:/", tmp_path / "bob-has")
    assert contents(tmp_path / "bob-has") == contents(tree / "2024")
    assert bob("ls", f"{drive_name}:/photos").returncode == 4
    (tmp_path / "new.txt").write_text("new")
    assert bob("put", tmp_path / "new.txt", f"{folder_id}:/").returncode == 1
    below = f"{drive_name}:/photos/2024/007.txt"
    ada.ok("share", below, "anyone")
    own, *above = ada.ok("shares", below).splitlines()
    assert own == "viewer     anyone"
    assert set(above) == {"owner      admin  (from further up)", f"viewer     {friend.name}  (from further up)"}
    assert bob("shares", f"{folder_id}:/").returncode == 4
    folder = f"{drive_name}:/photos/2024"
    assert ada.ok("unshare", folder, friend.name.upper()) == f"{friend.name.upper()} has lost viewer of {folder}.\n"
    assert bob("ls", f"{folder_id}:/").returncode == 4
    for who, told in (
        ("nobody-of-that-name", "nobody-of-that-name: There is no such account that you can see."),
        ("group:nobodies", "group:nobodies: There is no such group that you can see."),
    ):
        absent = ada("share", f"{drive_name}:/photos", who)
        assert (absent.returncode, absent.stderr) == (6, f"filegraph: {told}\n")


def test_what_unshare_leaves_is_told(admin: Api, ada: Shell, drive_name: str, tmp_path: Path) -> None:
    joan, team = new_person(admin), f"Team-{os.urandom(4).hex()}"
    ada.ok("mkdir", "-p", f"{drive_name}:/papers/a")
    ada.ok("group", "create", team)
    never = ada("unshare", f"{drive_name}:/papers/a", joan.name)
    assert (never.returncode, never.stdout, never.stderr) == (
        0, f"{joan.name} was not given any role of {drive_name}:/papers/a itself.\n", ""
    )  # fmt: skip
    ada.ok("share", f"{drive_name}:/papers", joan.name)
    ada.ok("share", f"{drive_name}:/papers/a", joan.name)
    ada.ok("share", f"{drive_name}:/papers/a", joan.name, "--role", "editor")
    ada.ok("share", f"{drive_name}:/papers/a", f"group:{team}")
    done = ada("unshare", f"{drive_name}:/papers/a", joan.name, "--role", "editor")
    assert done.stdout == f"{joan.name} has lost editor of {drive_name}:/papers/a.\n"
    assert done.stderr.splitlines() == [
        f"{joan.name} is still viewer here.",
        f"{joan.name} is still viewer from further up.",
        f"It is still shared with group:{team}: so with whoever is one of them.",
    ]
    for who, told in (("everyone", "everyone who signs in"), ("anyone", "visitors who do not sign in")):
        refused = ada("share", f"{drive_name}:/papers", who, "--role", "editor")
        assert refused.stderr == f"filegraph: The role editor on a folder cannot be given to {told}.\n"


def test_who_sees_no_drive_is_told_how_to_open_what_was_shared(admin: Api, tmp_path: Path) -> None:
    done = shell_of(new_person(admin), tmp_path / "grace")("ls")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("You see no drive. ")


def test_a_drop_box_takes_files_and_shows_nothing(
    admin: Api, ada: Shell, drive: str, drive_name: str, tmp_path: Path
) -> None:
    friend = new_person(admin)
    bob = shell_of(friend, tmp_path / "bob")
    ada.ok("mkdir", f"{drive_name}:/inbox")
    said = ada.ok("share", f"{drive_name}:/inbox", friend.name, "--role", "uploader")
    inbox = said.partition("(")[2].partition(")")[0]
    (tmp_path / "one.txt").write_text("one")
    (tmp_path / "two.txt").write_text("two")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "three.txt").write_text("three")

    assert bob.ok("put", tmp_path / "one.txt", tmp_path / "two.txt", f"{inbox}:/").startswith("2 sent")
    assert bob.ok("put", tmp_path / "one.txt", f"{inbox}:/other.txt").startswith("1 sent")
    assert bob.ok("put", tmp_path / "one.txt", inbox).startswith("1 sent")
    assert bob.ok("put", f"{tmp_path}/folder/", f"{inbox}:/").startswith("1 sent")
    for refused in (tmp_path / "folder", f"{tmp_path}/"):
        assert bob("put", refused, f"{inbox}:/").returncode == 2
    assert bob("put", tmp_path / "one.txt", f"{inbox}:/sub/").returncode == 4
    assert bob("ls", f"{inbox}:/").returncode == 4
    assert ada.ok("ls", "-R", f"{drive_name}:/inbox").splitlines() == [
        "one (2).txt", "one.txt", "other.txt", "three.txt", "two.txt"
    ]  # fmt: skip

    ada.ok("unshare", f"{drive_name}:/inbox", friend.name)
    assert bob("put", tmp_path / "two.txt", f"{inbox}:/").returncode == 1
    assert bob("put", tmp_path / "two.txt", "folder_00000000000000000000000000:/").returncode == 1


def test_groups(admin: Api, ada: Shell, drive_name: str, tmp_path: Path) -> None:
    bob, eve = new_person(admin), new_person(admin)
    shell, name = shell_of(bob, tmp_path / "bob"), f"Team-{os.urandom(4).hex()}"
    ada.ok("group", "create", name)
    assert ada("group", "create", name).returncode == 6
    listed = ada.ok("group", "add", name.upper(), bob.name, eve.name)
    assert listed.startswith(f"{name}:  {', '.join(sorted([bob.name, eve.name]))}  group_")
    ada.ok("mkdir", f"{drive_name}:/plans")
    said = ada.ok("share", f"{drive_name}:/plans", f"group:{name}")
    plans = said.partition("(")[2].partition(")")[0]
    shell.ok("ls", f"{plans}:/")
    assert listed in shell.ok("group", "list")

    assert f"{name}:  {eve.name}  group_" in ada.ok("group", "remove", name, bob.name)
    assert shell("ls", f"{plans}:/").returncode == 4
    (line,) = (line for line in shell.ok("group", "list").splitlines() if line.startswith(name))
    assert eve.name not in line
    assert shell("group", "add", name, bob.name).returncode == 6
    assert ada("group", "add", "no-such-group", bob.name).returncode == 4
    absent = ada("group", "add", name, "no-such-person")
    assert absent.stderr == "filegraph: no-such-person: There is no such account that you can see.\n"
    assert (absent.returncode, absent.stdout) == (6, "")
    some = ada("group", "add", name, "no-such-person", bob.name)
    assert (some.returncode, "no-such-person" in some.stderr, bob.name in some.stdout) == (1, True, True)
