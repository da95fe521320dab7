"""Conditions that compare two times: ``current_time < expires_at``, whatever the names and the sign.

They are told apart because a database can decide them by itself; every other condition is evaluated by
``authz.engine.conditions``, which these agree with to the microsecond, the resolution of both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authz.dsl.model import Condition, ParameterType
from authz.engine.parameters import typed

_COMPARISON = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(<=|<|>=|>)\s*([A-Za-z_][A-Za-z0-9_]*)\s*")
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_TIMESTAMP = ParameterType("timestamp")


@dataclass(frozen=True, slots=True)
class Comparison:
    """``left sign right`` of a condition, both names of parameters that are times."""

    condition: str
    left: str
    sign: str
    right: str

    def asked(self, context: Mapping[str, Any]) -> TimeTest | None:
        """Return what is left to be compared when the question tells one of the two; None when it tells both or none.

        None as well for a value that is no time: then the condition fails as it does elsewhere.
        """
        told = [name for name in (self.left, self.right) if name in context]
        if len(told) != 1:
            return None
        try:
            value = typed(_TIMESTAMP, context[told[0]])
        except ValueError:
            return None
        moment = f"{value:%Y-%m-%dT%H:%M:%S.%f}".rjust(26, "0")
        if told[0] == self.left:
            return TimeTest(self.condition, self.right, _MIRRORED[self.sign], moment)
        return TimeTest(self.condition, self.left, self.sign, moment)


@dataclass(frozen=True, slots=True)
class TimeTest:
    """``parameter sign moment``: the first comes from the tuple, the last is ``2026-01-02T03:04:05.678901`` in UTC."""

    condition: str
    parameter: str
    sign: str
    moment: str


def comparison_of(condition: Condition) -> Comparison | None:
    """Return a condition as a comparison of two times; None if it is anything else."""
    found = _COMPARISON.fullmatch(condition.expression)
    if found is None or {parameter.name for parameter in condition.parameters} != {found[1], found[3]}:
        return None
    if found[1] == found[3] or any(parameter.type != _TIMESTAMP for parameter in condition.parameters):
        return None
    return Comparison(condition.name, found[1], found[2], found[3])
