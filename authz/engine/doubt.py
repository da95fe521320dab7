"""What a condition that could not be decided means for an answer, once there is nothing left to read.

A gate then knows each user as in, as out, or as neither; and neither has two causes. Where a cycle is the cause OpenFGA
says no. Where a condition failed it says so, unless another branch decides: true in ``or``, false in ``and``, a base
that is false or a subtract that is true in ``but not``. A gate decided by another branch is not open, so what is left
here is to tell the causes apart; and where both meet, a cycle decides ``and`` and ``but not``, and a failure ``or``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from authz.engine.gate import Gate
from authz.engine.outline import Operator
from authz.errors import ConditionFailed


def first_failure(roots: Sequence[Gate], failures: Mapping[Gate, ConditionFailed]) -> ConditionFailed | None:
    """Return the failure that the answer of one of the roots hangs on, the first one met; None if there is none."""
    doubtful = _doubtful(failures)
    for root in roots:
        mask = doubtful.get(root, 0)
        if mask:
            return _cause(root, mask, doubtful, failures)
    return None


def _doubtful(failures: Mapping[Gate, ConditionFailed]) -> dict[Gate, int]:
    """Return for every gate that a failure reaches the users for whom it leaves the gate open."""
    found: dict[Gate, int] = {}
    todo = dict.fromkeys(failures)
    while todo:
        gate, _ = todo.popitem()
        mask = _reached(gate, found)
        if mask != found.get(gate, 0):
            found[gate] = mask
            todo.update(dict.fromkeys(gate.parents))
    return found


def _reached(gate: Gate, doubtful: Mapping[Gate, int]) -> int:
    failed, cyclic = gate.doubt, 0
    for child in gate.children:
        mask = doubtful.get(child, 0)
        failed |= mask
        cyclic |= child.open & ~mask
    if gate.operator is not Operator.ANY:
        failed &= ~cyclic
    return failed & gate.open


def _cause(
    root: Gate, mask: int, doubtful: Mapping[Gate, int], failures: Mapping[Gate, ConditionFailed]
) -> ConditionFailed:
    """Follow the doubt down to a gate where a condition failed."""
    seen = {root}
    todo = [root]
    while todo:
        gate = todo.pop()
        if gate in failures and gate.doubt & mask:
            return failures[gate]
        below = [child for child in gate.children if child not in seen and doubtful.get(child, 0) & mask]
        seen.update(below)
        todo += reversed(below)
    raise AssertionError("a doubt without a cause")
