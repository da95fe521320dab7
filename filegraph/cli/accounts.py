"""``filegraph accounts`` and ``administrator``: who has an account, for whoever has the machine. Sets Django up.

Nobody is asked for a permission, so that a night on which no administrator can sign in comes to an end here.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import django
import typer

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "filegraph.settings")
django.setup()

# Models can be imported only now.
from accounts.errors import AccountsError  # noqa: E402
from accounts.models import User  # noqa: E402
from accounts.permissions import Permission  # noqa: E402
from accounts.principal import actor_of  # noqa: E402
from accounts.services import recovery, users  # noqa: E402
from authz.errors import AuthzError  # noqa: E402
from authz.services import access  # noqa: E402
from authz.types import ORGANIZATION  # noqa: E402
from filegraph.cli.opened import end, opened_installation  # noqa: E402
from filegraph.client.errors import ends_with_exit_code  # noqa: E402
from filegraph.client.login import read_password  # noqa: E402
from filegraph.client.terminal import note, say  # noqa: E402
from schema.ids import Kind, encode  # noqa: E402
from storage.permissions import EDGES  # noqa: E402

_PAGE = 500
_EVERYBODY = actor_of("*")

app = typer.Typer(name="filegraph", add_completion=False, pretty_exceptions_enable=False)


@app.command()
def accounts(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List the accounts of people by name, with their ids; a star marks who administers.

    An id is what `filegraph authz audit` and the API take. Exit code 2: there is no database to read.
    """
    with opened_installation():
        administrators = _administrators()
        for person in _people():
            administers = None if administrators is None else actor_of(person.pk) in administrators
            if as_json:
                # Escapes everything beyond ASCII, so nothing in it can steer a terminal.
                sys.stdout.write(json.dumps(_json(person, administers=administers)) + "\n")
            else:
                say(_line(person, "*" if administers else " "))


@app.command()
@ends_with_exit_code
def administrator(
    username: Annotated[
        str,
        typer.Argument(metavar="USERNAME", help="Name to sign in with, of an account that is there or a new one."),
    ],
    password_stdin: Annotated[bool, typer.Option(help="Read the password from standard input.")] = False,
) -> None:
    """Make somebody an administrator with a new password, where nobody else can any more. The service may run.

    For whoever has the machine: no permission is asked. A deactivated account is active again; sessions and access
    tokens that it had end. The audit names the operator. Exit code 2: the name or the password was refused.
    """
    with opened_installation():
        password = read_password(from_stdin=password_stdin, confirm=True)
        try:
            person = recovery.make_administrator(username, password, now=datetime.now(UTC))
        except AccountsError as error:
            end(error.message)
        say(f"{person.username} ({encode(Kind.USER, person.pk)}) is an administrator.")
        administrators = _administrators()
        if administrators is not None and actor_of(person.pk) not in administrators:
            note(
                "The active authorization model gives her no right to administer: `filegraph authz activate --shipped`."
            )


def _administrators() -> frozenset[str] | None:
    """Return who administers, as authz names them; None where that cannot be told, which is said on stderr."""
    try:
        found = access.holders(ORGANIZATION, Permission.ADMINISTER, "user", (), EDGES)
    except AuthzError as error:
        note(f"Who administers is not known now: {str(error).rstrip('.')}.")
        return None
    if _EVERYBODY in found:
        note("Everybody administers whom the authorization model does not exclude.")
    return frozenset(found)


def _people() -> Iterator[User]:
    after = ""
    while page := users.page_unasked(after=after, limit=_PAGE):
        yield from page
        after = page[-1].username_key


def _line(person: User, star: str) -> str:
    state = "active" if person.is_active else "deactivated"
    seen = "never" if person.last_login is None else f"{person.last_login.astimezone(UTC):%Y-%m-%d}"
    known = f"{star} {encode(Kind.USER, person.pk)}  {state:11}  {seen:10}"
    return f"{known}  {person.username}  {person.display_name}".rstrip()


def _json(person: User, *, administers: bool | None) -> dict[str, Any]:
    return {
        "id": encode(Kind.USER, person.pk),
        "username": person.username,
        "display_name": person.display_name,
        "active": person.is_active,
        "administrator": administers,
        "created_at": _moment(person.created_at),
        "last_sign_in": None if person.last_login is None else _moment(person.last_login),
    }


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
