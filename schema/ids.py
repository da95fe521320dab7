"""Ids of the API: ``"<kind>_<26 characters>"``, so that an id says what it names and cannot be used as another.

The characters after the underscore are the row's own random id. Nothing is looked up here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from authz.identifiers import ALPHABET, LENGTH
from storage.models import NodeKind, NodeRef

_PATTERN = re.compile(rf"([a-z]{{4,6}})_([{ALPHABET}]{{{LENGTH}}})\Z", re.ASCII)


class Kind(StrEnum):
    """What an id names; the value is the prefix."""

    USER = "user"
    GROUP = "group"
    DRIVE = "drive"
    FOLDER = "folder"
    FILE = "file"
    UPLOAD = "upload"
    TOKEN = "token"  # noqa: S105 - a kind of id, not a secret
    MODEL = "model"


_ROW_ID = re.compile(rf"[{ALPHABET}]{{{LENGTH}}}\Z", re.ASCII)

NO_ROW = "none"
"""A row id that no row has: what is asked for by an id that names nothing is not there."""

_KINDS = {kind.value: kind for kind in Kind}


class InvalidId(ValueError):
    """Not an id, or one of another kind than asked for. The message may be shown to anybody.

    ``path`` is the field that it stands in, as of the errors of storage.
    """

    path: Sequence[str] = ()


def encode(kind: Kind, row_id: str) -> str:
    """Return the API id of a row."""
    return f"{kind.value}_{row_id}"


def decode(value: str) -> tuple[Kind, str]:
    """Return kind and row id of an API id. Raises InvalidId when it is malformed."""
    match = _PATTERN.match(value)
    kind = _KINDS.get(match.group(1)) if match else None
    if match is None or kind is None:
        raise InvalidId("This is not an id of this service.")
    return kind, match.group(2)


def decode_as(value: str, *kinds: Kind) -> str:
    """Return the row id of an API id that must be of one of ``kinds``. Raises InvalidId otherwise."""
    kind, row_id = decode(value)
    if kind not in kinds:
        raise InvalidId(f"Expected the id of a {' or '.join(kinds)}.")
    return row_id


def node_ref(value: str, *kinds: Kind) -> NodeRef:
    """Return what storage calls the node of an API id, which must be of one of ``kinds`` (any node when left out).

    Raises InvalidId.
    """
    kind, row_id = decode(value)
    if kind not in (kinds or (Kind.DRIVE, Kind.FOLDER, Kind.FILE)):
        raise InvalidId("This is not the id of a drive, folder or file that fits here.")
    return NodeRef(NodeKind(kind.value), row_id)


def object_name(value: str) -> str:
    """Return what authz calls the object of an API id (``file_x``: ``file:x``); its own names are taken as they are."""
    match = _PATTERN.match(value)
    return f"{match.group(1)}:{match.group(2)}" if match else value


def user_name(value: str) -> str:
    """Return what authz calls somebody: as ``object_name``, but a group stands for its members."""
    name = object_name(value)
    return f"{name}#member" if name != value and name.startswith(f"{Kind.GROUP.value}:") else name


def row_id(value: str) -> str:
    """Return an id without a kind as it is, or ``NO_ROW`` when it can be none."""
    return value if _ROW_ID.match(value) else NO_ROW
