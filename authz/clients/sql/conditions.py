"""Conditions of tuples in SQL: what a database decides by itself, and what it has to be told.

Decided here are comparisons of a time that the question tells with one that the tuple carries, if that is written in
UTC, as ``2026-01-02T03:04:05.678Z``: then the order of texts is the order of times. Whatever else a tuple carries is
evaluated before, for the few tuples that name somebody under a condition, and told as the ids of those that hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from authz.clients.sql.dialect import Sql, row_source, rows_parameter
from authz.dsl.model import Condition
from authz.engine.expiry import TimeTest, comparison_of

_LATE_DAYS = ", ".join(
    f"'{month:02}-{day}'"
    for month in range(1, 13)
    for day in (29, 30, 31)
    if not (month == 2 or (day == 31 and month in (4, 6, 9, 11)))
)
_DATE = "[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]"
_CLOCK = "[0-2][0-9]:[0-5][0-9]:[0-5][0-9]"


class ConditionsSql:
    """The conditions of one model for one database."""

    def __init__(self, conditions: Mapping[str, Condition], vendor: str) -> None:
        self._vendor = vendor
        found = map(comparison_of, conditions.values())
        self._comparisons = [each for each in found if each is not None]

    def tests(self, context: Mapping[str, Any]) -> list[TimeTest]:
        """Return what the database can decide under the context of a question."""
        found = (each.asked(context) for each in self._comparisons)
        return [each for each in found if each is not None]

    def met(self, tuple_: str, tests: Iterable[TimeTest]) -> Sql:
        """Return whether the condition of a row ``tuple_`` of tuples holds: told, or decided here. Never null."""
        told = Sql(f"{tuple_}.id IN (SELECT id FROM told)")  # noqa: S608
        parts = [told, *(self._holds(tuple_, test) for test in tests)]
        return Sql(" OR ".join(f"({part.text})" for part in parts), tuple(v for part in parts for v in part.params))

    def undecided(self, tuple_: str, tests: Iterable[TimeTest]) -> Sql:
        """Return whether the condition of a row has to be evaluated elsewhere. Never null."""
        parts = [self._decides(tuple_, test) for test in tests]
        if not parts:
            return Sql("1 = 1")
        text = " OR ".join(f"({part.text})" for part in parts)
        return Sql(f"NOT ({text})", tuple(value for part in parts for value in part.params))

    def told(self, ids: Sequence[int]) -> Sql:
        """Return the expression of the ids of tuples that were found to hold."""
        source = row_source(self._vendor, ["id"])
        text = f"told(id) AS MATERIALIZED (SELECT CAST(id AS bigint) FROM ({source}) i)"  # noqa: S608
        return Sql(text, (rows_parameter([[each] for each in ids]),))

    def _holds(self, tuple_: str, test: TimeTest) -> Sql:
        decides = self._decides(tuple_, test)
        text = self._text(tuple_, test)
        fraction = f"substr(rtrim(substr({text}, 21), 'Z') || '000000', 1, 6)"
        moment = f"(substr({text}, 1, 19) || '.' || {fraction})"
        collation = 'COLLATE "C" ' if self._vendor == "postgresql" else ""
        compared = f"CASE WHEN {decides.text} THEN {moment} {collation}{test.sign} %s ELSE 1 = 0 END"
        return Sql(compared, (*decides.params, test.moment))

    def _decides(self, tuple_: str, test: TimeTest) -> Sql:
        """Return whether a row carries the condition with a time in UTC, short of the ends of all time, and no more."""
        text, context = self._text(tuple_, test), f"{tuple_}.condition_context"
        day = f"(substr({text}, 9, 2) <= '28' OR substr({text}, 6, 5) IN ({_LATE_DAYS}))"
        if self._vendor == "postgresql":
            name = f"'{test.parameter}'"
            alone = f"jsonb_typeof({context} -> {name}) = 'string' AND {context} - {name} = '{{}}'::jsonb"
            shape = f"{text} ~ '^{_DATE}T{_CLOCK}([.][0-9]{{1,9}})?Z$'"
        else:
            path = f"'$.{test.parameter}'"
            alone = f"json_type({context}, {path}) = 'text' AND json_remove({context}, {path}) = '{{}}'"
            digits = f"(substr({text}, 20, 1) = '.' AND length({text}) BETWEEN 22 AND 30"
            digits += f" AND ltrim(substr({text}, 21), '0123456789') = 'Z')"
            shape = f"{text} GLOB '{_DATE}T{_CLOCK}*' AND (substr({text}, 20) = 'Z' OR {digits})"
        ranges = f"{day} AND substr({text}, 9, 2) >= '01' AND substr({text}, 6, 2) BETWEEN '01' AND '12'"
        ranges += f" AND substr({text}, 12, 2) <= '23' AND substr({text}, 1, 4) BETWEEN '0002' AND '9998'"
        condition = f"{tuple_}.condition_name = %s AND {alone} AND {shape} AND {ranges}"
        return Sql(f"CASE WHEN {condition} THEN 1 = 1 ELSE 1 = 0 END", (test.condition,))

    def _text(self, tuple_: str, test: TimeTest) -> str:
        """Return the time as it is written; the name of a parameter is a word (``comparison_of``)."""
        context = f"{tuple_}.condition_context"
        if self._vendor == "postgresql":
            return f"({context} ->> '{test.parameter}')"
        return f"json_extract({context}, '$.{test.parameter}')"
