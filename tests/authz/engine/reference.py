"""OpenFGA's check as plain recursion, as slow and as literal as can be: what the engine is compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from authz.dsl.model import (
    AuthorizationModel,
    Computed,
    Difference,
    Direct,
    Intersection,
    Rewrite,
    TupleToUserset,
    Union,
)
from authz.engine.typesystem import kind_of, typesystem_of
from authz.errors import ConditionFailed
from authz.types import RelationshipCondition, TupleKey, split_object, split_user


@dataclass(frozen=True)
class Verdict:
    """What OpenFGA's resolver returns: allowed or not, whether a cycle was in the way, or an error instead."""

    allowed: bool
    cycle: bool = False
    failed: bool = False


YES, NO, CYCLE, FAILED = Verdict(True), Verdict(False), Verdict(False, cycle=True), Verdict(False, failed=True)


STEPS = 20_000
"""Nodes that one question may visit: plain recursion takes every way through a cyclic model, and they can be many."""


class TooManySteps(Exception):
    """The question is beyond plain recursion; the engine's answer to it is compared elsewhere."""


class Failed(Exception):
    """A condition could not be decided, and the answer hangs on it."""


class Reference:
    """One user's checks over a list of tuples, under one context.

    ``follow_groups``: a relation that lists itself is no cycle. ``hasty``: ``and`` and ``but not`` take a cycle for
    their answer although another operand says no, which OpenFGA does whenever the cycle is the first to be found.
    ``forgetful``: of tuples that are read together one that counts makes the failed conditions of the others forgotten,
    which OpenFGA does, and which ones it reads together depends on the plan that it draws. ``typed``: a tuple that can
    lead to no such user by the model alone is left aside before its condition is looked at, which is what we do.
    ``assumed``: what every condition that cannot be decided is taken for, so that nothing fails.
    """

    def __init__(
        self,
        model: AuthorizationModel,
        tuples: Iterable[TupleKey],
        user: str,
        context: Mapping[str, Any] | None = None,
        *,
        follow_groups: bool = True,
        hasty: bool = False,
        forgetful: bool = False,
        typed: bool = False,
        assumed: bool | None = None,
    ) -> None:
        self.model = model
        self.tuples = list(tuples)
        self.user = user
        typesystem = typesystem_of(model)
        self.met: Callable[[RelationshipCondition], bool] = typesystem.conditions.under(context or {}).met
        kind = kind_of(user)
        # OpenFGA lets a wildcard go wherever a user of its type can go.
        self.reachable = typesystem.reaching(kind if typed else kind.removesuffix(":*"))
        self.typed = typed
        self.assumed = assumed
        self.follow_groups = follow_groups
        self.hasty = hasty
        self.forgetful = forgetful
        self.steps = 0

    def check(self, relation: str, object_name: str) -> bool:
        """Answer. Raises Failed, and TooManySteps."""
        self.steps = 0
        verdict = self._node(object_name, relation, (), None)
        if verdict.failed:
            raise Failed
        return verdict.allowed

    def _node(self, object_name: str, relation: str, path: tuple[str, ...], via: str | None) -> Verdict:
        self.steps += 1
        if self.steps > STEPS:
            raise TooManySteps
        name = f"{object_name}#{relation}"
        node = f"{split_object(object_name)[0]}#{relation}"
        if name == self.user:
            return YES
        if name in path:
            between = path[path.index(name) :]
            same = all(f"{p.split(':')[0]}#{p.split('#')[1]}" == node for p in between)
            return NO if self.follow_groups and same and via == "direct" and self._lists_itself(node) else CYCLE
        if node not in self.reachable:
            return NO
        definition = self.model.relation(*node.split("#"))
        assert definition is not None
        return self._rewrite(object_name, relation, definition.rewrite, (*path, name))

    def _lists_itself(self, node: str) -> bool:
        type_name, relation = node.split("#")
        definition = self.model.relation(type_name, relation)
        assert definition is not None
        if isinstance(definition.rewrite, Intersection | Difference):
            return False
        return any(entry.type == type_name and entry.relation == relation for entry in definition.restrictions)

    def _rewrite(self, object_name: str, relation: str, rewrite: Rewrite, path: tuple[str, ...]) -> Verdict:
        if isinstance(rewrite, Direct):
            return self._direct(object_name, relation, path)
        if isinstance(rewrite, Computed):
            return self._node(object_name, rewrite.relation, path, "computed")
        if isinstance(rewrite, TupleToUserset):
            return self._from(object_name, rewrite, path)
        if isinstance(rewrite, Difference):
            base = self._rewrite(object_name, relation, rewrite.base, path)
            subtract = self._rewrite(object_name, relation, rewrite.subtract, path)
            if self.hasty and (base.cycle or subtract.cycle):
                return CYCLE
            if subtract.allowed or base == NO:
                return NO
            if base.cycle or subtract.cycle:
                return CYCLE
            return FAILED if base.failed or subtract.failed else YES
        verdicts = [self._rewrite(object_name, relation, child, path) for child in rewrite.children]
        if isinstance(rewrite, Union):
            return any_of(verdicts)
        for verdict in (CYCLE, NO, FAILED) if self.hasty else (NO, CYCLE, FAILED):
            if verdict in verdicts:
                return verdict
        return YES

    def _direct(self, object_name: str, relation: str, path: tuple[str, ...]) -> Verdict:
        stored = self._stored(object_name, relation)
        verdicts = []
        for key in stored:
            subject_type, subject_id, subject_relation = split_user(key.user)
            everybody = subject_id == "*" and "#" not in self.user and self.user.split(":")[0] == subject_type
            if key.user == self.user or (everybody and subject_relation is None):
                verdicts.append(self._holds(key))
        usersets = [key for key in stored if "#" in key.user]
        counting, failed = self._counting([key for key in usersets if self._leads(kind_of(key.user))])
        for key in counting:
            name, _, subject_relation = key.user.partition("#")
            verdicts.append(self._node(name, subject_relation, path, "direct"))
        return any_of([*verdicts, *failed])

    def _from(self, object_name: str, rewrite: TupleToUserset, path: tuple[str, ...]) -> Verdict:
        stored = self._stored(object_name, rewrite.tupleset)
        counting, failed = self._counting(
            [key for key in stored if self._leads(f"{kind_of(key.user)}#{rewrite.relation}")]
        )
        verdicts = [
            self._node(key.user, rewrite.relation, path, "from")
            for key in counting
            if self.model.relation(split_object(key.user)[0], rewrite.relation) is not None
        ]
        return any_of([*verdicts, *failed])

    def _leads(self, node: str) -> bool:
        return not self.typed or node in self.reachable

    def _counting(self, keys: list[TupleKey]) -> tuple[list[TupleKey], list[Verdict]]:
        """Return the tuples whose condition holds, and FAILED where another's could not be decided."""
        verdicts = [self._holds(key) for key in keys]
        counting = [key for key, verdict in zip(keys, verdicts, strict=True) if verdict == YES]
        forgotten = self.forgetful and counting
        return counting, [FAILED] if FAILED in verdicts and not forgotten else []

    def _holds(self, key: TupleKey) -> Verdict:
        if key.condition is None:
            return YES
        try:
            return YES if self.met(key.condition) else NO
        except ConditionFailed:
            return FAILED if self.assumed is None else YES if self.assumed else NO

    def _stored(self, object_name: str, relation: str) -> list[TupleKey]:
        definition = self.model.relation(split_object(object_name)[0], relation)
        assert definition is not None
        kinds = {(entry.type, entry.relation, entry.wildcard, entry.condition) for entry in definition.restrictions}
        return [
            key
            for key in self.tuples
            if key.object == object_name and key.relation == relation and kind_of_tuple(key) in kinds
        ]


def kind_of_tuple(key: TupleKey) -> tuple[str, str | None, bool, str | None]:
    subject_type, subject_id, relation = split_user(key.user)
    return subject_type, relation, subject_id == "*", key.condition.name if key.condition else None


def any_of(verdicts: list[Verdict]) -> Verdict:
    for verdict in (YES, FAILED, CYCLE):
        if verdict in verdicts:
            return verdict
    return NO


def possible_answers(
    model: AuthorizationModel,
    tuples: Iterable[TupleKey],
    user: str,
    relation: str,
    object_name: str,
    context: Mapping[str, Any],
) -> set[bool | None]:
    """Return what OpenFGA may answer (None: an error), as what it sees first and plans for is left to chance.

    Raises TooManySteps.
    """
    found: set[bool | None] = set()
    for follow, hasty, forgetful, typed in product((True, False), repeat=4):
        reference = Reference(
            model, tuples, user, context, follow_groups=follow, hasty=hasty, forgetful=forgetful, typed=typed
        )
        try:
            found.add(reference.check(relation, object_name))
        except Failed:
            found.add(None)
    return found


def answer_whatever_fails(
    model: AuthorizationModel,
    tuples: Iterable[TupleKey],
    user: str,
    relation: str,
    object_name: str,
    context: Mapping[str, Any],
) -> bool | None:
    """Return the answer if it is the same with every failing condition taken as true and as false; None if it is not.

    Raises TooManySteps.
    """
    found = {
        Reference(model, tuples, user, context, assumed=assumed).check(relation, object_name)
        for assumed in (True, False)
    }
    return found.pop() if len(found) == 1 else None


def some_condition_fails(model: AuthorizationModel, tuples: Iterable[TupleKey], context: Mapping[str, Any]) -> bool:
    """Tell whether there is any tuple, wherever it leads, whose condition cannot be decided."""
    met = typesystem_of(model).conditions.under(context).met
    for key in tuples:
        try:
            if key.condition is not None:
                met(key.condition)
        except ConditionFailed:
            return True
    return False
