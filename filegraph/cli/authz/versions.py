"""``filegraph authz models`` and ``activate``: which model is in force, for whoever has the machine. Sets Django up.

Nobody is asked for a permission, so that what an administrator cannot mend any more through the service, because the
active model gives nobody the right or cannot be read, can be mended here.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import django
import typer

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "filegraph.settings")
django.setup()

# Models can be imported only now.
from accounts.services import users  # noqa: E402
from authz.errors import AdministratorLockout  # noqa: E402
from authz.services import activation, model_versions, shipped_model  # noqa: E402
from authz.services.activation import Activated  # noqa: E402
from authz.services.model_versions import ModelVersion  # noqa: E402
from authz.types import OPERATOR  # noqa: E402
from filegraph import engine_problems  # noqa: E402
from filegraph.cli.opened import end, opened_installation  # noqa: E402
from filegraph.client.terminal import note, say  # noqa: E402
from filegraph.program import program  # noqa: E402
from schema.ids import InvalidId, Kind, decode_as, encode, row_id  # noqa: E402
from schema.needs import NEEDS  # noqa: E402

_PAGE = 100

app = typer.Typer(name="filegraph", add_completion=False, pretty_exceptions_enable=False)
commands = typer.Typer(no_args_is_help=True)
app.add_typer(commands, name="authz")


@commands.command()
def models(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, with ids instead of names.")] = False,
) -> None:
    """List the versions of the authorization model that are kept, the newest first; a star marks the active one.

    Whether this release can read the active one is told on stderr. Exit code 2: there is no database to read.
    """
    with opened_installation():
        for page in _pages():
            names = {} if as_json else _names(page)
            for version in page:
                if as_json:
                    # Escapes everything beyond ASCII, so nothing in it can steer a terminal.
                    sys.stdout.write(json.dumps(_json(version)) + "\n")
                else:
                    say(_line(version, names.get(version.author, version.author)))
        if problem := engine_problems.of_model():
            note(problem.sentence)


@commands.command()
def activate(
    version: Annotated[
        str | None,
        typer.Argument(metavar="VERSION", help="A version, by the id that `filegraph authz models` shows."),
    ] = None,
    shipped: Annotated[bool, typer.Option("--shipped", help="The model that comes with this release.")] = False,
    about: Annotated[str, typer.Option("--note", help="What the history shall say about it.")] = "",
    even_if: Annotated[
        bool,
        typer.Option(
            "--even-if-nobody-can-administer", help="Also a model by which nobody could administer the installation."
        ),
    ] = False,
) -> None:
    """Make a version the active one, for every request that begins from now on. The service may run.

    For whoever has the machine: no permission is asked, and the active model is not needed, so that this works also
    when it gives nobody the right, or cannot be read. The audit names the operator. Exit code 2: it was refused,
    because the model lacks relations that the service asks for, or would leave nobody to administer.
    """
    if (version is None) is not shipped:
        raise typer.BadParameter("give either VERSION or --shipped")
    with opened_installation():
        now = datetime.now(UTC)
        version_id = shipped_model.keep(now=now).pk if version is None else _version_id(version)
        try:
            done = activation.activate_unasked(
                OPERATOR, version_id, needs=NEEDS, note=about, now=now, leaves_administrator=not even_if
            )
        except AdministratorLockout as lockout:
            end(f"{lockout} --even-if-nobody-can-administer activates it all the same.")
        _tell(done)


def _version_id(text: str) -> str:
    try:
        return decode_as(text, Kind.MODEL) if "_" in text else row_id(text)
    except InvalidId:
        told = f"there is no version {text!r}; `{program()} authz models` lists them"
        raise typer.BadParameter(told, param_hint="VERSION") from None


def _pages() -> Iterator[Sequence[ModelVersion]]:
    after = None
    while page := model_versions.page_unasked(after=after, limit=_PAGE):
        yield page
        after = (page[-1].created_at, page[-1].id)


def _names(page: Sequence[ModelVersion]) -> dict[str, str]:
    people = users.by_ids(each.author.removeprefix("user:") for each in page if each.author.startswith("user:"))
    return {f"user:{user_id}": person.username for user_id, person in people.items()}


def _line(version: ModelVersion, author: str) -> str:
    star = "*" if version.is_active else " "
    made = f"{version.created_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
    told = " ".join(version.note.split())
    return f"{star} {encode(Kind.MODEL, version.id)}  {made}  {version.origin:7}  {author or '-'}  {told}".rstrip()


def _json(version: ModelVersion) -> dict[str, Any]:
    return {
        "id": encode(Kind.MODEL, version.id),
        "active": version.is_active,
        "created_at": version.created_at.astimezone(UTC).isoformat(),
        "origin": version.origin,
        "author": version.author or None,
        "note": version.note,
    }


def _tell(done: Activated) -> None:
    name = encode(Kind.MODEL, done.version.id)
    if done.previous is None:
        say(f"{name} was active already.")
        return
    say(f"{name} is active now, instead of {encode(Kind.MODEL, done.previous.id)}.")
    if done.orphaned is None:
        say("How many of the stored tuples it does not allow could not be counted.")
    elif done.orphaned:
        say(
            f"It does not allow {done.orphaned} of the stored tuples: they count for nothing until a model allows them."
        )
