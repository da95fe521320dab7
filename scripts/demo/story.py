"""What happens in the demonstration, step by step. Every claim is checked; a mismatch ends it."""

from __future__ import annotations

import secrets
from pathlib import Path

import httpx

from scripts.demo.material import copy_tree, fingerprint, total, write_big_file
from scripts.demo.mismatch import require
from scripts.demo.person import Person
from scripts.demo.report import Report
from scripts.demo.stack import Service

SHARED = "django/contrib/admin"
"""The one folder that the second person is given."""
SMALL = "contrib/admin"
"""The part of the tree that is enough for a quick run."""

_NOT_FOUND = 4
Prints = dict[str, tuple[str, int]]


CAST = "Ada administers. Ben has files, in a drive that she makes for him. Cleo has nothing but what he shares."


class Story:
    """What Ada, Ben and Cleo do; ``CAST`` says who they are."""

    def __init__(self, service: Service, folder: Path, report: Report, big_size: int, *, small: bool) -> None:
        self._service = service
        self._folder = folder
        self._report = report
        self._big_size = big_size
        self._small = small
        self._source = folder / "source"
        self._ada, self._ben, self._cleo = (self._person(name) for name in ("ada", "ben", "cleo"))

    def tell(self) -> None:
        """Run all steps. Raises ``Mismatch``, or ``CommandFailed``."""
        self._set_up()
        prints = self._make_material()
        self._upload(prints)
        listing = self._list(prints)
        self._download(prints)
        self._nothing_visible(listing)
        url = self._share(listing)
        self._revoke(listing, url)

    def _person(self, name: str) -> Person:
        return Person(name, secrets.token_urlsafe(18), self._folder / "homes" / name)

    def _set_up(self) -> None:
        step = self._report.begin("set up: administrator, two users, a drive (8 commands)")
        self._ada.sign_in(self._service.url, self._service.setup_token)
        for person in (self._ben, self._cleo):
            self._ada.run("user", "create", person.name, "--password-stdin", stdin=f"{person.password}\n")
            person.sign_in(self._service.url)
        self._ada.run("drive", "create", "work")
        self._ada.run("share", "work:/", "ben", "--role", "owner")
        require("ben at " in self._ben.run("whoami"), "Ben is not signed in as Ben.")
        step.items = 4

    def _make_material(self) -> Prints:
        step = self._report.begin("gather files to send")
        self._source.mkdir()
        copy_tree(self._source / "django", SMALL if self._small else "")
        write_big_file(self._source / "big.bin", self._big_size)
        prints = fingerprint(self._source)
        step.items, step.size = len(prints), total(prints)
        return prints

    def _upload(self, prints: Prints) -> None:
        tree = {path: found for path, found in prints.items() if path.startswith("django/")}
        step = self._report.begin("put: the tree")
        self._ben.run("put", str(self._source / "django"), "work:/")
        step.items, step.size = len(tree), total(tree)
        step = self._report.begin("put: the big file")
        self._ben.run("put", str(self._source / "big.bin"), "work:/")
        step.items, step.size = 1, self._big_size
        step = self._report.begin("put again: nothing is sent twice")
        said = self._ben.run("put", f"{self._source}/", "work:/")
        require(said.startswith("0 sent") and f"{len(prints)} skipped" in said, f"Something was sent again: {said}")
        step.items = len(prints)

    def _list(self, prints: Prints) -> dict[str, str]:
        """The id of every file by path, after comparing the listing with what was sent."""
        step = self._report.begin("ls -R: every name, size and hash")
        files = [entry for entry in self._ben.list("work:/") if entry["kind"] == "file"]
        listed = {entry["path"]: (entry["sha256"], entry["size"]) for entry in files}
        require(listed == prints, "The listing is not what was sent.")
        step.items = len(files)
        return {entry["path"]: entry["id"] for entry in files}

    def _download(self, prints: Prints) -> None:
        step = self._report.begin("get: everything back")
        self._ben.run("get", "work:/", str(self._folder / "back"))
        step.items, step.size = len(prints), total(prints)
        step = self._report.begin("compare: every byte by SHA-256")
        require(fingerprint(self._folder / "back") == prints, "What came back is not what was sent.")
        step.items, step.size = len(prints), total(prints)

    def _nothing_visible(self, listing: dict[str, str]) -> None:
        step = self._report.begin("Cleo sees nothing")
        require(self._cleo.run("ls").strip() == "", "Cleo sees a drive.")
        require(self._cleo.visible_files() == set(), "Cleo sees files.")
        require(self._cleo.download_url(listing["big.bin"]) is None, "Cleo gets a link to Ben's file.")
        self._cleo.run("ls", "work:/", expected=_NOT_FOUND)
        step.items = 0

    def _share(self, listing: dict[str, str]) -> str:
        """A link that Cleo was given while she had the folder."""
        step = self._report.begin(f"share {SHARED}: Cleo sees exactly that")
        self._ben.run("share", f"work:/{SHARED}", "cleo", "--role", "viewer")
        shared = {path: node_id for path, node_id in listing.items() if path.startswith(f"{SHARED}/")}
        require(self._cleo.visible_files() == set(shared.values()), "Cleo does not see exactly the shared folder.")
        top, _, name = SHARED.rpartition("/")
        folder_id = next(e["id"] for e in self._ben.list(f"work:/{top}") if e["path"] == name)
        self._cleo.run("get", f"{folder_id}:/", str(self._folder / "shared"))
        expected = fingerprint(self._source / SHARED)
        require(fingerprint(self._folder / "shared") == expected, "What Cleo fetched is not the shared folder.")
        step.items, step.size = len(shared), total(expected)
        url = self._cleo.download_url(next(iter(shared.values())))
        require(url is not None and _status(url) == 200, "Cleo's link does not work.")
        return str(url)

    def _revoke(self, listing: dict[str, str], url: str) -> None:
        step = self._report.begin("unshare: it is gone, and so is her link")
        self._ben.run("unshare", f"work:/{SHARED}", "cleo")
        require(self._cleo.visible_files() == set(), "Cleo still sees files.")
        require(_status(url) in (401, 403, 404, 410), "Cleo's old link still works.")
        for node_id in (listing["big.bin"], listing[f"{SHARED}/__init__.py"]):
            require(self._cleo.download_url(node_id) is None, "Cleo still gets a link.")
        step.items = 0


def _status(url: str) -> int:
    return httpx.get(url, trust_env=False).status_code
