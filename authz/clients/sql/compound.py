"""Pieces of SQL put together: conditions by AND and OR, SELECTs by UNION and its kin; parameters stay in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from authz.clients.sql.dialect import Sql

FALSE = Sql("1 = 0")
NOBODY = Sql("SELECT NULL AS id WHERE 1 = 0")


def joined(parts: Sequence[Sql], word: str) -> Sql:
    """Join conditions by ``AND`` or ``OR``, each in brackets unless it is alone; empty texts are left out."""
    parts = [part for part in parts if part.text]
    if len(parts) == 1:
        return parts[0]
    return Sql(f" {word} ".join(f"({part.text})" for part in parts), params(parts))


def compound(parts: Sequence[Sql], word: str) -> Sql:
    """Join SELECTs. A compound one is wrapped, because SQLite takes no brackets around the members of a compound."""
    if len(parts) == 1:
        return parts[0]
    texts = [f"SELECT * FROM ({part.text}) q" if part.compound else part.text for part in parts]  # noqa: S608
    return Sql(f" {word} ".join(texts), params(parts), compound=True)


def params(parts: Iterable[Sql]) -> tuple[Any, ...]:
    """Return the parameters of pieces that follow each other."""
    return tuple(value for part in parts for value in part.params)
