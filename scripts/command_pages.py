"""Writes ``docs/reference/command-line.md`` from the commands themselves, so that it cannot say anything else.

``python -m scripts.command_pages`` writes the page, ``make docs`` calls it; a test holds it equal.
"""

from __future__ import annotations

import importlib
import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from enum import EnumType
from pathlib import Path
from typing import Any, TypeAlias, get_args, get_type_hints

import typer
from typer.models import ArgumentInfo, CommandInfo, OptionInfo

from filegraph.cli.app import app as client_app
from filegraph.cli.authz.models import commands as model_commands
from filegraph.cli.late_commands import AUTHZ_COMMANDS, OFFLINE_COMMANDS, SERVER_COMMANDS, LateCommand
from filegraph.client.errors import ExitCode

Function: TypeAlias = Callable[..., Any]

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "command-line.md"

HEAD = """# Command line

`filegraph COMMAND --help` says the same. This page is generated: `make docs`.

A remote place is written `DRIVE:/folder/file`. Instead of the drive's name, the id of a drive or folder may stand
before the colon: `folder_...:/file`. The server and the token come from `filegraph login`, or from `FILEGRAPH_URL` and
`FILEGRAPH_TOKEN`.

What has no command: at `/admin/` the quota of a drive is changed, accounts are listed and deactivated, and whoever may
enter there changes her own password. [GraphQL](../graphql.md) lists the files of all places that you see, also of those
shared with you, and answers questions about permissions. On the server, `filegraph accounts` lists people.

While the server, or a part of it, is away, a command that may be repeated waits for it, up to 14 seconds, and says once
on stderr for what: `The server says: ... Trying again.` If it does not come back, it ends with exit code 5.
"""

EXIT_CODES = {
    ExitCode.OK: "Done.",
    ExitCode.SOME_FAILED: "It ran, and some of its items failed; each was named. Or you said no to its question.",
    ExitCode.USAGE: "The command line or a setting does not make sense.",
    ExitCode.NOT_SIGNED_IN: "No token, or the server does not accept it.",
    ExitCode.NOT_FOUND: "Absent, or not yours: one answer.",
    ExitCode.UNREACHABLE: "No connection, or no sensible answer.",
    ExitCode.REFUSED: "The server understood and said no: a name is taken, a drive is full.",
    ExitCode.INTERRUPTED: "Ctrl-C. Run it again to go on where it stopped.",
}


def page() -> str:
    """Return the page, in Markdown."""
    lines = [HEAD, "## Using a server", ""]
    for name, command in _client_commands():
        lines += _section(name, command)
    lines += ["## Running a server", ""]
    for name in SERVER_COMMANDS:
        lines += _section(f"filegraph {name}", _server_command(_late(SERVER_COMMANDS, name).app, name))
    lines += ["## Authorization models", "", "Without a server: see [the model language](../model-language.md).", ""]
    for each in model_commands.registered_commands:
        assert each.callback is not None
        if each.name not in AUTHZ_COMMANDS:
            lines += _section(f"filegraph authz {_name_of(each)}", each.callback)
    lines += ["## Permissions of an installation", "", "With its settings: see [OpenFGA](../openfga.md).", ""]
    for name in AUTHZ_COMMANDS:
        lines += _section(f"filegraph authz {name}", _server_command(_late(AUTHZ_COMMANDS, name).commands, name))
    lines += ["## Exit codes", "", "Of the commands that use a server; the others know 0, 1 and 2.", ""]
    lines += ["| code | meaning |", "|---|---|", *(f"| {code.value} | {EXIT_CODES[code]} |" for code in ExitCode)]
    return "\n".join(lines) + "\n"


def _client_commands() -> Iterator[tuple[str, Function]]:
    for each in client_app.registered_commands:
        if each.callback is not None and each.name not in {*SERVER_COMMANDS, *OFFLINE_COMMANDS}:
            yield f"filegraph {_name_of(each)}", each.callback
    for group in client_app.registered_groups:
        assert group.typer_instance is not None
        for each in group.typer_instance.registered_commands:
            if each.callback is not None:
                yield f"filegraph {group.name} {_name_of(each)}", each.callback


def _late(commands: Mapping[str, LateCommand], name: str) -> Any:
    # Nothing is read or written, but Django wants a key before it hands out its models.
    os.environ.setdefault("FILEGRAPH_SECRET_KEY", "only-to-write-pages-0123456789abcdef")
    return importlib.import_module(commands[name].module)


def _server_command(app: typer.Typer, name: str) -> Function:
    return next(each.callback for each in app.registered_commands if each.callback and _name_of(each) == name)


def _name_of(command: CommandInfo) -> str:
    return command.name or getattr(command.callback, "__name__", "").replace("_", "-")


def _section(name: str, function: Function) -> list[str]:
    arguments: list[str] = []
    rows: list[str] = []
    options: list[str] = []
    for parameter, kind, info in _parameters(function):
        if isinstance(info, ArgumentInfo):
            shown = info.metavar or parameter.name.upper()
            arguments.append(shown)
            rows.append(f"| `{_cell(shown)}` | {_cell(info.help)} |")
        else:
            options.append(f"| {_option(parameter, kind, info)} | {_cell(info.help)}{_default(parameter)} |")
    usage = " ".join([name, *(["[OPTIONS]"] if options else []), *arguments])
    lines = [f"### {name}", "", f"`{usage}`", "", inspect.getdoc(function) or "", ""]
    return [*lines, "| | |", "|---|---|", *rows, *options, ""] if rows or options else lines


def _parameters(function: Function) -> Iterator[tuple[inspect.Parameter, Any, ArgumentInfo | OptionInfo]]:
    hints = get_type_hints(function, include_extras=True)
    for parameter in inspect.signature(function).parameters.values():
        kind, *extras = get_args(hints[parameter.name])
        info = next(each for each in extras if isinstance(each, (ArgumentInfo, OptionInfo)))
        yield parameter, kind, info


def _option(parameter: inspect.Parameter, kind: Any, info: OptionInfo) -> str:
    """Its names and what follows them, as ``--help`` has it."""
    # Inside Annotated, typer keeps the first name in the place of the default.
    names = [each for each in (info.default, *(info.param_decls or ())) if isinstance(each, str) and each[:1] == "-"]
    names = names or [f"--{parameter.name.replace('_', '-')}"]
    choices: list[Any] | None = next(
        (list(each) for each in (kind, *get_args(kind)) if isinstance(each, EnumType)), None
    )
    value = "" if kind is bool else " VALUE" if choices is None else " " + "\\|".join(each.value for each in choices)
    return ", ".join(f"`{each}{value}`" for each in names)


def _default(parameter: inspect.Parameter) -> str:
    default = getattr(parameter.default, "value", parameter.default)
    return "" if default in (None, "", False, inspect.Parameter.empty) else f" Default: `{default}`."


def _cell(text: str | None) -> str:
    return (text or "").replace("|", "\\|")


def write() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write()
