"""The index of decisions is the folder, in order."""

import re

from tests.components.server import ROOT

FOLDER = ROOT / "docs" / "adr"


def test_the_index_is_the_folder_in_order() -> None:
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    pages = sorted(path.name for path in FOLDER.glob("[0-9]*.md"))
    assert re.findall(r"^\| \[(\d{4})\]\((\S+)\) \| \S", index, re.MULTILINE) == [(name[:4], name) for name in pages]


def test_a_number_is_of_one_decision_and_stands_in_its_title() -> None:
    pages = sorted(FOLDER.glob("[0-9]*.md"))
    assert [path.name[:4] for path in pages] == [f"{number:04}" for number in range(1, len(pages) + 1)]
    assert [path.read_text(encoding="utf-8")[:8] for path in pages] == [f"# {path.name[:4]}: " for path in pages]
