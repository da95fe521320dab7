"""Every page is reached from an index, and generated pages are what their generators say."""

import re

from filegraph.client.errors import ExitCode
from scripts import command_pages, error_pages
from tests.components.server import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *(ROOT / "docs").rglob("*.md")]
LINK = re.compile(r"\]\(([^)#:\s]*)(?:#([^)\s]*))?\)")


def test_the_command_page_is_up_to_date() -> None:
    assert command_pages.PAGE.read_text(encoding="utf-8") == command_pages.page(), "Run: make docs"


def test_every_exit_code_is_told() -> None:
    assert set(command_pages.EXIT_CODES) == set(ExitCode)


def test_the_index_of_errors_has_every_code() -> None:
    index = (error_pages.PAGES / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| \[([A-Z_]+)\]", index, re.MULTILINE)) == set(error_pages.pages()) - {"README"}


def test_every_page_can_be_reached() -> None:
    linked = {
        (page.parent / target).resolve() for page in PAGES for target, _ in LINK.findall(page.read_text()) if target
    }
    assert [str(page.relative_to(ROOT)) for page in PAGES[3:] if page not in linked and page.name != "README.md"] == []


def test_every_file_that_a_page_names_is_there() -> None:
    """Decisions too: one that speaks of a module that is gone is not true any more."""
    top = "|".join(path.name for path in ROOT.iterdir() if path.is_dir())
    named = {
        (page.name, path)
        for page in PAGES
        for path in re.findall(rf"`((?:{top})/[\w./-]+|test_\w+\.py)`", page.read_text(encoding="utf-8"))
    }
    assert len(named) > 50
    tests = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    assert sorted(each for each in named if each[1] not in tests and not (ROOT / each[1]).exists()) == []


def test_every_anchor_is_a_heading() -> None:
    broken = []
    for page in PAGES:
        for target, anchor in LINK.findall(page.read_text()):
            there = (page.parent / target).resolve() if target else page
            if anchor and anchor not in _anchors(there.read_text()):
                broken.append(f"{page.name}: {target}#{anchor}")
    assert broken == []


def _anchors(text: str) -> set[str]:
    """The anchors that GitHub and its kin make of headings."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}
