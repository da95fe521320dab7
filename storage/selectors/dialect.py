"""Where SQLite and PostgreSQL differ: fragments of SQL, each with one meaning. Statements stand in other modules."""

from __future__ import annotations

from django.db import connection


def locks_rows() -> bool:
    """Tell whether rows can be locked. SQLite has one writer, and a transaction here is one from its beginning."""
    return bool(connection.features.has_select_for_update)


def for_update(alias: str = "") -> str:
    """Return the end of a SELECT that locks its rows (those of ``alias`` alone) until the end of the transaction."""
    return f" FOR UPDATE{f' OF {alias}' if alias else ''}" if locks_rows() else ""


def contains(column: str) -> str:
    """Return the condition that a text column contains a parameter, case and all."""
    return f"instr({column}, %s) > 0" if _is_sqlite() else f"strpos({column}, %s) > 0"


def joined(column: str) -> str:
    """Return the aggregate that joins texts by commas."""
    return f"group_concat({column})" if _is_sqlite() else f"string_agg({column}, ',' ORDER BY {column})"


def numbered(alias: str) -> str:
    """Return a source of rows: ``key`` (from 0) and ``value`` of each text in a parameter that is a JSON array."""
    if _is_sqlite():
        return f"json_each(%s) {alias}"
    elements = "jsonb_array_elements_text(%s::jsonb) WITH ORDINALITY t(value, place)"
    return f"(SELECT value, place - 1 AS key FROM {elements}) {alias}"  # noqa: S608 - our own names


def looked_up(table: str) -> str:
    """Return what joins to each row ``k`` the row ``n`` of its id, and is never turned round.

    PostgreSQL would rather walk all of ``n`` in the order that is asked for, and wait for what is in ``k``. SQLite
    joins in the order that is written.
    """
    if _is_sqlite():
        return f"CROSS JOIN {table} n"
    return f"CROSS JOIN LATERAL (SELECT * FROM {table} WHERE id = k.id OFFSET 0) n"  # noqa: S608 - our own names


def advisory_lock() -> str | None:
    """Return the statement that holds a number and a text until the end of the transaction; None where none is needed.

    For what has no row yet that could be locked.
    """
    return None if _is_sqlite() else "SELECT pg_advisory_xact_lock(%s, hashtext(%s))"


def _is_sqlite() -> bool:
    return connection.vendor == "sqlite"
