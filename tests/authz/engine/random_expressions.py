"""Random CEL expressions of every type, and values for their parameters: well typed, and often without a value.

``has`` is asked of maps alone: of anything else OpenFGA's CEL says false, ours that it fails.
"""

from __future__ import annotations

import re
from random import Random
from typing import Any

PARAMETERS = {
    "i": "int",
    "j": "int",
    "u": "uint",
    "d": "double",
    "s": "string",
    "t": "string",
    "b": "bool",
    "at": "timestamp",
    "until": "timestamp",
    "span": "duration",
    "l": "list<int>",
    "names": "list<string>",
    "m": "map<int>",
    "a": "any",
    "ip": "ipaddress",
}
_VALUES: dict[str, list[Any]] = {
    "i": [0, 1, -1, 7, "9223372036854775807"],
    "j": [0, 2, -3],
    "u": [0, 1, 5],
    "d": [0, 1, 0.5, -2.25],
    "s": ["", "a", "abc", "\u00e4\U0001f600"],
    "t": ["a", "bc", "."],
    "b": [True, False],
    "at": ["2026-01-02T03:04:05Z", "2026-02-28T23:59:59.5+01:00"],
    "until": ["2026-01-02T03:04:05Z", "1999-12-31T00:00:00Z"],
    "span": ["0", "1h30m", "-1s"],
    "l": [[], [1], [0, 1, 2], [7, 7]],
    "names": [[], ["a"], ["a", "abc"]],
    "m": [{}, {"k": 1}, {"k": 0, "a": 5}],
    "a": [None, 1, "a", True, [1, "a"], {"k": 1}, {"k": {"k": "a"}}],
    "ip": ["10.0.0.1", "::1", "::ffff:192.168.0.9"],
}

_PLACE = re.compile(r"\{(\w+)\}")
"""Where an expression of a type goes."""


class Expressions:
    """Makes expressions, by one source of chance."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def of(self, kind: str, depth: int) -> str:
        """Return an expression of a type, nested at most ``depth`` deep."""
        rules = _LEAVES[kind] if depth <= 0 else [*_LEAVES[kind], *_NODES[kind], *_NODES[kind]]
        return _PLACE.sub(lambda place: self.of(place[1], depth - 1), self.random.choice(rules))

    def context(self) -> dict[str, Any]:
        """Return a value for every parameter."""
        return {name: self.random.choice(values) for name, values in _VALUES.items()}


_LEAVES = {
    "bool": ["b", "true", "false"],
    "int": ["i", "j", "0", "1", "-3", "9223372036854775807"],
    "uint": ["u", "0u", "2u"],
    "double": ["d", "0.5", "-1.0", "1e300"],
    "string": ["s", "t", "'a'", "''", "'\u00e4'"],
    "timestamp": ["at", "until", "timestamp('2026-01-02T03:04:05Z')"],
    "duration": ["span", "duration('90m')"],
    "ints": ["l", "[1, 2]", "[i, j]"],
    "strings": ["names", "['a', s]"],
    "dyn": ["a", "a.k", "a[0]", "a.k.k"],
}
_NODES = {
    "bool": [
        "({bool} && {bool})",
        "({bool} || {bool})",
        "!{bool}",
        "({bool} ? {bool} : {bool})",
        "({int} < {int})",
        "({int} == {int})",
        "({uint} >= {uint})",
        "({double} <= {double})",
        "({double} != {double})",
        "({string} == {string})",
        "({string} < {string})",
        "{string}.startsWith({string})",
        "{string}.endsWith({string})",
        "{string}.contains({string})",
        "{string}.matches('^[a-c]+$')",
        "({timestamp} < {timestamp})",
        "({timestamp} == {timestamp})",
        "({duration} > {duration})",
        "({int} in {ints})",
        "({string} in {strings})",
        "{ints}.exists(e, e == {int})",
        "{ints}.all(e, e > {int})",
        "{ints}.exists_one(e, e < {int})",
        "{strings}.exists(e, e.startsWith({string}))",
        "({ints} == {ints})",
        "({string} in m)",
        "has(m.k)",
        "(m.k == {int})",
        "(m[{string}] > {int})",
        "m.all(k, m[k] > {int})",
        "({dyn} == {int})",
        "({dyn} == {string})",
        "({dyn} < {double})",
        "({dyn} == null)",
        "(type({dyn}) == string)",
        "ip.in_cidr('10.0.0.0/8')",
        "(ip == ipaddress('192.168.0.9'))",
        "ip.in_cidr({string})",
    ],
    "int": [
        "({int} + {int})",
        "({int} - {int})",
        "({int} * {int})",
        "({int} / {int})",
        "({int} % {int})",
        "({bool} ? {int} : {int})",
        "size({string})",
        "{ints}.size()",
        "{ints}[{int}]",
        "{timestamp}.getFullYear()",
        "{timestamp}.getDayOfWeek()",
        "{timestamp}.getHours('+02:00')",
        "{timestamp}.getDayOfMonth('America/St_Johns')",
        "{duration}.getSeconds()",
        "int({double})",
        "int({string})",
        "{ints}.filter(e, e > {int}).size()",
        "{ints}.map(e, e * 2)[0]",
    ],
    "uint": ["({uint} + {uint})", "({uint} - {uint})", "uint({int})"],
    "double": ["({double} + {double})", "({double} / 0.5)", "double({int})", "double({string})"],
    "string": ["({string} + {string})", "string({int})", "string({bool})", "{strings}[0]", "string({duration})"],
    "timestamp": ["({timestamp} + {duration})", "({timestamp} - {duration})", "timestamp({string})"],
    "duration": ["({duration} + {duration})", "({timestamp} - {timestamp})", "duration({string})"],
    "ints": ["({ints} + {ints})", "{ints}.filter(e, e != {int})", "({bool} ? {ints} : {ints})"],
    "strings": ["({strings} + {strings})", "{strings}.map(e, e + {string})"],
    "dyn": ["({bool} ? a : a.k)"],
}
