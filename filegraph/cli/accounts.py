"""``filegraph accounts``: who has an account, for whoever has the machine. Sets Django up."""

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
from accounts.models import User  # noqa: E402
from accounts.permissions import Permission  # noqa: E402
from accounts.principal import actor_of  # noqa: E402
from accounts.services import users  # noqa: E402
from authz.errors import AuthzError  # noqa: E402
from authz.services import access  # noqa: E402
from authz.types import ORGANIZATION  # noqa: E402
from filegraph.cli.opened import opened_installation  # noqa: E402
from filegraph.client.terminal import note, say  # noqa: E402
from schema.ids import Kind, encode  # noqa: E402
from storage.permissions import EDGES  # noqa: E402

_PAGE = 500
_EVERYBODY = actor_of("*")

app = typer.Typer(name="filegraph", add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def commands() -> None:
    """Look after the accounts of this installation."""


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
