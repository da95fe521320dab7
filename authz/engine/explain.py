"""``explain``: why ``check`` says what it says.

For an allow a proof: the tuples that it takes, each with the relation of the model that it counts for, and no one
superfluous as far as the work for that is bounded. A proof holds by itself: a check over its tuples alone says yes. For
a denial what stands in the way: which single grants would turn it (each was tried), what a ``but not`` takes away and
why, and tuples whose condition is not met.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from authz.dsl.model import AuthorizationModel
from authz.engine.check import check
from authz.engine.conditions import Circumstances
from authz.engine.contextual import with_contextual
from authz.engine.derivation import WORK, Alternative, Derivation, cheapest, claims_of, items_of, smallest
from authz.engine.inquiry import Branch, Goal, Inquiry, Judge
from authz.engine.memory import MemoryTuples
from authz.engine.outline import Operator
from authz.engine.reader import TupleReader
from authz.engine.typesystem import typesystem_of
from authz.errors import ConditionFailed, ResolutionTooComplex
from authz.types import CheckRequest, TupleKey

MAX_PROOF = 1000
"""Tuples of a proof: nobody reads a longer one."""
MAX_MISSING = 10
"""Grants that are named, the nearest first."""
MAX_BLOCKS = 10
"""Exclusions, and conditions that are not met, that are named."""
_TRIED = 60
"""Grants that are tried."""
_GONE_THROUGH = 150_000
"""Branches that are gone through for grants that are tried, and for exclusions: less than a second for each."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that a step rests on: a tuple, another step, or a tuple that leads to a step.

    ``values`` are those that the condition of the tuple was judged by, None without a condition. ``step`` is the place
    of the other step in the proof.
    """

    tuple: TupleKey | None = None
    values: Mapping[str, Any] | None = field(default=None, hash=False)
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """The user has ``relation`` to ``object``, or (``holds`` False) has not, where the model asks for that.

    Without reasons it holds because the user is that very userset, or does not because nothing leads there.
    ``relation`` is empty where the model excludes an expression that has no name.
    """

    object: str
    relation: str
    holds: bool
    reasons: tuple[Reason, ...]


Proof = tuple[Step, ...]
"""Steps that rest on each other; the first is what was to be proved."""


@dataclass(frozen=True, slots=True)
class Unmet:
    """A tuple that would turn a denial, or a part of it, were its condition met; ``values`` it was judged by."""

    tuple: TupleKey
    values: Mapping[str, Any] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer of ``explain``.

    ``proof`` of an allow; of a denial ``missing``: sets of grants, each of which would turn it; ``blocks``: proofs of
    what a ``but not`` took away; ``unmet``: tuples that do not count.
    """

    allowed: bool
    proof: Proof = ()
    missing: tuple[tuple[TupleKey, ...], ...] = ()
    blocks: tuple[Proof, ...] = ()
    unmet: tuple[Unmet, ...] = ()


class _Claim(NamedTuple):
    """That a goal holds, or that it fails."""

    goal: Goal
    holds: bool


def explain(model: AuthorizationModel, reader: TupleReader, request: CheckRequest) -> Explanation:
    """Explain the answer to one question. Raises what ``check`` does for it, and ResolutionTooComplex also
    for what a check need not look at.

    Reads what a check would, and what it would have left out; each thing once, so that all is of one moment.
    """
    types = typesystem_of(model)
    types.require_object(request.object, request.relation)
    types.require_user(request.user)
    combined = with_contextual(types, reader, request.contextual_tuples)
    circumstances = types.conditions.under(request.context)
    inquiry = Inquiry(types, combined, request.user, _judge(circumstances))
    root = inquiry.resolve(request.object, request.relation)
    if root.holds:
        return Explanation(True, proof=_proved(_Claim(root, True), circumstances))
    question = CheckRequest(request.user, request.relation, request.object, context=request.context)
    known = MemoryTuples(inquiry.tuples())
    # What does not hold may hang on a condition that failed, which is no answer: check tells the two apart.
    check(model, known, question)
    orphans = {key.bare: key for key in inquiry.orphans()}
    denial = _Denial(root, circumstances, orphans)
    occupied = {*orphans, *(key.bare for key in known)}
    times = max(1, _GONE_THROUGH // max(1, sum(len(goal.branches) for goal in inquiry.goals)))
    blocks = denial.blocks[: min(times, MAX_BLOCKS)]
    return Explanation(
        False,
        missing=tuple(_missing(model, known, occupied, question, root, denial.grants, min(times, _TRIED))),
        blocks=tuple(_proved(_Claim(goal, True), circumstances, WORK // len(blocks)) for goal in blocks),
        unmet=tuple(denial.unmet[:MAX_BLOCKS]),
    )


def _judge(circumstances: Circumstances) -> Judge:
    def met(key: TupleKey) -> bool | None:
        try:
            return key.condition is None or circumstances.met(key.condition)
        except ConditionFailed:
            return None

    return met


# ------------------------------------------------------------------------------------------------------------- a proof


def _proved(claim: _Claim, circumstances: Circumstances, work: int = WORK) -> Proof:
    derivation = cheapest(claim, _alternatives, lambda _: 1)
    if derivation is None:
        raise AssertionError("a verdict without a derivation")
    if len(items_of(claim, derivation)) > MAX_PROOF:
        raise ResolutionTooComplex(f"a proof of more than {MAX_PROOF} tuples")
    derivation = smallest(claim, derivation, _alternatives, lambda _: 1, work)
    return _steps(claim, derivation, circumstances)


def _alternatives(claim: _Claim) -> list[Alternative[_Claim, TupleKey]]:
    """Return how a claim that is true comes about, from claims that are true."""
    goal, holds = claim
    if goal.operator is Operator.ANY:
        return list(_ways_in(goal)) if holds else [_no_way_in(goal)]
    operands = [branch.goal for branch in goal.branches if branch.goal is not None]
    if goal.operator is Operator.ALL:
        if holds:
            return [Alternative(None, tuple(_Claim(operand, True) for operand in operands))]
        return [Alternative(None, (_Claim(operand, False),)) for operand in operands if operand.fails]
    base, subtract = operands
    if holds:
        return [Alternative(None, (_Claim(base, True), _Claim(subtract, False)))]
    found = [Alternative[_Claim, TupleKey](None, (_Claim(base, False),))] if base.fails else []
    return [*found, Alternative(None, (_Claim(subtract, True),))] if subtract.holds else found


def _ways_in(goal: Goal) -> Iterator[Alternative[_Claim, TupleKey]]:
    for branch in goal.branches:
        if branch.met is True and (branch.goal is None or branch.goal.holds):
            yield Alternative(branch.key, (_Claim(branch.goal, True),) if branch.goal is not None else ())


def _no_way_in(goal: Goal) -> Alternative[_Claim, TupleKey]:
    """No branch leads in. What failed in the same round failed together with this goal, and is no reason for it."""
    children = {
        branch.goal: None
        for branch in goal.branches
        if branch.goal is not None and branch.met is True and branch.goal.round < goal.round
    }
    return Alternative(None, tuple(_Claim(child, False) for child in children))


def _steps(root: _Claim, derivation: Derivation[_Claim, TupleKey], circumstances: Circumstances) -> Proof:
    """Tell a derivation by its questions: operands are no steps of their own.

    That somebody has not what is excluded is told where it is excluded, and what it rests on where those are tuples.
    """
    weighty = _weighty(root, derivation)
    reasons: dict[_Claim, list[tuple[TupleKey | None, _Claim | None]]] = {}
    todo = [root]
    while todo:
        claim = todo.pop()
        if claim not in reasons:
            found = _rests_on(claim, derivation)
            reasons[claim] = [each for each in found if claim.holds or each[1] is None or each[1] in weighty]
            todo += [part for _, part in reversed(reasons[claim]) if part is not None]
    places = {claim: place for place, claim in enumerate(reasons)}
    return tuple(
        Step(
            claim.goal.object,
            claim.goal.relation,
            claim.holds,
            tuple(
                Reason(key, _values(key, circumstances), places[part] if part is not None else None)
                for key, part in found
            ),
        )
        for claim, found in reasons.items()
    )


def _values(key: TupleKey | None, circumstances: Circumstances) -> Mapping[str, Any] | None:
    return circumstances.values(key.condition) if key is not None and key.condition is not None else None


def _rests_on(claim: _Claim, derivation: Derivation[_Claim, TupleKey]) -> list[tuple[TupleKey | None, _Claim | None]]:
    """Return the tuples and the questions that a claim rests on, through whatever operands."""
    found: list[tuple[TupleKey | None, _Claim | None]] = []
    todo = [claim]
    while todo:
        key, rests_on = derivation[todo.pop()]
        if key is not None and not rests_on:
            found.append((key, None))
        found += [(key, part) for part in rests_on if part.goal.relation]
        todo += [part for part in reversed(rests_on) if not part.goal.relation]
    return found


def _weighty(root: _Claim, derivation: Derivation[_Claim, TupleKey]) -> set[_Claim]:
    """Return the claims that rest on a tuple."""
    uses: dict[_Claim, list[_Claim]] = {}
    found: set[_Claim] = set()
    for claim in claims_of(root, derivation):
        key, rests_on = derivation[claim]
        if key is not None:
            found.add(claim)
        for part in rests_on:
            uses.setdefault(part, []).append(claim)
    todo = list(found)
    while todo:
        new = [user for user in uses.get(todo.pop(), ()) if user not in found]
        found.update(new)
        todo += new
    return found


# ------------------------------------------------------------------------------------------------------------ a denial


class _Denial:
    """What stands in the way of a question that does not hold, the nearest first.

    ``grants`` are tuples that might turn it, ``blocks`` goals that hold and take it away, ``unmet`` tuples that do not
    count. ``orphans`` has by its bare key what is stored and the model does not allow.
    """

    def __init__(self, root: Goal, circumstances: Circumstances, orphans: Mapping[TupleKey, TupleKey]) -> None:
        self.grants: list[TupleKey] = []
        self.blocks: list[Goal] = []
        self.unmet: list[Unmet] = []
        seen = {root}
        todo = [root]
        for goal in todo:
            if goal.assignable is not None:
                orphan = orphans.get(goal.assignable)
                if orphan is None:
                    self.grants.append(goal.assignable)
                elif orphan.condition is not None:
                    # It stands in the way of the grant that would help: nobody can write that one before it is gone.
                    self.unmet.append(Unmet(orphan, circumstances.values(orphan.condition)))
            for branch in self._promising(goal):
                key = branch.key
                if branch.met is False and key is not None and key.condition is not None:
                    if branch.goal is None or branch.goal.holds:
                        self.unmet.append(Unmet(key, circumstances.values(key.condition)))
                elif branch.goal is not None and not branch.goal.holds and branch.goal not in seen:
                    seen.add(branch.goal)
                    todo.append(branch.goal)

    def _promising(self, goal: Goal) -> list[Branch]:
        """Return the branches that could make a goal hold; of an exclusion that takes something away, note it."""
        if goal.operator is not Operator.EXCEPT:
            return goal.branches
        base, subtract = goal.branches
        if subtract.goal is not None and subtract.goal.holds:
            self.blocks.append(_question_of(subtract.goal))
        return [base]


def _question_of(goal: Goal) -> Goal:
    """Return the question that an operand comes to, where it is nothing else."""
    while not goal.relation and len(goal.branches) == 1 and goal.operator is Operator.ANY:
        (branch,) = goal.branches
        if branch.key is not None or branch.goal is None:
            break
        goal = branch.goal
    return goal


def _missing(
    model: AuthorizationModel,
    known: MemoryTuples,
    occupied: Collection[TupleKey],
    question: CheckRequest,
    root: Goal,
    grants: list[TupleKey],
    tries: int,
) -> Iterator[tuple[TupleKey, ...]]:
    """Yield sets of grants that would turn the denial: single ones, or if none is found in ``tries`` a set of several.

    ``occupied`` are bare keys that cannot be written, because something stands there.
    """

    def turns(added: tuple[TupleKey, ...]) -> bool:
        try:
            return check(model, known, replace(question, contextual_tuples=added))
        except ConditionFailed:
            return False

    new = [key for key in dict.fromkeys(grants) if key not in occupied]
    single = 0
    for key in new[:tries]:
        if turns((key,)):
            yield (key,)
            single += 1
            if single == MAX_MISSING:
                return
    if not single:
        together = cheapest(root, _wishes, lambda _: 1)
        several = tuple(items_of(root, together)) if together is not None else ()
        if len(several) > 1 and not any(key in occupied for key in several) and turns(several):
            yield several


def _wishes(goal: Goal) -> Iterator[Alternative[Goal, TupleKey]]:
    """Yield how a goal could be made to hold: it does, by a grant, or by what it asks for."""
    if goal.holds:
        yield Alternative(None, ())
        return
    if goal.assignable is not None:
        yield Alternative(goal.assignable, ())
    operands = [branch.goal for branch in goal.branches if branch.goal is not None and branch.met is True]
    if goal.operator is Operator.ANY:
        for operand in operands:
            yield Alternative(None, (operand,))
    elif goal.operator is Operator.ALL:
        yield Alternative(None, tuple(operands))
    elif not operands[1].holds:
        yield Alternative(None, (operands[0],))
