"""A relation split in two: grants, which tuples hold, and structure, which the application's own rows hold.

``PlanCompiler`` turns one relation of the model into a small tree over three facts: which grants somebody holds on an
object, where a structural edge leads, and nothing else. The same plan is evaluated in memory for the objects of a page
(``authz.engine.evaluation``) and turned into SQL for lists (``authz.clients.sql``); both answer as ``check`` does.

A relation that asks itself of the next object (``viewer from parent``) becomes a ``Fixpoint``, if it does so along one
edge. What cannot be split raises UnplannableRelation and is for the engine to list: it is never answered approximately.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
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
from authz.engine.typesystem import typesystem_of
from authz.errors import UnplannableRelation

Edge = tuple[str, str]
"""``(type, tupleset)``: the edge that leads from objects of ``type`` to what their ``tupleset`` points to."""

WEIGHT_LIMIT = 20_000
"""Parts of all plans that go into one, each counted as often as it is deep; usual ones come to a few hundred.

What several plans have in common is evaluated once, but stands in SQL as often as it is mentioned.
"""


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
class Fixpoint:
    """``base`` is satisfied, or an object that ``edge`` leads to satisfies this very plan: ``viewer from parent``.

    Whoever comes by the edge has to satisfy all of ``require`` and none of ``refuse`` on this object as well, as in
    ``(viewer or can_view from parent) but not blocked``. Objects of the plan and at both ends of the edge are of
    ``type``. ``node`` is the relation it was made of.
    """

    node: str
    type: str
    base: Plan
    edge: Edge
    require: tuple[Plan, ...] = ()
    refuse: tuple[Plan, ...] = ()


@dataclass(frozen=True, slots=True)
class Again:
    """Within the body of a ``Fixpoint`` that is being compiled: the same plan, of the object the edge leads to."""

    node: str


@dataclass(frozen=True, slots=True)
class Never:
    """Nobody."""


Plan = Grants | Via | AnyOf | AllOf | Except | Fixpoint | Again | Never
NEVER = Never()


class PlanCompiler:
    """Compiles relations of one model; what two plans have in common is one object in both.

    ``structural`` names the edges that the application answers for, whose objects never stand in a ring. Other
    ``X from Y`` become ``Via`` too; their edges are stored tuples, and whoever evaluates the plan has to look there.
    """

    def __init__(self, model: AuthorizationModel, structural: Collection[Edge]) -> None:
        self._types = typesystem_of(model)
        self._structural = frozenset(structural)
        self._done: dict[str, Plan] = {}
        self._weight = 0

    def relation(self, type_name: str, relation: str) -> Plan:
        """Return the plan of a relation.

        Raises UnknownType or UnknownRelation, and UnplannableRelation where a userset that may hold a grant is itself
        tied to the tree or to a cycle, for a relation that recurses in another way than ``Fixpoint`` can say, and for
        one that would be too large.
        """
        self._types.relation(type_name, relation)
        self._weight = 0
        try:
            found = self._relation(type_name, relation, ())
            self._require_decided(found, negative=False)
        except RecursionError as error:
            raise UnplannableRelation(f"{type_name}#{relation} leads through too many relations") from error
        return found

    def _relation(self, type_name: str, relation: str, path: tuple[str, ...]) -> Plan:
        """Return the plan of a relation. ``path`` has those whose bodies are being compiled."""
        node = f"{type_name}#{relation}"
        found = self._done.get(node)
        if found is None:
            if node in path:
                raise UnplannableRelation(f"{node} recurses: {' > '.join([*path, node])}")
            rewrite = self._types.relation(type_name, relation).rewrite
            found = self._closed(node, self._rewrite(type_name, relation, rewrite, (*path, node)))
            if not _mentions(found):
                self._done[node] = found
        self._weight += _weight(found)
        if self._weight > WEIGHT_LIMIT:
            raise UnplannableRelation(f"the plan of {(*path, node)[0]} is too large")
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
        edge = f"{type_name}#{rewrite.tupleset}"
        if self._types.conditional.get(edge) and (type_name, rewrite.tupleset) not in self._structural:
            raise UnplannableRelation(f"{edge} may lead on under a condition")
        targets: list[tuple[str, Plan]] = []
        for kind in sorted(self._types.unconditional.get(edge, ())):
            if kind in self._types.model.types and self._types.model.relation(kind, rewrite.relation):
                node = f"{kind}#{rewrite.relation}"
                plan = Again(node) if node in path else self._relation(kind, rewrite.relation, path)
                if plan != NEVER:
                    targets.append((kind, plan))
        return Via((type_name, rewrite.tupleset), tuple(targets)) if targets else NEVER

    def _closed(self, node: str, body: Plan) -> Plan:
        """Return ``body`` with its own mentions of ``node`` turned into a ``Fixpoint``."""
        if node not in _mentions(body):
            return body
        if _mentions(body) != {node}:
            raise UnplannableRelation(f"{node} recurses together with {min(_mentions(body) - {node})}")
        base, steps = _unrolled(body, node)
        if len(steps) != 1:
            raise UnplannableRelation(f"{node} recurses along more than one way")
        (step,) = steps
        if not (step.require or step.refuse):
            base = _flattened(base, step.edge)
        return Fixpoint(node, node.partition("#")[0], base, step.edge, step.require, step.refuse)

    def _require_decided(self, plan: Plan, *, negative: bool) -> None:
        """Raise UnplannableRelation where a ring of stored tuples could be taken for a "no" behind ``but not``.

        The engine says no on a ring, on either side of ``but not``; a fixpoint follows it to its end.
        """
        if isinstance(plan, Fixpoint):
            if negative and plan.edge not in self._structural:
                raise UnplannableRelation(f"{plan.node} recurses along stored tuples behind `but not`")
            for part in plan.refuse:
                self._require_decided(part, negative=not negative)
            for part in (plan.base, *plan.require):
                self._require_decided(part, negative=negative)
        elif isinstance(plan, Except):
            self._require_decided(plan.base, negative=negative)
            self._require_decided(plan.subtract, negative=not negative)
        else:
            for part in _parts(plan):
                self._require_decided(part, negative=negative)


@dataclass(frozen=True, slots=True)
class _Step:
    """One way from an object to the next, and what it takes on this one."""

    edge: Edge
    require: tuple[Plan, ...] = ()
    refuse: tuple[Plan, ...] = ()


def _unrolled(body: Plan, node: str) -> tuple[Plan, list[_Step]]:
    """Split a body into what is not recursive and the steps of what is. Raises UnplannableRelation."""
    if node not in _mentions(body):
        return body, []
    if isinstance(body, AnyOf):
        split = [_unrolled(part, node) for part in body.plans]
        return _any_of([base for base, _ in split]), [step for _, steps in split for step in steps]
    if isinstance(body, Via):
        again = Again(node)
        targets = [(name, _without(plan, again)) for name, plan in body.targets]
        if any(node in _mentions(plan) for _, plan in targets):
            raise UnplannableRelation(f"{node} recurses along more than one edge")
        kept = tuple((name, plan) for name, plan in targets if plan != NEVER)
        return Via(body.edge, kept) if kept else NEVER, [_Step(body.edge)]
    if isinstance(body, Except) and node not in _mentions(body.subtract):
        base, steps = _unrolled(body.base, node)
        refused = body.subtract
        return _except(base, refused), [_Step(each.edge, each.require, (*each.refuse, refused)) for each in steps]
    if isinstance(body, AllOf):
        recursive = [part for part in body.plans if node in _mentions(part)]
        others = tuple(part for part in body.plans if part not in recursive)
        if len(recursive) == 1:
            base, steps = _unrolled(recursive[0], node)
            return _all_of([base, *others]), [_Step(each.edge, (*each.require, *others), each.refuse) for each in steps]
    raise UnplannableRelation(f"{node} recurses behind `and` or `but not`")


def _without(plan: Plan, again: Again) -> Plan:
    """Return ``plan`` without ``again`` among its alternatives."""
    if isinstance(plan, AnyOf):
        return _any_of([part for part in plan.plans if part != again])
    return NEVER if plan == again else plan


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


def _flattened(base: Plan, edge: Edge) -> Plan:
    """Return ``base`` without fixpoints along the same edge: what begins one of them is walked to from here anyway.

    ``viewer: [user] or editor or viewer from parent`` over ``editor: [user] or editor from parent`` is one walk.
    """
    parts = base.plans if isinstance(base, AnyOf) else (base,)
    return _any_of(
        [
            part.base
            if isinstance(part, Fixpoint) and part.edge == edge and not (part.require or part.refuse)
            else part
            for part in parts
        ]
    )


def _mentions(plan: Plan) -> frozenset[str]:
    """Return the relations that an unfinished plan refers to by ``Again``."""
    if isinstance(plan, Again):
        return frozenset({plan.node})
    return frozenset(node for part in _parts(plan) for node in _mentions(part))


def _weight(plan: Plan) -> int:
    """Return the number of parts, each counted as often as it is deep; no further than to what is too many."""
    found = 0
    todo = [(plan, 1)]
    while todo and found <= WEIGHT_LIMIT:
        part, depth = todo.pop()
        found += depth
        todo += [(inner, depth + 1) for inner in _parts(part)]
    return found


def grants_of(plan: Plan) -> frozenset[tuple[str, str]]:
    """Return every ``(type, relation)`` that the plan asks grants of: what has to be read to evaluate it."""
    if isinstance(plan, Grants):
        return frozenset((plan.type, relation) for relation in plan.relations)
    return frozenset(grant for part in _parts(plan) for grant in grants_of(part))


def edges_of(plan: Plan) -> frozenset[Edge]:
    """Return every edge that the plan follows."""
    own = frozenset({plan.edge}) if isinstance(plan, Via | Fixpoint) else frozenset()
    return own.union(*(edges_of(part) for part in _parts(plan)))


def _parts(plan: Plan) -> tuple[Plan, ...]:
    if isinstance(plan, AnyOf | AllOf):
        return plan.plans
    if isinstance(plan, Except):
        return (plan.base, plan.subtract)
    if isinstance(plan, Fixpoint):
        return (plan.base, *plan.require, *plan.refuse)
    return tuple(target for _, target in plan.targets) if isinstance(plan, Via) else ()
