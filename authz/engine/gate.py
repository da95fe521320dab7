"""``Gate``: one sub-question of a network, and what follows for it from what its children say."""

from __future__ import annotations

from typing import NamedTuple

from authz.engine.outline import Leaf, Operator
from authz.engine.reader import SubjectQuery
from authz.engine.typesystem import Node


class Read(NamedTuple):
    """A read that a gate waits for, and the leaf of the relation that it will be judged by."""

    query: SubjectQuery
    leaf: Leaf


class Gate:
    """One sub-question.

    ``low`` are the users who certainly hold it, ``high`` those who may. Of an ANY gate ``seed`` are those whom tuples
    name, ``doubt`` those for whom a condition could not be decided, and ``waiting`` counts the reads that may still add
    children.
    """

    __slots__ = ("children", "doubt", "high", "low", "node", "operator", "parents", "queries", "seed", "waiting")

    def __init__(self, operator: Operator, full: int, node: Node | None = None) -> None:
        self.operator = operator
        self.low = 0
        self.high = full
        self.seed = 0
        self.doubt = 0
        self.waiting = 0
        self.node = node
        self.children: list[Gate] = []
        self.parents: list[Gate] = []
        self.queries: list[Read] = []

    @property
    def open(self) -> int:
        """Those for whom nothing is decided."""
        return self.high & ~self.low

    def evaluate(self, full: int) -> tuple[int, int]:
        """Return the masks (low, high) that follow from what the children say now."""
        if self.operator is Operator.EXCEPT:
            base, subtract = self.children
            return base.low & ~subtract.high, base.high & ~subtract.low
        if self.operator is Operator.ALL:
            low = high = full
            for child in self.children:
                low &= child.low
                high &= child.high
            return low, high
        low = self.seed
        high = full if self.waiting else self.seed | self.doubt
        for child in self.children:
            low |= child.low
            high |= child.high
        return low, high
