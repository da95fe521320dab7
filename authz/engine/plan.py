"""A relation split in two: grants, which tuples hold, and structure, which the application's own rows hold.

``PlanCompiler`` turns one relation of the model into a small tree over three facts: which grants somebody holds on an
object, where a structural edge leads, and nothing else. The same plan is evaluated in memory for the objects of a page
(``Evaluation``) and turned into SQL for lists (``authz.clients.sql``); both answer as ``check`` does.

What cannot be split raises UnplannableRelation. It is never answered approximately.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from authz.dsl.model import (
    AuthorizationModel,
    Computed,
    Difference,
    Direct,
    Rewrite,
    TupleToUserset,
    Union,
)
from authz.engine.subjects import require_subject_kind
from authz.engine.typesystem import type_of, typesystem_of
from authz.errors import UnplannableRelation

Edge = tuple[str, str]
"""``(type, tupleset)``: the edge that leads from objects of ``type`` to what their ``tupleset`` points to."""


@dataclass(frozen=True, slots=True)
class Grants:
    """The actor holds one of the direct ``relations`` on this very object, which is of ``type``."""

    type: str
    relations: frozenset[str]


@dataclass(frozen=True, slots=True)
class Via:
    """An object that ``edge`` leads to satisfies the plan for its type. An object of another type never does."""

    edge: Edge
    targets: tuple[tuple[str, Plan], ...]

    def target(self, type_name: str) -> Plan:
        """Return the plan for objects of ``type_name`` at the far end."""
        return dict(self.targets).get(type_name, NEVER)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of the plans is satisfied."""

    plans: tuple[Plan, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of the plans is satisfied."""

    plans: tuple[Plan, ...]


@dataclass(frozen=True, slots=True)
class Except:
    """``base`` is satisfied and ``subtract`` is not."""

    base: Plan
    subtract: Plan


@dataclass(frozen=True, slots=True)
class Never:
    """Nobody."""


Plan = Grants | Via | AnyOf | AllOf | Except | Never
NEVER = Never()


class PlanCompiler:
    """Compiles relations of one model; what two plans have in common is one object in both.

    ``structural`` names the edges that the application answers for. Other ``X from Y`` become ``Via`` too; their edges
    are stored tuples, and whoever evaluates the plan has to look there.
    """

    def __init__(self, model: AuthorizationModel, structural: Collection[Edge]) -> None:
        self._types = typesystem_of(model)
        self._structural = frozenset(structural)
        self._done: dict[str, Plan] = {}

    def relation(self, type_name: str, relation: str) -> Plan:
        """Return the plan of a relation.

        Raises UnknownType or UnknownRelation, and UnplannableRelation for a relation that recurses (``viewer from
        parent``), and where a userset that may hold a grant is itself tied to the tree or to a cycle.
        """
        self._types.relation(type_name, relation)
        return self._relation(type_name, relation, ())

    def _relation(self, type_name: str, relation: str, path: tuple[str, ...]) -> Plan:
        node = f"{type_name}#{relation}"
        if node in path:
            raise UnplannableRelation(f"{node} recurses: {' > '.join([*path, node])}")
        found = self._done.get(node)
        if found is None:
            rewrite = self._types.relation(type_name, relation).rewrite
            found = self._done[node] = self._rewrite(type_name, relation, rewrite, (*path, node))
        return found

    def _rewrite(self, type_name: str, relation: str, rewrite: Rewrite, path: tuple[str, ...]) -> Plan:
        if isinstance(rewrite, Direct):
            for kind in self._types.kinds[f"{type_name}#{relation}"]:
                require_subject_kind(self._types, kind, self._structural)
            return Grants(type_name, frozenset({relation}))
        if isinstance(rewrite, Computed):
            return self._relation(type_name, rewrite.relation, path)
        if isinstance(rewrite, TupleToUserset):
            return self._from(type_name, rewrite, path)
        if isinstance(rewrite, Difference):
            base = self._rewrite(type_name, relation, rewrite.base, path)
            return _except(base, self._rewrite(type_name, relation, rewrite.subtract, path))
        plans = [self._rewrite(type_name, relation, child, path) for child in rewrite.children]
        return _any_of(plans) if isinstance(rewrite, Union) else _all_of(plans)

    def _from(self, type_name: str, rewrite: TupleToUserset, path: tuple[str, ...]) -> Plan:
        targets = []
        for kind in sorted(self._types.kinds.get(f"{type_name}#{rewrite.tupleset}", ())):
            if kind in self._types.model.types and self._types.model.relation(kind, rewrite.relation):
                plan = self._relation(kind, rewrite.relation, path)
                if plan != NEVER:
                    targets.append((kind, plan))
        return Via((type_name, rewrite.tupleset), tuple(targets)) if targets else NEVER


def _any_of(plans: Sequence[Plan]) -> Plan:
    """Join plans: grants on one object become one set, edges of one name become one edge."""
    grants: dict[str, set[str]] = {}
    edges: dict[Edge, dict[str, list[Plan]]] = {}
    rest: dict[Plan, None] = {}
    todo = list(reversed(plans))
    while todo:
        plan = todo.pop()
        if isinstance(plan, AnyOf):
            todo.extend(reversed(plan.plans))
        elif isinstance(plan, Grants):
            grants.setdefault(plan.type, set()).update(plan.relations)
        elif isinstance(plan, Via):
            targets = edges.setdefault(plan.edge, {})
            for type_name, target in plan.targets:
                targets.setdefault(type_name, []).append(target)
        elif not isinstance(plan, Never):
            rest[plan] = None
    joined: list[Plan] = [Grants(type_name, frozenset(relations)) for type_name, relations in grants.items()]
    joined += [
        Via(edge, tuple((type_name, _any_of(inner)) for type_name, inner in sorted(targets.items())))
        for edge, targets in edges.items()
    ]
    joined += rest
    return _single(joined, AnyOf)


def _all_of(plans: Sequence[Plan]) -> Plan:
    unique = list(dict.fromkeys(plans))
    return NEVER if NEVER in unique else _single(unique, AllOf)


def _single(plans: list[Plan], join: type[AnyOf] | type[AllOf]) -> Plan:
    if not plans:
        return NEVER
    return plans[0] if len(plans) == 1 else join(tuple(plans))


def _except(base: Plan, subtract: Plan) -> Plan:
    if base in (NEVER, subtract):
        return NEVER
    return base if subtract == NEVER else Except(base, subtract)


def grants_of(plan: Plan) -> frozenset[tuple[str, str]]:
    """Return every ``(type, relation)`` that the plan asks grants of: what has to be read to evaluate it."""
    if isinstance(plan, Grants):
        return frozenset((plan.type, relation) for relation in plan.relations)
    return frozenset(grant for part in _parts(plan) for grant in grants_of(part))


def edges_of(plan: Plan) -> frozenset[Edge]:
    """Return every edge that the plan follows."""
    own = frozenset({plan.edge}) if isinstance(plan, Via) else frozenset()
    return own.union(*(edges_of(part) for part in _parts(plan)))


def _parts(plan: Plan) -> tuple[Plan, ...]:
    if isinstance(plan, AnyOf | AllOf):
        return plan.plans
    if isinstance(plan, Except):
        return (plan.base, plan.subtract)
    return tuple(target for _, target in plan.targets) if isinstance(plan, Via) else ()


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
        return False
