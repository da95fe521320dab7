"""Random conditions and contexts for property tests: every type of parameter, values that fit, that do not, or lack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import strategies as st

from authz.dsl.model import Condition
from authz.dsl.parser import parse_text

CONDITIONS: Mapping[str, Condition] = (
    parse_text("""model
  schema 1.1
condition is_on(flag: bool) {
  flag
}
condition below(n: int, limit: int) {
  n < limit
}
condition enough(u: uint) {
  u >= uint(3)
}
condition ratio(n: int, x: double) {
  x * 2.0 > 3.0 && 10 / n > 1
}
condition called(name: string) {
  name.startsWith("a") || name.size() == 3
}
condition spelt(n: string) {
  n == "5"
}
condition lasting(d: duration) {
  d > duration("1h")
}
condition until(now: timestamp, end: timestamp) {
  now < end
}
condition within(ip: ipaddress, net: string) {
  ip.in_cidr(net)
}
condition tagged(tags: list<string>, name: string) {
  name in tags
}
condition rated(marks: map<int>, name: string) {
  marks[name] > 2
}
condition spans(ds: list<duration>, d: duration) {
  ds.all(each, each <= d)
}
""")
    .model()
    .conditions
)
"""``n`` is a number in one and a text in another, ``10 / n`` and ``marks[name]`` can go wrong: all are errors."""

VALUES: Mapping[str, list[Any]] = {
    "flag": [True, False],
    "n": [5, 0, 2, 9, -3, "5", 5.0],
    "limit": [6, 3, "6", 0],
    "u": [3, 0, 4, "7"],
    "x": [1.5, 2, 1.51, "2.5", -0.0],
    "name": ["ann", "bob", "abcd", ""],
    "d": ["1h", "90m", "3601s", "-2h", "1h0m0.5s"],
    "now": ["2026-01-01T00:00:00Z", "2026-01-01T02:00:00+02:00", "2025-12-31T23:59:59.999999999Z"],
    "end": ["2026-01-01T00:00:00Z", "2030-06-01T00:00:00.5Z", "2026-01-01T00:00:01-00:30"],
    "ip": ["10.0.0.1", "192.168.0.7", "::ffff:10.0.0.9", "fe80::1"],
    "net": ["10.0.0.0/8", "192.168.0.0/24", "fe80::/10", "0.0.0.0/0", "nowhere"],
    "tags": [["ann", "bob"], [], ["abcd"]],
    "marks": [{"ann": 3, "bob": 1}, {}, {"": "4", "abcd": 2.0}],
    "ds": [[], ["1m", "59m"], ["3h"]],
}
"""What fits a parameter of that name, the most usual first."""
MISFITS: list[Any] = [None, "zzz", 1.5, True, [], [1], {}, {"ann": "x"}, "-1", 1e300]


@st.composite
def contexts(draw: st.DrawFn, names: Iterable[str], *, lacking: int, misfits: int) -> dict[str, Any]:
    """A context for the conditions ``names``; of ten values about so many lack or do not fit."""
    found: dict[str, Any] = {}
    for parameter in sorted({each.name for name in names for each in CONDITIONS[name].parameters}):
        fate = draw(st.integers(0, 9))
        if fate >= lacking + misfits:
            found[parameter] = draw(st.sampled_from(VALUES[parameter]))
        elif fate >= lacking:
            found[parameter] = draw(st.sampled_from(MISFITS))
    return found
