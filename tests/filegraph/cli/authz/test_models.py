import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from authz.dsl import load, parse, to_json, to_text
from filegraph.cli.authz.models import app

TEXT = "model\n  schema 1.1\n\ntype user\n\ntype doc\n  relations\n    define a: [user with on]\n"
CONDITION = "\ncondition on(x: bool) {\n  x\n}\n"


def run(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["authz", *map(str, arguments)])
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    folder = tmp_path / "modular"
    folder.mkdir()
    (folder / "core.fga").write_text("module core\n\ntype user\n\ntype doc\n")
    (folder / "wiki.fga").write_text("module wiki\n\nextend type doc\n  relations\n    define a: [user]\n")
    (folder / "fga.mod").write_text('schema: "1.2"\ncontents:\n  - "core.fga"\n  - "wiki.fga"\n')
    return folder


def test_a_valid_model(tmp_path: Path) -> None:
    file = tmp_path / "m.fga"
    file.write_text(TEXT + CONDITION)
    summary = "schema 1.1, types: 2, relations: 1, conditions: 1"
    assert run("validate", file) == (0, f"{file}: valid ({summary})\n", "")
    code, out, err = run("validate", file, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {"valid": True, "schema_version": "1.1", "errors": [], "warnings": []}


def test_every_error_with_its_place_and_code(tmp_path: Path) -> None:
    file = tmp_path / "m.fga"
    file.write_text(TEXT + "    define b: ghost\n")
    code, out, err = run("validate", file)
    assert (code, err) == (1, "")
    assert [line.split(" ")[0] + line.split(" ")[-1] for line in out.splitlines()] == [
        f"{file}:8:26:[condition-not-defined]",
        f"{file}:9:15:[missing-definition]",
    ]
    code, out, _ = run("validate", file, "--json")
    assert code == 1
    found = json.loads(out)
    assert (found["valid"], len(found["errors"])) == (False, 2)
    assert found["errors"][1] == {
        "code": "missing-definition",
        "message": "`doc` has no relation `ghost`",
        "file": str(file),
        "line": 9,
        "column": 15,
    }


def test_of_many_errors_of_syntax_people_see_the_first_ten(tmp_path: Path) -> None:
    file = tmp_path / "m.fga"
    file.write_text(TEXT + "    define b user\n" * 12)
    code, out, _ = run("validate", file)
    lines = out.splitlines()
    assert (code, len(lines), lines[-1]) == (1, 11, f"{file}: and 2 more errors of syntax")
    assert len(json.loads(run("validate", file, "--json")[1])["errors"]) == 12


def test_what_does_not_belong_behind_a_definition_is_named(tmp_path: Path) -> None:
    file = tmp_path / "m.fga"
    file.write_text(TEXT + "    define b: a orr a\n")
    assert (
        run("validate", file)[1] == f"{file}:9:16: error: expected the end of the line, found `orr` [invalid-syntax]\n"
    )


@pytest.mark.parametrize("first", ["name: small\n", "# Ours.\n\n---\nmodel: |\n  model\n", "tuples:\r\n"])
def test_a_store_file_is_told_from_a_model(tmp_path: Path, first: str) -> None:
    file = tmp_path / "m.fga.yaml"
    file.write_bytes(first.encode() + b"tests: {}\n" * 20)
    for command in ("validate", "transform"):
        code, out, err = run(command, file)
        (line,) = (out + err).splitlines()
        assert (code, "`filegraph authz test` runs it" in line) == (1, True)


def test_a_warning_is_no_error(tmp_path: Path) -> None:
    file = tmp_path / "m.fga"
    file.write_text(TEXT.replace(" with on", ", doc#a") + "    define b: [user, doc#b] and a\n")
    code, out, _ = run("validate", file)
    assert code == 0
    assert f"{file}:9:15: warning: " in out
    assert [item["code"] for item in json.loads(run("validate", file, "--json")[1])["warnings"]] == [
        "constrained-cycle"
    ]


def test_errors_of_modules_name_their_file(modules: Path) -> None:
    assert run("validate", modules / "fga.mod")[0] == 0
    (modules / "wiki.fga").write_text("module wiki\nextend type ghost\n")
    code, out, _ = run("validate", modules / "fga.mod")
    assert (code, out.split(" ")[0]) == (1, f"{modules / 'wiki.fga'}:2:13:")


def test_json_has_no_lines(tmp_path: Path) -> None:
    file = tmp_path / "m.json"
    file.write_text('{"schema_version": "3"}')
    code, out, _ = run("validate", file)
    assert (code, out) == (1, f"{file}: error: the schema version 3 is not supported [invalid-schema]\n")
    [error] = json.loads(run("validate", file, "--json")[1])["errors"]
    assert (error["line"], error["column"]) == (None, None)


def test_text_to_json_to_text(tmp_path: Path) -> None:
    text, value = tmp_path / "m.fga", tmp_path / "m.json"
    text.write_text("# gone\n" + TEXT + CONDITION)
    code, out, _ = run("transform", text)
    assert (code, json.loads(out)) == (0, to_json(parse(text.read_text())))
    value.write_text(out)
    assert run("transform", value) == (0, TEXT + CONDITION, "")
    assert run("transform", text, "--to", "fga") == (0, TEXT + CONDITION, "")
    assert run("transform", value, "--to", "json")[1] == out


def test_modules_to_json_to_modules(modules: Path, tmp_path: Path) -> None:
    value = tmp_path / "m.json"
    value.write_text(run("transform", modules / "fga.mod")[1])
    target = tmp_path / "new" / "folder"
    assert run("transform", value, "--modules", target) == (0, "", "")
    assert {path.name: path.read_text() for path in target.iterdir()} == {
        path.name: path.read_text() for path in modules.iterdir()
    }
    assert load(target / "fga.mod") == load(modules / "fga.mod") == load(value)
    assert run("transform", value)[1] == to_text(load(value))
    # Nothing is ever written over.
    assert run("transform", value, "--modules", target) == (2, "", f"filegraph: {target}: the folder is not empty\n")


def test_the_meaning_is_not_judged_but_nothing_is_lost_silently(tmp_path: Path) -> None:
    file = tmp_path / "m.fga"
    file.write_text(TEXT)
    assert run("validate", file)[0] == 1
    assert run("transform", file)[0] == 0
    file.write_text(TEXT + "type user\n")
    code, out, err = run("transform", file)
    assert (code, out) == (1, "")
    assert err.endswith("[duplicated-error]\n")


def test_one_module_alone_is_no_model(modules: Path) -> None:
    for command in ("validate", "transform"):
        code, out, err = run(command, modules / "wiki.fga")
        assert code == 1
        assert f"{modules / 'wiki.fga'}:1:1: " in out + err
        assert "fga.mod" in out + err


def test_what_a_text_cannot_say(tmp_path: Path) -> None:
    value = to_json(parse(TEXT + CONDITION))
    value["conditions"]["on"]["expression"] = "{1: x}[1]"
    file = tmp_path / "m.json"
    file.write_text(json.dumps(value))
    code, out, err = run("transform", file)
    assert (code, out) == (1, "")
    assert str(file) in err


def test_files_that_cannot_be_opened_and_options_that_contradict_each_other(modules: Path, tmp_path: Path) -> None:
    missing = tmp_path / "none.fga"
    for command in ("validate", "transform"):
        assert run(command, missing) == (2, "", f"filegraph: {missing}: No such file or directory\n")
    missing.write_text(TEXT)
    assert run("transform", missing, "--to", "fga", "--modules", tmp_path / "x")[0] == 2
    assert run("transform", modules / "fga.mod", "--modules", missing)[0] == 2
    # A model that never had modules cannot be written as some.
    assert run("transform", missing, "--modules", tmp_path / "x")[0] == 1
    assert not (tmp_path / "x").exists()


def test_names_cannot_steer_the_terminal(tmp_path: Path) -> None:
    file = tmp_path / "m.json"
    file.write_text(json.dumps({"schema_version": "1.1\x1b[2J"}))
    assert "\x1b" not in run("validate", file)[1]
    assert "\x1b" not in run("validate", file, "--json")[1]


def test_neither_settings_nor_a_database_nor_django_are_needed(tmp_path: Path) -> None:
    file = tmp_path / "m.fga"
    file.write_text(TEXT + CONDITION)
    environ = {**os.environ, "FILEGRAPH_DATA_DIR": str(tmp_path / "none"), "FILEGRAPH_DATABASE_URL": "nonsense"}
    command = [sys.executable, "-X", "importtime", "-m", "filegraph", "authz", "validate", str(file)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "authz" in loaded
    assert not loaded & {"django", "strawberry", "storage", "schema"}
    assert not (tmp_path / "none").exists()
