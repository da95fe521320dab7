"""Whom something is shared with: as the person names them, as the server takes and shows them. No requests here."""

from __future__ import annotations

import unicodedata

from filegraph.client.errors import UsageFault
from filegraph.client.graphql_client import Json


def account_key(name: str) -> str:
    """The form in which the server compares names of people and groups."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name.strip()).casefold()).casefold()


def parse_subject(who: str) -> Json:
    """The ``ShareSubjectInput`` of ``NAME``, ``user:NAME``, ``group:NAME``, ``everyone`` or ``anyone``."""
    if who == "everyone":
        return {"everyone": "SIGNED_IN"}
    if who == "anyone":
        return {"everyone": "ANYONE"}
    kind, colon, name = who.partition(":")
    if not colon:
        kind, name = "user", who
    if not name or kind not in ("user", "group"):
        raise UsageFault(f"{who!r} is nobody; write a username, group:NAME, everyone or anyone.")
    return {"username": name} if kind == "user" else {"groupName": name}


def name_of(subject: Json | None) -> str:
    """What ``parse_subject`` takes, of a subject that the server shows."""
    match subject:
        case {"__typename": "User", "username": name}:
            return str(name)
        case {"__typename": "Group", "name": name}:
            return f"group:{name}"
        case {"__typename": "Everyone", "audience": audience}:
            return "anyone" if audience == "ANYONE" else "everyone"
    return "somebody who is gone, or of another kind"


def is_of(found: Json | None, given: Json) -> bool:
    """Whether a subject that the server shows is the one that the person named. Either audience takes back both."""
    match found:
        case {"__typename": "User", "username": name}:
            return "username" in given and account_key(name) == account_key(given["username"])
        case {"__typename": "Group", "name": name}:
            return "groupName" in given and account_key(name) == account_key(given["groupName"])
        case {"__typename": "Everyone"}:
            return "everyone" in given
    return False


def is_many(found: Json | None) -> bool:
    """Whether a subject that the server shows is more than one person."""
    return found is not None and found["__typename"] in ("Group", "Everyone")
