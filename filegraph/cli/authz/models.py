"""``filegraph authz``: commands for authorization models that need neither a server nor a database nor settings.

What a model means is said by ``authz.dsl``; here it is only read from files and shown.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from authz.dsl import to_json, to_modules, to_text
from authz.dsl.files import read_file
from authz.dsl.lint import lint
from authz.dsl.model import AuthorizationModel
from authz.dsl.parsed import ParsedModel
from authz.dsl.validate import obstacles
from authz.dsl.validate import validate as problems_of
from authz.errors import InvalidModel, ModelProblem
from filegraph.cli.authz.model_tests import as_json as test_report
from filegraph.cli.authz.model_tests import find_files, run_file, show
from filegraph.cli.late_commands import AUTHZ_COMMANDS
from filegraph.client.terminal import complain, say

INVALID = 1
USAGE_ERROR = 2
SHOWN_OF_SYNTAX = 10
"""Faults of the syntax that are told to people: after a few, one is often the cause of the next."""

app = typer.Typer(name="filegraph", add_completion=False, pretty_exceptions_enable=False)
commands = typer.Typer(
    no_args_is_help=True,
    help="Check, test and convert authorization models; compare, mend and move what they are asked about.",
)
app.add_typer(commands, name="authz")

ModelFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="A model: `.fga`, `.json`, or `fga.mod` for a model of several modules.")
]


class Form(Enum):
    """How a model is written."""

    FGA = "fga"
    JSON = "json"


@commands.command()
def validate(
    file: ModelFile,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of lines.")] = False,
) -> None:
    """Judge a model: every error with its place and code, and warnings about what OpenFGA's coming resolver refuses.

    Exit code 0: valid (warnings or not); 1: it has errors; 2: the file cannot be opened.
    """
    parsed: ParsedModel | None = None
    try:
        parsed = _read(file)
        errors: Sequence[ModelProblem] = problems_of(parsed)
    except InvalidModel as error:
        errors = error.problems
    warnings = lint(parsed) if parsed and not errors else []
    if as_json:
        _print_json(
            {
                "valid": not errors,
                "schema_version": (parsed.schema_version if parsed else "") or None,
                "errors": [_entry(file, problem) for problem in errors],
                "warnings": [_entry(file, problem) for problem in warnings],
            }
        )
    else:
        torn = len(errors) > SHOWN_OF_SYNTAX and all(problem.code == "invalid-syntax" for problem in errors)
        shown = errors[:SHOWN_OF_SYNTAX] if torn else errors
        for kind, found in (("error", shown), ("warning", warnings)):
            for problem in found:
                say(f"{_place(file, problem)}: {kind}: {problem.message} [{problem.code}]")
        if torn:
            say(f"{file}: and {len(errors) - len(shown)} more errors of syntax")
        if parsed and not errors:
            say(f"{file}: valid ({_summary(parsed.model())})")
    if errors:
        raise typer.Exit(INVALID)


@commands.command()
def transform(
    file: ModelFile,
    to: Annotated[
        Form | None,
        typer.Option("--to", help="What to print. Without it JSON becomes text, and everything else becomes JSON."),
    ] = None,
    modules: Annotated[
        Path | None,
        typer.Option("--modules", help="Print nothing, and write `fga.mod` and its modules into this new folder."),
    ] = None,
) -> None:
    """Print a model in its other form: text as OpenFGA's JSON, JSON as text. Only comments are lost.

    The meaning is not judged (see `validate`), but what could not be carried over is refused. The text of a model of
    several modules tells them in comments; `--modules` writes them as files again. Exit code 1: the model has errors;
    2: a file cannot be opened or written.
    """
    if to is not None and modules is not None:
        raise typer.BadParameter("--to and --modules cannot stand together")
    try:
        parsed = _read(file)
        if problems := obstacles(parsed):
            raise InvalidModel(problems)
        model = parsed.model()
        form = to or (Form.FGA if file.suffix == ".json" else Form.JSON)
        if modules is not None:
            _write(modules, to_modules(model))
        elif form is Form.JSON:
            _print_json(to_json(model))
        else:
            sys.stdout.write(to_text(model))
    except InvalidModel as error:
        for problem in error.problems:
            complain(f"{_place(file, problem)}: {problem.message} [{problem.code}]")
        raise typer.Exit(INVALID) from error


@commands.command("test")
def run_tests(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...", help="Store files (`.fga.yaml`), or patterns such as `'models/**/*.fga.yaml'`."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of lines.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Print the assertions that hold as well. `--json` always has them.")
    ] = False,
    external: Annotated[
        bool,
        typer.Option(
            "--allow-external-files",
            help="Let a store file name models and tuples outside of its own folder. Only for files that you trust.",
        ),
    ] = False,
) -> None:
    """Run the tests of store files on the built-in engine: the files that `fga model test` runs.

    Exit code 0: every assertion holds; 1: some do not, or a file is wrong; 2: a file cannot be opened.
    """
    try:
        runs = [run_file(file, external=external) for file in find_files(files)]
    except OSError as error:
        complain(f"{error.filename or error}: {error.strerror or 'there is no such file'}")
        raise typer.Exit(USAGE_ERROR) from error
    if as_json:
        _print_json(test_report(runs))
    else:
        show(runs, verbose=verbose)
    if not all(run.passed for run in runs):
        raise typer.Exit(INVALID)


def _elsewhere() -> None:
    """Never runs: ``filegraph.__main__`` takes commands that need the installation to their own module."""
    raise AssertionError("The command of an installation came to those of files.")


for _name, _command in AUTHZ_COMMANDS.items():
    commands.command(_name, help=_command.help, rich_help_panel="Of an installation")(_elsewhere)


def _read(file: Path) -> ParsedModel:
    try:
        return read_file(file)
    except OSError as error:
        complain(f"{file}: {error.strerror or 'cannot be read'}")
        raise typer.Exit(USAGE_ERROR) from error


def _write(folder: Path, texts: dict[str, str]) -> None:
    """Write the files of a model into a folder that is new or empty: nothing is ever overwritten."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            complain(f"{folder}: the folder is not empty")
            raise typer.Exit(USAGE_ERROR)
        for name, text in texts.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    except OSError as error:
        complain(f"{folder}: {error.strerror or 'cannot be written'}")
        raise typer.Exit(USAGE_ERROR) from error


def _place(file: Path, problem: ModelProblem) -> str:
    """``file:line:column`` as editors understand it; without the numbers where there is no text."""
    path = file.parent / problem.file if problem.file else file
    return f"{path}:{problem.line}:{problem.column}" if problem.line else str(path)


def _entry(file: Path, problem: ModelProblem) -> dict[str, Any]:
    return {
        "code": problem.code,
        "message": problem.message,
        "file": str(file.parent / problem.file if problem.file else file),
        "line": problem.line or None,
        "column": problem.column or None,
    }


def _summary(model: AuthorizationModel) -> str:
    relations = sum(len(definition.relations) for definition in model.types.values())
    text = f"schema {model.schema_version}, types: {len(model.types)}, relations: {relations}"
    return f"{text}, conditions: {len(model.conditions)}" if model.conditions else text


def _print_json(value: Any) -> None:
    # Escapes everything beyond ASCII, so nothing in it can steer a terminal.
    sys.stdout.write(json.dumps(value, indent=2) + "\n")
