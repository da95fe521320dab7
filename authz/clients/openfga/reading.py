"""Stored tuples, page by page: what is on its way first, then what the server has, without what is being deleted."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence

from authz.clients.base import ChangePage, TuplePage
from authz.clients.openfga import outbox, wire
from authz.clients.openfga.calls import Call, Deadline
from authz.clients.openfga.outbox import Delta
from authz.clients.openfga.patched import patched
from authz.clients.openfga.remote import Remote
from authz.clients.pages import require_filter, require_page_size
from authz.errors import InvalidContinuationToken
from authz.types import TupleKey

_WAITING = "waiting "
_STORED = "stored "


def read_page(remote: Remote, using: str, filter: Mapping[str, str], page_size: int, token: str) -> TuplePage:
    """Return one page. It is empty at the end alone, and may be shorter than asked for.

    Raises InvalidRequest (page size, or a filter that OpenFGA cannot answer) and InvalidContinuationToken.
    """
    require_page_size(page_size)
    require_filter(**filter)
    delta = outbox.delta(using, remote.store_id)
    phase, position = _read_token(token)
    if phase == _STORED:
        return _stored_page(remote, filter, page_size, position, delta)
    # By name and not by number: what is delivered between two pages must not move what still waits.
    fitting = sorted((key for key in delta.writes if _fits(key, filter) and _name(key) > position), key=_name)
    page = fitting[:page_size]
    room = page_size - len(page)
    rest = _stored_page(remote, filter, room or 1, "", delta)
    if room:
        return TuplePage((*page, *rest.tuples), rest.continuation_token)
    more = len(fitting) > page_size or rest.tuples
    return TuplePage(tuple(page), _token(_WAITING, _name(page[-1])) if more else "")


def _stored_page(remote: Remote, filter: Mapping[str, str], size: int, position: str, delta: Delta) -> TuplePage:
    deadline = Deadline()
    told = delta.told
    while True:
        (answer,) = remote.send([remote.read_call(filter, size, position)], deadline)
        stored = [wire.key_of(entry.get("key")) for entry in wire.entries(answer, "tuples")]
        position = wire.following(answer, position)
        found = tuple(key for key in stored if key.bare not in told)
        if found or not position:
            return TuplePage(found, _token(_STORED, position) if position else "")


def read_objects(remote: Remote, using: str, objects: Sequence[str], relation: str | None) -> list[list[TupleKey]]:
    """Return the stored tuples on each object, in their order. A call for each object, some at a time."""
    if not objects:
        return []
    delta = outbox.delta(using, remote.store_id)
    filters = [{"object": name, **({"relation": relation} if relation is not None else {})} for name in objects]
    return [
        patched(stored, delta, [key for key in delta.writes if _fits(key, filter)])
        for filter, stored in zip(filters, remote.read_all(filters), strict=True)
    ]


def read_changes(remote: Remote, type: str, page_size: int, token: str) -> ChangePage:
    """Return one page of the server's log. What is on its way is not in it yet."""
    require_page_size(page_size)
    query = [("page_size", str(page_size))]
    if type:
        query.append(("type", type))
    if token:
        query.append(("continuation_token", token))
    (answer,) = remote.send([Call("GET", f"/stores/{remote.store_id}/changes", query=tuple(query))], Deadline())
    return ChangePage(tuple(wire.changes(answer)), wire.text(answer, "continuation_token"))


def _fits(key: TupleKey, filter: Mapping[str, str]) -> bool:
    name = filter.get("object", key.object)
    return (
        filter.get("user", key.user) == key.user
        and filter.get("relation", key.relation) == key.relation
        and (key.object.startswith(name) if name.endswith(":") else key.object == name)
    )


def _name(key: TupleKey) -> str:
    return f"{key.object} {key.relation} {key.user}"


def _token(phase: str, position: str) -> str:
    return base64.urlsafe_b64encode((phase + position).encode()).decode()


def _read_token(token: str) -> tuple[str, str]:
    if not token:
        return _WAITING, ""
    try:
        text = base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise InvalidContinuationToken("the continuation token cannot be read") from None
    for phase in (_WAITING, _STORED):
        position = text.removeprefix(phase)
        if text.startswith(phase) and (phase == _STORED or position.count(" ") == 2):
            return phase, position
    raise InvalidContinuationToken("the continuation token belongs to another question")
