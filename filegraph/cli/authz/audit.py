"""``filegraph authz audit``: who gave and took permissions, on the machine of the server. Sets Django up.

Names are those of today; what no account has any more is shown by its id.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import django
import typer

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "filegraph.settings")
django.setup()

# Models can be imported only now.
from accounts.errors import AccountNotFound  # noqa: E402
from accounts.principal import actor_of  # noqa: E402
from accounts.services import groups, users  # noqa: E402
from authz.services import audit as log  # noqa: E402
from authz.services.audit import AuditOperation, Entry  # noqa: E402
from authz.types import OPERATOR, RelationshipCondition  # noqa: E402
from filegraph.cli.opened import opened_installation  # noqa: E402
from filegraph.client.terminal import note, say  # noqa: E402
from schema.ids import InvalidId, Kind, decode, encode, user_name  # noqa: E402

_PAGE = 500
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}

app = typer.Typer(name="filegraph", add_completion=False, pretty_exceptions_enable=False)
commands = typer.Typer(no_args_is_help=True, help="Look into the permissions of this installation.")
app.add_typer(commands, name="authz")


@commands.command()
def audit(
    since: Annotated[
        str | None, typer.Option(help="From when on: 30m, 12h, 7d, or a time such as 2026-05-04 or 2026-05-04T12:00.")
    ] = None,
    object: Annotated[
        str | None,
        typer.Option(help="About one thing: its id (file_..., model_...), or its name in the model (group:<id>)."),
    ] = None,
    user: Annotated[
        str | None,
        typer.Option(
            help="Whose permissions: a username, an id (user_..., group_...), or a user of the model (user:*)."
        ),
    ] = None,
    actor: Annotated[
        str | None,
        typer.Option(help="Who did it: a username, an id (user_...), or an actor such as service:filegraph."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many entries at most.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, with ids instead of names.")] = False,
) -> None:
    """Show who gave and took permissions, who looked into them, and what was refused: the newest first.

    Whether and for how long that is written down is set by FILEGRAPH_AUDIT, FILEGRAPH_AUDIT_DENIALS and
    FILEGRAPH_AUDIT_RETENTION. Exit code 2: an option cannot be understood, or there is no database to read.
    """
    with opened_installation():
        found = _entries(
            limit,
            since=_given(since, _moment, "--since", "30m, 12h, 7d, a date or a time"),
            object=_given(object, _object, "--object", "an id, or a name in the model such as group:<id>"),
            user=_given(user, _user, "--user", "a username or an id"),
            actor=_given(actor, _user, "--actor", "a username or an id"),
        )
        for page in found:
            _show(page, as_json=as_json)


def _show(page: Iterable[Entry], *, as_json: bool) -> None:
    names = {} if as_json else _names(page)
    for entry in page:
        if as_json:
            # Escapes everything beyond ASCII, so nothing in it can steer a terminal.
            sys.stdout.write(json.dumps(_json(entry)) + "\n")
        else:
            say(f"{entry.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z  {_sentence(entry, names)}")


def _entries(limit: int, **filters: Any) -> Iterator[list[Entry]]:
    before = None
    while limit > 0:
        page = log.entries(**filters, before=before, limit=min(limit, _PAGE))
        yield page
        if not page and before is None:
            note("There is no such entry.")
        if len(page) < _PAGE:
            return
        before = page[-1].id
        limit -= len(page)


def _given(text: str | None, read: Callable[[str], Any], option: str, form: str) -> Any:
    if text is None:
        return None
    try:
        # What no database takes can name nothing.
        text.encode()
        return read(text)
    except AccountNotFound:
        raise typer.BadParameter(f"there is no account of the name {text!r}", param_hint=option) from None
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} cannot be understood; write {form}", param_hint=option) from None


def _moment(text: str) -> datetime:
    ago = re.fullmatch(r"(\d{1,6})([mhd])", text)
    if ago:
        return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _object(text: str) -> str:
    """Return what an entry calls a thing. Raises ValueError, also for a path of the tree: entries do not have those."""
    if ":" in text and ":/" not in text:
        return text
    try:
        kind, row_id = decode(text)
    except InvalidId as error:
        raise ValueError(str(error)) from error
    return f"{log.MODEL if kind is Kind.MODEL else kind}:{row_id}"


def _thing(name: str) -> str:
    """Return what to call a thing: a version of the model by its id, which is what it is asked for by."""
    kind, _, row_id = name.partition(":")
    return encode(Kind.MODEL, row_id) if kind == log.MODEL else name


def _user(text: str) -> str:
    name = user_name(text)
    return name if ":" in name else actor_of(users.by_username(name, deactivated=True).pk)


def _names(page: Iterable[Entry]) -> Mapping[str, str]:
    """Return what to call the people and groups of some entries, by ``"user:<id>"`` and ``"group:<id>"``."""
    named = {part for entry in page for part in (entry.actor, entry.key.user.partition("#")[0], entry.key.object)}
    people = users.by_ids(name.removeprefix("user:") for name in named if name.startswith("user:"))
    found = groups.by_ids(name.removeprefix("group:") for name in named if name.startswith("group:"))
    return {
        OPERATOR: "the operator",
        **{f"user:{user_id}": person.username for user_id, person in people.items()},
        **{f"group:{group_id}": f'group "{group.name}"' for group_id, group in found.items()},
    }


def _sentence(entry: Entry, names: Mapping[str, str]) -> str:
    bare, hash_sign, relation = entry.key.user.partition("#")
    user = names.get(bare, bare) + hash_sign + relation
    actor = names.get(entry.actor, entry.actor)
    thing = names.get(entry.key.object, _thing(entry.key.object))
    what = f"{entry.key.relation} on {thing}"
    under = _under(entry.key.condition) if entry.key.condition else ""
    match entry.operation:
        case AuditOperation.WRITE:
            return f"{actor} gave {user} {what}{under}"
        case AuditOperation.DELETE:
            return f"{actor} took from {user} {what}{under}"
        case AuditOperation.DENY:
            return f"{user} was refused {what}" + (f" ({entry.occurrences} times)" if entry.occurrences > 1 else "")
        case AuditOperation.ACTIVATE:
            return f"{actor} activated {thing}" + (f": {entry.note}" if entry.note else "")
        case AuditOperation.ASK:
            about = " ".join(part for part in (user, entry.key.relation, thing) if part)
            return f"{actor} asked {entry.note}" + (f" about {about}" if about else "")


def _under(condition: RelationshipCondition) -> str:
    context = f" {json.dumps(dict(condition.context))}" if condition.context else ""
    return f" under {condition.name}{context}"


def _json(entry: Entry) -> dict[str, Any]:
    condition = entry.key.condition
    return {
        "id": entry.id,
        "at": entry.at.astimezone(UTC).isoformat(),
        "actor": entry.actor,
        "operation": entry.operation.value,
        "user": entry.key.user,
        "relation": entry.key.relation,
        "object": _thing(entry.key.object),
        "condition": {"name": condition.name, "context": dict(condition.context)} if condition else None,
        "note": entry.note,
        "occurrences": entry.occurrences,
        "request": entry.request or None,
    }
