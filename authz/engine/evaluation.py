"""Plans in memory: what the flags of a page are worked out with, from grants and edges that were read for all of it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence

from authz.engine.plan import NEVER, AllOf, AnyOf, Except, Fixpoint, Grants, Plan, Via
from authz.engine.typesystem import type_of


class Evaluation:
    """Plans in memory, over one set of facts. What several plans or objects have in common is worked out once."""

    def __init__(self, granted: Iterable[tuple[str, str]], edges: Mapping[tuple[str, str], Sequence[str]]) -> None:
        """``granted`` holds ``(object, relation)`` for every grant of the actor on the objects in question.

        ``edges`` maps ``(object, tupleset)`` to the objects it leads to; an edge that is not there leads nowhere.
        """
        self._granted: dict[str, set[str]] = {}
        for name, relation in granted:
            self._granted.setdefault(name, set()).add(relation)
        self._edges = edges
        self._known: dict[tuple[int, str], bool] = {}
        self._plans: list[Plan] = []

    def situation(self, object: str, tuplesets: Sequence[str]) -> Hashable:
        """Return what a verdict on ``object`` depends on. Objects of one situation satisfy the same plans.

        ``tuplesets`` are the edges that objects of its type have.
        """
        return (
            type_of(object),
            frozenset(self._granted.get(object, ())),
            *(tuple(self._edges.get((object, tupleset), ())) for tupleset in tuplesets),
        )

    def satisfies(self, object: str, plan: Plan) -> bool:
        """Tell whether ``object`` satisfies ``plan``."""
        self._plans.append(plan)  # keeps it alive: plans are remembered by identity
        return self._satisfies(object, plan)

    def _satisfies(self, name: str, plan: Plan) -> bool:
        if isinstance(plan, Grants):
            held = self._granted.get(name)
            return held is not None and not plan.relations.isdisjoint(held)
        known = self._known.get((id(plan), name))
        if known is None:
            known = self._known[id(plan), name] = self._work_out(name, plan)
        return known

    def _work_out(self, name: str, plan: Plan) -> bool:
        if isinstance(plan, Via):
            targets = dict(plan.targets)
            return any(
                self._satisfies(other, targets.get(type_of(other), NEVER))
                for other in self._edges.get((name, plan.edge[1]), ())
            )
        if isinstance(plan, AnyOf):
            return any(self._satisfies(name, part) for part in plan.plans)
        if isinstance(plan, AllOf):
            return all(self._satisfies(name, part) for part in plan.plans)
        if isinstance(plan, Except):
            return self._satisfies(name, plan.base) and not self._satisfies(name, plan.subtract)
        return isinstance(plan, Fixpoint) and self._follow(name, plan)

    def _follow(self, name: str, plan: Fixpoint) -> bool:
        """Walk a fixpoint from object to object, without recursion: a tree may be deeper than Python's stack."""
        came_from: dict[str, str | None] = {name: None}
        todo = [name]
        while todo:
            here = todo.pop()
            known = self._known.get((id(plan), here))
            if known if known is not None else self._satisfies(here, plan.base):
                back: str | None = here
                while back is not None:
                    self._known[id(plan), back] = True
                    back = came_from[back]
                return True
            if known is None and self._lets_through(here, plan):
                for other in self._edges.get((here, plan.edge[1]), ()):
                    if type_of(other) == plan.type and other not in came_from:
                        came_from[other] = here
                        todo.append(other)
        self._known.update(((id(plan), seen), False) for seen in came_from)
        return False

    def _lets_through(self, name: str, plan: Fixpoint) -> bool:
        return all(self._satisfies(name, part) for part in plan.require) and not any(
            self._satisfies(name, part) for part in plan.refuse
        )
