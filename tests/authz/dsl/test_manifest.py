from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authz.dsl.manifest import read_manifest, write_manifest
from authz.dsl.parsed import MAX_MODEL_BYTES
from authz.errors import InvalidModel
from tests.authz.dsl.generated import EXAMPLES

HEAD = 'schema: "1.2"\ncontents:\n'


def problems(text: str) -> list[tuple[str, int, int]]:
    with pytest.raises(InvalidModel) as caught:
        read_manifest(text)
    assert {problem.file for problem in caught.value.problems} == {"fga.mod"}
    return [(problem.code, problem.line, problem.column) for problem in caught.value.problems]


def test_files_keep_their_order_and_their_places() -> None:
    manifest = read_manifest(HEAD + "  - b.fga\n  - a/c%20d.fga\n  - e\\f.fga\n")
    assert manifest.schema_version == "1.2"
    assert [(name, at.line, at.column) for name, at in manifest.contents.items()] == [
        ("b.fga", 3, 5),
        ("a/c d.fga", 4, 5),
        ("e/f.fga", 5, 5),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [("schema-version-required", 1, 1), ("invalid-syntax", 1, 1)]),
        ("contents: []\n", [("schema-version-required", 1, 1)]),
        ("schema: 1.2\ncontents: []\n", [("invalid-schema", 1, 9)]),
        ("schema: '1.1'\ncontents: x\n", [("invalid-schema", 1, 9), ("invalid-syntax", 2, 11)]),
        ("- a\n", [("invalid-syntax", 1, 1)]),
        ("schema: '1.2'\nschema: '1.2'\ncontents: []\n", [("invalid-syntax", 2, 1)]),
        ("schema: [\n", [("invalid-syntax", 2, 1)]),
        ("a: \x01", [("invalid-syntax", 1, 1)]),
        ("[" * 3000, [("invalid-syntax", 1, 1)]),
        ("#" * (MAX_MODEL_BYTES + 1), [("invalid-syntax", 1, 1)]),
    ],
)
def test_a_broken_frame(text: str, expected: list[tuple[str, int, int]]) -> None:
    assert problems(text) == expected


@pytest.mark.parametrize(
    "entry",
    [
        *("7", "[a.fga]", "''", "a.txt", "a.fga.txt", "../a.fga", "x/../a.fga", "/a.fga", "\\a.fga", "%2e%2e%2fa.fga"),
        *("%2Fa.fga", "..%5Ca.fga", "a%zz.fga", "a%ff.fga", '"a\\0.fga"', "a%00.fga", "a%0a.fga"),
    ],
)
def test_a_path_that_is_none_or_leads_out_of_the_folder(entry: str) -> None:
    assert problems(HEAD + f"  - {entry}\n  - a.fga\n") == [("invalid-syntax", 3, 5)]


def test_a_file_is_named_once() -> None:
    assert problems(HEAD + "  - a/b.fga\n  - a%2Fb.fga\n") == [("duplicated-error", 4, 5)]


@given(st.lists(st.text(min_size=1).filter(str.isprintable).map(lambda name: f"x{name}.fga"), unique=True))
@settings(max_examples=EXAMPLES)
def test_written_names_come_back(names: list[str]) -> None:
    kept = [name for name in names if "\\" not in name and "../" not in name]
    assert list(read_manifest(write_manifest(kept)).contents) == kept


@given(st.text(alphabet="schema: '1.2'\n-[]{}&*!|>contents%./\\\"#?", max_size=80))
@settings(max_examples=EXAMPLES)
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(InvalidModel):
        assert all(name.endswith(".fga") and name[0] != "/" for name in read_manifest(HEAD + text).contents)
