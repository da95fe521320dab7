"""Everything that one question leads to, read to its end: what ``check`` would cut short is what an explanation needs.

A question and its operands are goals, and the ways to them branches: the gates of ``authz.engine.network`` for one user
and without short cuts, in which each branch remembers the tuple it comes from. A goal is decided once ``holds`` or
``fails`` is set, and ``round`` tells when: whatever a verdict rests on was decided in an earlier round. What is never
decided stands on a cycle, which is a no.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from authz.dsl.model import Computed, Difference, Direct, Intersection, Rewrite, TupleToUserset, Union
from authz.engine.network import LEVEL_LIMIT
from authz.engine.outline import Operator
from authz.engine.reader import Found, SubjectQuery, TupleReader, wildcard_of
from authz.engine.typesystem import Kind, Node, Typesystem, kind_of, type_of
from authz.errors import ResolutionTooComplex
from authz.types import TupleKey

GOAL_LIMIT = 50_000
"""Goals of one inquiry: nobody reads an explanation that leads further."""


Judge = Callable[[TupleKey], bool | None]
"""Tells whether the condition that a tuple carries is met, True without one; None where that cannot be decided."""


@dataclass(slots=True, eq=False)
class Branch:
    """One way into a goal: by a tuple, or by the model alone (``key`` None).

    ``met`` is what the ``Judge`` says of the tuple. Without a ``goal`` the tuple names the user, or a wildcard that
    stands for the user.
    """

    key: TupleKey | None = None
    goal: Goal | None = None
    met: bool | None = True


@dataclass(slots=True, eq=False)
class Goal:
    """A question (``object``, ``relation``), or an operand of one (``relation`` empty).

    Of ALL and EXCEPT the branches are the operands. ``assignable`` is the tuple that would make this goal hold, where
    the model lets it be written without a condition.
    """

    operator: Operator
    object: str
    relation: str = ""
    branches: list[Branch] = field(default_factory=list)
    parents: list[Goal] = field(default_factory=list)
    assignable: TupleKey | None = None
    holds: bool = False
    fails: bool = False
    round: int = 0

    @property
    def open(self) -> bool:
        """Whether nothing is decided."""
        return not (self.holds or self.fails)

    @property
    def node(self) -> Node:
        """``type#relation`` of a question."""
        return f"{type_of(self.object)}#{self.relation}"


class Inquiry:
    """One question of one user. ``met`` judges the conditions of tuples, None where they cannot be decided."""

    def __init__(self, types: Typesystem, reader: TupleReader, user: str, met: Judge) -> None:
        self._types = types
        self._reader = reader
        self._user = user
        self._met = met
        kind = kind_of(user)
        self._nodes = types.reaching(kind)
        self._kinds = types.matching_kinds(kind)
        self._names = {user, wildcard_of(user)}
        self._questions: dict[tuple[str, str], Goal] = {}
        self._unbuilt: list[Goal] = []
        self._reads: dict[SubjectQuery, list[tuple[Goal, str | None]]] = {}
        self._answers: dict[SubjectQuery, Sequence[Found]] = {}
        self.goals: list[Goal] = []

    def resolve(self, object: str, relation: str) -> Goal:
        """Read and decide all that the question leads to; return its goal.

        Raises UnknownType, UnknownRelation, ResolutionTooComplex, and what the reader raises.
        """
        root = self._question(object, relation)
        for _ in range(LEVEL_LIMIT + 1):
            self._build()
            if not self._reads:
                break
            asked, self._reads = self._reads, {}
            queries = [query for query in asked if query not in self._answers]
            self._answers.update(zip(queries, self._reader.subjects(queries) if queries else (), strict=True))
            for query, waiting in asked.items():
                for goal, follow in waiting:
                    self._grow(goal, query, follow, self._answers[query])
        else:
            raise ResolutionTooComplex(f"deeper than {LEVEL_LIMIT} levels")
        decide(self.goals, self._types)
        return root

    def tuples(self) -> Iterator[TupleKey]:
        """Yield every tuple that was read and that the model allows."""
        return (key for key in self._read() if self._allows(key))

    def orphans(self) -> Iterator[TupleKey]:
        """Yield every tuple that was read and that the model does not allow: in its place no other can be written."""
        return (key for key in self._read() if not self._allows(key))

    def _read(self) -> Iterator[TupleKey]:
        for query, found in self._answers.items():
            for subject, condition in found:
                yield TupleKey(subject, query.relation, query.object, condition)

    def _allows(self, key: TupleKey) -> bool:
        return self._types.allows(f"{type_of(key.object)}#{key.relation}", key.user, key.condition)

    def _question(self, object: str, relation: str) -> Goal:
        goal = self._questions.get((object, relation))
        if goal is None:
            goal = self._questions[object, relation] = self._new(Operator.ANY, object, relation)
            if self._user == f"{object}#{relation}":
                goal.branches.append(Branch())
            self._unbuilt.append(goal)
        return goal

    def _new(self, operator: Operator, object: str, relation: str = "") -> Goal:
        if len(self.goals) >= GOAL_LIMIT:
            raise ResolutionTooComplex(f"more than {GOAL_LIMIT} relations to explain")
        goal = Goal(operator, object, relation)
        self.goals.append(goal)
        return goal

    def _build(self) -> None:
        while self._unbuilt:
            goal = self._unbuilt.pop()
            relation = self._types.relation(type_of(goal.object), goal.relation)
            self._add(goal, goal.relation, relation.rewrite)

    def _add(self, goal: Goal, relation: str, rewrite: Rewrite) -> None:
        """Add what a rewrite of ``relation`` means to an ANY goal."""
        if isinstance(rewrite, Union):
            for child in rewrite.children:
                self._add(goal, relation, child)
        elif isinstance(rewrite, Computed):
            self._link(goal, Branch(goal=self._question(goal.object, rewrite.relation)))
        elif isinstance(rewrite, Direct):
            self._read_direct(goal, relation)
        elif isinstance(rewrite, TupleToUserset):
            targets = self._types.targets(type_of(goal.object), rewrite.tupleset, rewrite)
            if not self._nodes.isdisjoint(targets):
                query = SubjectQuery(goal.object, rewrite.tupleset)
                self._reads.setdefault(query, []).append((goal, rewrite.relation))
        else:
            self._link(goal, Branch(goal=self._operands(goal.object, relation, rewrite)))

    def _operands(self, object: str, relation: str, rewrite: Intersection | Difference) -> Goal:
        if isinstance(rewrite, Intersection):
            operator, operands = Operator.ALL, rewrite.children
        else:
            operator, operands = Operator.EXCEPT, (rewrite.base, rewrite.subtract)
        goal = self._new(operator, object)
        for operand in operands:
            if isinstance(operand, Intersection | Difference):
                child = self._operands(object, relation, operand)
            else:
                child = self._new(Operator.ANY, object)
                self._add(child, relation, operand)
            self._link(goal, Branch(goal=child))
        return goal

    def _read_direct(self, goal: Goal, relation: str) -> None:
        node = f"{type_of(goal.object)}#{relation}"
        if self._types.allows(node, self._user):
            goal.assignable = TupleKey(self._user, relation, goal.object)
        allowed: frozenset[Kind] = self._types.kinds[node]
        if not allowed.isdisjoint(self._kinds) or not self._nodes.isdisjoint(allowed):
            self._reads.setdefault(SubjectQuery(goal.object, relation, self._user), []).append((goal, None))

    def _grow(self, goal: Goal, query: SubjectQuery, follow: str | None, found: Iterable[Found]) -> None:
        node = f"{type_of(query.object)}#{query.relation}"
        for subject, condition in found:
            if not self._types.allows(node, subject, condition):
                continue
            key = TupleKey(subject, query.relation, query.object, condition)
            child = self._leads_to(subject, follow)
            if child is None and (follow is not None or subject not in self._names):
                continue
            self._link(goal, Branch(key, child, self._met(key)))

    def _leads_to(self, subject: str, follow: str | None) -> Goal | None:
        kind = kind_of(subject)
        if follow is not None:
            return self._question(subject, follow) if f"{kind}#{follow}" in self._nodes else None
        if "#" in subject and kind in self._nodes:
            bare, _, relation = subject.partition("#")
            return self._question(bare, relation)
        return None

    def _link(self, goal: Goal, branch: Branch) -> None:
        goal.branches.append(branch)
        if branch.goal is not None:
            branch.goal.parents.append(goal)


def decide(goals: Sequence[Goal], types: Typesystem) -> None:
    """Decide all goals that can be: round by round, then groups that contain each other (see ``Network.settle``)."""
    dirty = dict.fromkeys(goals)
    number = 0
    while dirty:
        while dirty:
            number += 1
            changed = [(goal, *_verdict(goal)) for goal in dirty if goal.open]
            dirty = {}
            for goal, holds, fails in changed:
                if holds or fails:
                    goal.holds, goal.fails, goal.round = holds, fails, number
                    dirty.update(dict.fromkeys(parent for parent in goal.parents if parent.open))
        number += 1
        for goal in _unfounded(goals, types):
            goal.fails, goal.round = True, number
            dirty.update(dict.fromkeys(parent for parent in goal.parents if parent.open))


def _verdict(goal: Goal) -> tuple[bool, bool]:
    """Return whether a goal certainly holds, and whether it certainly fails."""
    if goal.operator is Operator.ANY:
        return any(map(_branch_holds, goal.branches)), all(map(_branch_fails, goal.branches))
    operands = [branch.goal for branch in goal.branches if branch.goal is not None]
    if goal.operator is Operator.ALL:
        return all(operand.holds for operand in operands), any(operand.fails for operand in operands)
    base, subtract = operands
    return base.holds and subtract.fails, base.fails or subtract.holds


def _branch_holds(branch: Branch) -> bool:
    return branch.met is True and (branch.goal is None or branch.goal.holds)


def _branch_fails(branch: Branch) -> bool:
    # Of a condition that cannot be decided it does not help that its userset is empty: so says OpenFGA.
    return branch.met is False or (branch.met is True and branch.goal is not None and branch.goal.fails)


def _unfounded(goals: Sequence[Goal], types: Typesystem) -> list[Goal]:
    """Return the open questions of one relation that lists itself which could hold through each other only."""
    by_node: dict[Node, dict[Goal, None]] = {}
    for goal in goals:
        if goal.open and goal.relation and goal.node in types.kinds.get(goal.node, ()):
            by_node.setdefault(goal.node, {})[goal] = None
    for among in by_node.values():
        todo = list(among)
        while todo:
            goal = todo.pop()
            if goal in among and not all(_only_through(branch, among) for branch in goal.branches):
                del among[goal]
                todo += [parent for parent in goal.parents if parent in among]
        if among:
            return list(among)
    return []


def _only_through(branch: Branch, among: dict[Goal, None]) -> bool:
    if branch.goal is None:
        return branch.met is False
    return branch.met is False or (branch.met is True and (branch.goal.fails or branch.goal in among))
