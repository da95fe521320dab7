"""The command line as a person uses it: real commands, a real server, files on a real disk."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import stat
import sys
from pathlib import Path

import pytest

from tests.components.api import Api, new_person
from tests.components.shell import Shell, contents, shell_of

# The client knows no database, and each of its commands is a process of half a second.
pytestmark = pytest.mark.sqlite


def test_login_whoami_logout(admin: Api, tmp_path: Path) -> None:
    person, shell = new_person(admin), Shell(tmp_path / "home")
    assert shell("whoami").returncode == 3
    wrong = shell("login", person.url, "--username", person.name, "--password-stdin", stdin="wrong password\n")
    assert wrong.returncode == 3
    said = shell.ok("login", person.url, "--username", person.name, "--password-stdin", stdin=f"{person.password}\n")
    assert person.password not in said
    (kept,) = (path for path in (tmp_path / "home").rglob("*") if path.is_file())
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    secret = json.loads(kept.read_text())["token"]
    assert shell.ok("whoami").startswith(f"{person.name} at {person.url}")

    # Signing in again: the token before is of no use any more, and is not left alive.
    again = shell("login", person.url, "--username", person.name, "--password-stdin", stdin=f"{person.password}\n")
    assert (again.returncode, again.stderr) == (
        0, f"The sign-in to {person.url} as {person.name}, kept there before, has ended.\n",
    )  # fmt: skip
    assert Shell(tmp_path, (("FILEGRAPH_URL", person.url), ("FILEGRAPH_TOKEN", secret)))("whoami").returncode == 3
    secret = json.loads(kept.read_text())["token"]
    shell.ok("logout")
    assert not kept.exists()
    assert shell("whoami").returncode == 3
    assert Shell(tmp_path, (("FILEGRAPH_URL", person.url), ("FILEGRAPH_TOKEN", secret)))("whoami").returncode == 3


def test_put_list_get_a_tree(ada: Shell, drive_name: str, tree: Path, tmp_path: Path) -> None:
    said = ada.ok("put", tree, f"{drive_name}:/")
    assert said.startswith("133 sent")
    again = ada.ok("put", tree, f"{drive_name}:/")
    assert again.startswith("0 sent")
    assert "133 skipped" in again

    listed = json.loads(ada.ok("ls", "-R", "--json", f"{drive_name}:/"))
    sizes = {entry["path"]: entry["size"] for entry in listed if entry["kind"] == "file"}
    assert sizes == {f"photos/{path}": len(content) for path, content in contents(tree).items()}
    assert "photos/2024/leer" in {entry["path"] for entry in listed if entry["kind"] == "folder"}
    assert ada.ok("ls", f"{drive_name}:/photos").splitlines() == ["2024/", "Größe & Co.txt", "big.bin", "empty"]

    ada.ok("get", f"{drive_name}:/photos", tmp_path / "back")
    assert contents(tmp_path / "back" / "photos") == contents(tree)
    assert (tmp_path / "back" / "photos" / "2024" / "leer").is_dir()
    ada.ok("get", f"{drive_name}:/photos/", tmp_path / "inside")
    assert contents(tmp_path / "inside") == contents(tree)
    assert ada.ok("get", f"{drive_name}:/photos/", tmp_path / "inside").startswith("0 fetched")


def test_get_goes_on_with_a_part_and_keeps_what_differs(
    ada: Shell, drive_name: str, tree: Path, tmp_path: Path
) -> None:
    ada.ok("put", f"{tree}/", f"{drive_name}:/")
    (entry,) = (e for e in json.loads(ada.ok("ls", "--json", f"{drive_name}:/")) if e["path"] == "big.bin")
    whole = (tree / "big.bin").read_bytes()
    part = tmp_path / f"mine.bin.{entry['sha256'][:8]}.part"
    part.write_bytes(whole[:1_000_000])
    ada.ok("get", f"{drive_name}:/big.bin", tmp_path / "mine.bin")
    assert (tmp_path / "mine.bin").read_bytes() == whole
    assert not part.exists()

    (tmp_path / "mine.bin").write_bytes(b"mine")
    refused = ada("get", f"{drive_name}:/big.bin", tmp_path / "mine.bin")
    assert (refused.returncode, (tmp_path / "mine.bin").read_bytes()) == (1, b"mine")
    assert "choose --on-conflict" in refused.stderr
    ada.ok("get", f"{drive_name}:/big.bin", tmp_path / "mine.bin", "--on-conflict", "skip")
    assert (tmp_path / "mine.bin").read_bytes() == b"mine"
    ada.ok("get", f"{drive_name}:/big.bin", tmp_path / "mine.bin", "--on-conflict", "rename")
    assert (tmp_path / "mine (2).bin").read_bytes() == whole
    ada.ok("get", f"{drive_name}:/big.bin", tmp_path / "mine.bin", "--on-conflict", "replace")
    assert (tmp_path / "mine.bin").read_bytes() == whole


@pytest.mark.parametrize(
    ("policy", "exit_code", "names"),
    [
        ("fail", 1, {"a.txt": "old"}),
        ("skip", 0, {"a.txt": "old"}),
        ("replace", 0, {"a.txt": "new"}),
        ("rename", 0, {"a.txt": "old", "a (2).txt": "new"}),
    ],
)
def test_what_a_taken_name_means(
    ada: Shell, drive_name: str, tmp_path: Path, policy: str, exit_code: int, names: dict[str, str]
) -> None:
    (tmp_path / "a.txt").write_text("old")
    ada.ok("put", tmp_path / "a.txt", f"{drive_name}:/")
    (tmp_path / "a.txt").write_text("new")
    assert ada("put", tmp_path / "a.txt", f"{drive_name}:/", "--on-conflict", policy).returncode == exit_code
    ada.ok("get", f"{drive_name}:/", tmp_path / "back")
    assert {path: content.decode() for path, content in contents(tmp_path / "back").items()} == names


def test_a_single_file_takes_the_name_it_is_sent_to(ada: Shell, drive_name: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    for _ in range(2):
        ada.ok("put", tmp_path / "a.txt", f"{drive_name}:/deep/er/b.txt")
    ada.ok("put", tmp_path / "a.txt", f"{drive_name}:/deep/folder/")
    listed = [e["path"] for e in json.loads(ada.ok("ls", "-R", "--json", f"{drive_name}:/")) if e["kind"] == "file"]
    assert sorted(listed) == ["deep/er/b.txt", "deep/folder/a.txt"]


def test_mkdir_and_rm(ada: Shell, drive_name: str) -> None:
    assert ada("mkdir", f"{drive_name}:/a/b/c").returncode == 4
    ada.ok("mkdir", "-p", f"{drive_name}:/a/b/c")
    ada.ok("mkdir", "-p", f"{drive_name}:/a/b/c")
    ada.ok("mkdir", f"{drive_name}:/d")
    assert ada("mkdir", f"{drive_name}:/d").returncode == 6
    ada.ok("rm", f"{drive_name}:/a/b")
    assert ada.ok("ls", "-R", f"{drive_name}:/").split() == ["a/", "d/"]
    unsaid = ada("rm", "--forever", f"{drive_name}:/a", f"{drive_name}:/d", stdin="y\n")
    assert (unsaid.returncode, "--yes" in unsaid.stderr) == (2, True)
    assert ada.ok("ls", f"{drive_name}:/").split() == ["a/", "d/"]
    assert ada.ok("rm", "--forever", "--yes", f"{drive_name}:/a", f"{drive_name}:/d").count("deleted for good") == 2
    assert ada.ok("ls", f"{drive_name}:/") == ""
    assert ada("rm", f"{drive_name}:/a").returncode == 4
    assert ada("rm", f"{drive_name}:/").returncode == 2


def test_mv(ada: Shell, drive_name: str, tmp_path: Path) -> None:
    d = f"{drive_name}:"
    for path in ("a.txt", "b.txt", "in/a.txt", "in/deep/c.txt"):
        (tmp_path / "file").write_text(path)
        ada.ok("put", tmp_path / "file", f"{d}/{path}")
    assert ada.ok("mv", f"{d}/b.txt", f"{d}/new.txt") == f"{d}/b.txt is now {d}/new.txt.\n"
    assert ada.ok("mv", f"{d}/new.txt", f"{d}/in/") == f"{d}/new.txt is now {d}/in/new.txt.\n"
    # To another folder under another name, though the old one is taken there.
    assert ada.ok("mv", f"{d}/a.txt", f"{d}/in/b.txt") == f"{d}/a.txt is now {d}/in/b.txt.\n"
    assert ada.ok("mv", f"{d}/in/deep", f"{d}/") == f"{d}/in/deep is now {d}/deep.\n"
    assert ada.ok("ls", "-R", f"{d}/").split() == [
        "deep/", "deep/c.txt", "in/", "in/a.txt", "in/b.txt", "in/new.txt"
    ]  # fmt: skip
    for source, destination, code in (
        ("in/a.txt", "in/b.txt", 6),
        ("in/a.txt", "none/", 6),
        ("in/a.txt", "none/a.txt", 4),
        ("in", "in", 6),
        ("none", "other", 4),
        ("", "other", 2),
    ):
        assert ada("mv", f"{d}/{source}", f"{d}/{destination}").returncode == code, (source, destination)
    unnamed = ada("mv", f"{d}/in/a.txt", f"{d}/deep/a\x01")
    assert (unnamed.returncode, f"It is {d}/deep/a.txt now." in unnamed.stderr) == (6, True), unnamed.stderr


def test_times_have_one_form(ada: Shell, drive_name: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    ada.ok("put", tmp_path / "a.txt", f"{drive_name}:/")
    ada.ok("token", "create", "for the list")
    listed = [ada.ok("ls", "-l", f"{drive_name}:/"), ada.ok("token", "list")]
    ada.ok("rm", f"{drive_name}:/a.txt")
    for line in [*listed, ada.ok("trash", "list", f"{drive_name}:")]:
        assert re.search(r" \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ  ", f" {line}"), line


def test_what_was_removed_comes_back(ada: Shell, drive_name: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("first")
    ada.ok("put", tmp_path / "a.txt", f"{drive_name}:/folder/a.txt")
    done = ada("rm", f"{drive_name}:/folder/a.txt")
    assert (done.returncode, done.stdout.startswith(f"{drive_name}:/folder/a.txt is in the trash (file_")) == (0, True)
    hint = shlex.split(done.stderr.partition(": ")[2])
    assert hint[:5] == [sys.executable, "-m", "filegraph", "trash", "restore"]
    assert ada.ok("ls", f"{drive_name}:/folder") == ""

    # The hint, pasted.
    assert ada.ok(*hint[3:]) == f"{drive_name}:/folder/a.txt is back.\n"
    assert ada.ok("ls", f"{drive_name}:/folder") == "a.txt\n"

    # The latest of two from one path; purging does not guess.
    ada.ok("rm", f"{drive_name}:/folder/a.txt")
    (tmp_path / "a.txt").write_text("second")
    ada.ok("put", tmp_path / "a.txt", f"{drive_name}:/folder/a.txt")
    ada.ok("rm", f"{drive_name}:/folder/a.txt")
    unclear = ada("trash", "purge", "--yes", f"{drive_name}:/folder/a.txt")
    assert (unclear.returncode, unclear.stderr.count("file_")) == (2, 2)
    ada.ok("trash", "restore", f"{drive_name}:/folder/a.txt")
    ada.ok("get", f"{drive_name}:/folder/a.txt", tmp_path / "back.txt")
    assert (tmp_path / "back.txt").read_text() == "second"
    # And the other: its name is taken meanwhile.
    assert ada.ok("trash", "restore", f"{drive_name}:/folder/a.txt") == f"{drive_name}:/folder/a (2).txt is back.\n"
    assert ada("trash", "restore", f"{drive_name}:/folder/a.txt").returncode == 4


def test_the_trash_of_a_drive(ada: Shell, admin: Api, drive_name: str, tmp_path: Path) -> None:
    for name in ("one", "two", "deep/three"):
        (tmp_path / "file").write_text(name)
        ada.ok("put", tmp_path / "file", f"{drive_name}:/{name}")
    ada.ok("rm", f"{drive_name}:/one")
    ada.ok("rm", f"{drive_name}:/two", f"{drive_name}:/deep")
    listed = json.loads(ada.ok("trash", "list", "--json", f"{drive_name}:"))
    assert [(entry["kind"], entry["path"], entry["size"]) for entry in listed[2:]] == [
        ("file", f"{drive_name}:/one", 3)
    ]
    assert {entry["path"] for entry in listed[:2]} == {f"{drive_name}:/two", f"{drive_name}:/deep"}
    lines = ada.ok("trash", "list", f"{drive_name}:/one").splitlines()
    assert len(lines) == 1
    assert lines[0].endswith(f"  {listed[2]['id']}  {drive_name}:/one")
    assert f"{drive_name}:/one" in ada.ok("trash", "list")
    inside = ada("trash", "restore", f"{drive_name}:/deep/three")
    assert (inside.returncode, f"went to the trash with {drive_name}:/deep" in inside.stderr) == (4, True)

    stranger = shell_of(new_person(admin), tmp_path / "stranger")
    assert stranger("trash", "restore", listed[2]["id"]).returncode == 4
    assert stranger("trash", "purge", "--yes", listed[2]["id"]).returncode == 4
    assert stranger("trash", "list", f"{drive_name}:").returncode == 4
    some = ada("trash", "restore", listed[2]["id"], "file_00000000000000000000000000")
    assert (some.returncode, some.stdout) == (1, f"{drive_name}:/one is back.\n")

    unsaid = ada("trash", "purge", f"{drive_name}:", stdin="y\n")
    assert (unsaid.returncode, "--yes" in unsaid.stderr) == (2, True)
    assert ada.ok("trash", "purge", "--yes", f"{drive_name}:").count("deleted for good") == 2
    assert ada.ok("trash", "purge", f"{drive_name}:") == "The trash is empty.\n"
    assert ada.ok("ls", "-R", f"{drive_name}:/") == "one\n"


def test_the_question_before_deleting_for_good(ada: Shell, drive_name: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    ada.ok("put", tmp_path / "a.txt", f"{drive_name}:/")
    for typed, code, left in (("n\n", 1, "a.txt\n"), ("\x04", 130, "a.txt\n"), ("y\n", 0, "")):
        ours, theirs = pty.openpty()
        os.write(ours, typed.encode())
        done = ada("rm", "--forever", f"{drive_name}:/a.txt", terminal=theirs)
        os.close(ours)
        os.close(theirs)
        assert (done.returncode, ada.ok("ls", f"{drive_name}:/")) == (code, left), done.stderr
        assert f"Delete {drive_name}:/a.txt for good" in done.stderr


def test_where_things_go_is_told(ada: Shell, drive_name: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    assert f"1 sent (1 B) to {drive_name}:/x in " in ada.ok("put", tmp_path / "a.txt", f"{drive_name}:/x/b.txt")
    told = ada.ok("get", f"{drive_name}:/x/b.txt", f"{tmp_path}/new/")
    assert told.startswith(f"1 fetched (1 B) to {tmp_path}/new/b.txt in ")
    (tmp_path / "new" / "b.txt").write_text("mine")
    renamed = ada.ok("get", f"{drive_name}:/x/b.txt", tmp_path / "new", "--on-conflict", "rename")
    assert renamed.startswith(f"1 fetched (1 B) to {tmp_path}/new/b (2).txt in ")
    missing = ada("get", f"{drive_name}:/x/b.txt", tmp_path / "mistyped" / "b.txt")
    assert (missing.returncode, missing.stderr.count("\n"), (tmp_path / "mistyped").exists()) == (2, 1, False)
    several = ada("get", f"{drive_name}:/x/b.txt", f"{drive_name}:/x", f"{drive_name}:/none", tmp_path / "all")
    assert several.returncode == 1
    assert several.stdout.startswith(f"2 fetched (2 B) to {tmp_path}/all, 1 failed in ")
    assert f"{drive_name}:/none: there is nothing here that you can see." in several.stderr
    assert contents(tmp_path / "all") == {"b.txt": b"a", "x/b.txt": b"a"}


def test_every_exit_code(ada: Shell, drive_name: str, tmp_path: Path) -> None:
    """0 to 6, as docs/reference/command-line.md has them. 130 is in tests/filegraph/client/test_commands.py."""
    nobody = Shell(tmp_path / "nobody", (("FILEGRAPH_URL", dict(ada.more)["FILEGRAPH_URL"]),))
    away = Shell(tmp_path / "away", (("FILEGRAPH_URL", "http://127.0.0.1:9"), ("FILEGRAPH_TOKEN", "fg_x")))
    wrong = Shell(tmp_path / "wrong", (*nobody.more, ("FILEGRAPH_TOKEN", "fg_of_nobody")))
    for shell, arguments, code in (
        (ada, ("ls",), 0),
        (ada, ("rm", f"{drive_name}:/absent", f"{drive_name}:/absent too"), 1),
        (ada, ("get", "nocolon", "x"), 2),
        (ada, ("no-such-command",), 2),
        (ada, ("ls", "--no-such-option"), 2),
        (nobody, ("ls",), 3),
        (wrong, ("ls",), 3),
        (ada, ("ls", f"{drive_name}:/absent"), 4),
        (away, ("ls",), 5),
        (ada, ("drive", "create", drive_name), 6),
    ):
        done = shell(*arguments)
        assert done.returncode == code, (arguments, done.stdout, done.stderr)
        assert bool(done.stderr) is (code != 0)


def test_drives(ada: Shell, admin: Api) -> None:
    name = f"kept {os.urandom(4).hex()}"
    ada.ok("drive", "create", name, "--quota", "1M")
    assert f"{name}:  0 B of 1.0 MiB" in ada.ok("drive", "list")
    assert f"{name}:" in ada.ok("ls").splitlines()
    assert ada("drive", "create", name).returncode == 6


def test_a_full_drive_fails_the_item_and_keeps_the_rest(ada: Shell, tmp_path: Path) -> None:
    name = f"small {os.urandom(4).hex()}"
    ada.ok("drive", "create", name, "--quota", "1000")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "fits").write_bytes(b"x" * 600)
    (tmp_path / "in" / "too big").write_bytes(b"x" * 6000)
    done = ada("put", f"{tmp_path}/in/", f"{name}:/")
    assert done.returncode == 1
    assert "too big: " in done.stderr
    assert ada.ok("ls", f"{name}:/").split() == ["fits"]
