"""Time zones, as the date functions of conditions may be given them: written in the expression, and known.

The library of CEL opens whatever file a name leads to, holds everybody up while it reads, and keeps each name for good.
So nothing that is computed, or comes with a tuple or a question, may ever be such a name.
"""

from __future__ import annotations

import re
import zoneinfo
from functools import cache

from authz.dsl.syntax import Call, Constant, Tree, parts_of

DATE_FUNCTIONS = frozenset(
    {
        *("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"),
        *("getHours", "getMinutes", "getSeconds", "getMilliseconds"),
    }
)
"""Functions of CEL that take a zone behind their time, or none (langdef.md, "Timezones")."""

_OFFSET = re.compile(r"[+-]?(?:[01]?[0-9]|2[0-3]):[0-5]?[0-9]")


def unknown_zones(tree: Tree) -> list[str]:
    """Return a sentence for each zone in a tree that is neither an offset nor a name in the machine's own database."""
    found = [sentence for part in parts_of(tree) for sentence in unknown_zones(part)]
    if isinstance(tree, Call) and tree.function in DATE_FUNCTIONS:
        found += [
            f"the time zone of {tree.function} must be an offset ('+02:00') or a known name ('Europe/Berlin')"
            for zone in tree.operands[1:]
            if not (isinstance(zone, Constant) and _is_known(zone.text))
        ]
    return found


def _is_known(zone: str) -> bool:
    return _OFFSET.fullmatch(zone) is not None or zone in _names()


@cache
def _names() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())
