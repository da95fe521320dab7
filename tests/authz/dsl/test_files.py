from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest

from authz.dsl import load, parse, to_json
from authz.dsl.files import MAX_JSON_BYTES
from authz.dsl.parsed import MAX_MODEL_BYTES
from authz.errors import InvalidModel

TEXT = "model\n  schema 1.1\ntype user\n"


def problems(path: Path) -> list[tuple[str, int, int]]:
    with pytest.raises(InvalidModel) as caught:
        load(path)
    return [(problem.file, problem.line, problem.column) for problem in caught.value.problems]


def test_the_name_tells_the_form(tmp_path: Path) -> None:
    (tmp_path / "m.fga").write_text(TEXT, encoding="utf-8-sig")
    (tmp_path / "m.json").write_text(json.dumps(to_json(parse(TEXT))))
    assert load(tmp_path / "m.fga") == load(tmp_path / "m.json") == parse(TEXT)


def test_modules_are_found_beside_their_list(tmp_path: Path) -> None:
    (tmp_path / "teams").mkdir()
    (tmp_path / "teams" / "wiki.fga").write_text("module wiki\ntype page\n")
    (tmp_path / "fga.mod").write_text("schema: '1.2'\ncontents:\n  - teams/wiki.fga\n")
    source = load(tmp_path / "fga.mod").types["page"].source
    assert source is not None
    assert (source.module, source.file) == ("wiki", "teams/wiki.fga")


def test_a_module_that_cannot_be_opened_is_told_with_what_is_wrong_in_the_others(tmp_path: Path) -> None:
    outside = tmp_path / "outside.fga"
    outside.write_text("module outside\ntype secret\n")
    folder = tmp_path / "model"
    (folder / "folder.fga").mkdir(parents=True)
    (folder / "link.fga").symlink_to(outside)
    (folder / "latin.fga").write_bytes(b"module \xe9")
    (folder / "large.fga").write_bytes(b"#" * (MAX_MODEL_BYTES + 1))
    (folder / "broken.fga").write_text("module broken\ntyp x\n")
    names = ("missing", "folder", "link", "latin", "large", "broken")
    (folder / "fga.mod").write_text("schema: '1.2'\ncontents:\n" + "".join(f"  - {name}.fga\n" for name in names))
    assert problems(folder / "fga.mod") == [
        ("broken.fga", 2, 1),
        *(("fga.mod", line, 5) for line in (3, 4, 5)),
        ("large.fga", 0, 0),
        ("latin.fga", 0, 0),
    ]


def test_no_more_is_read_than_a_model_may_have(tmp_path: Path) -> None:
    (tmp_path / "a.fga").write_text("module a\n" + "#" * (MAX_MODEL_BYTES - 10))
    names = ["./" * number + "a.fga" for number in range(200)]
    (tmp_path / "fga.mod").write_text("schema: '1.2'\ncontents:\n" + "".join(f"  - {name}\n" for name in names))
    tracemalloc.start()
    try:
        assert ("./a.fga", 1, 1) in problems(tmp_path / "fga.mod")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20 * MAX_MODEL_BYTES


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"{", ("", 1, 2)),
        (b'{\n "a": 1,\n "a": 2}', ("", 0, 0)),
        (b"[]", ("", 0, 0)),
        (b"[" * 100_000, ("", 0, 0)),
        (b"\xff", ("", 0, 0)),
        (b" " * (MAX_JSON_BYTES + 1), ("", 0, 0)),
        (b'{"schema_version": 1' + b"1" * 5000 + b"}", ("", 0, 0)),
    ],
)
def test_json_that_is_none(content: bytes, place: tuple[str, int, int], tmp_path: Path) -> None:
    (tmp_path / "m.json").write_bytes(content)
    assert problems(tmp_path / "m.json") == [place]


def test_a_file_that_cannot_be_opened_is_no_fault_of_the_model(tmp_path: Path) -> None:
    for path in (tmp_path / "none.fga", tmp_path / "none.json", tmp_path / "fga.mod", tmp_path):
        with pytest.raises(OSError, match=r"."):
            load(path)
