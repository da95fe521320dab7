"""OpenFGA's check as plain recursion, as slow and as literal as can be: what the engine is compared with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

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
from authz.types import TupleKey, split_object, split_user


@dataclass(frozen=True)
class Verdict:
    """What OpenFGA's resolver returns: allowed or not, and whether a cycle was in the way."""

    allowed: bool
    cycle: bool = False


YES, NO, CYCLE = Verdict(True), Verdict(False), Verdict(False, cycle=True)


STEPS = 20_000
"""Nodes that one question may visit: plain recursion takes every way through a cyclic model, and they can be many."""


class TooManySteps(Exception):
    """The question is beyond plain recursion; the engine's answer to it is compared elsewhere."""


class Reference:
    """One user's checks over a list of tuples.

    ``follow_groups``: a relation that lists itself is no cycle. ``hasty``: ``and`` and ``but not`` take a cycle for
    their answer although another operand says no, which OpenFGA does whenever the cycle is the first to be found.
    """

    def __init__(
        self,
        model: AuthorizationModel,
        tuples: Iterable[TupleKey],
        user: str,
        *,
        follow_groups: bool = True,
        hasty: bool = False,
    ) -> None:
        self.model = model
        self.tuples = list(tuples)
        self.user = user
        self.follow_groups = follow_groups
        self.hasty = hasty
        self.steps = 0

    def check(self, relation: str, object_name: str) -> bool:
        self.steps = 0
        return self._node(object_name, relation, (), None).allowed

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
            return CYCLE if base.cycle or subtract.cycle else YES
        verdicts = [self._rewrite(object_name, relation, child, path) for child in rewrite.children]
        if isinstance(rewrite, Union):
            return any_of(verdicts)
        if self.hasty and CYCLE in verdicts:
            return CYCLE
        if NO in verdicts:
            return NO
        return CYCLE if CYCLE in verdicts else YES

    def _direct(self, object_name: str, relation: str, path: tuple[str, ...]) -> Verdict:
        verdicts = []
        for key in self._stored(object_name, relation):
            subject_type, subject_id, subject_relation = split_user(key.user)
            if key.user == self.user:
                verdicts.append(YES)
            elif subject_id == "*":
                matches = "#" not in self.user and self.user.split(":")[0] == subject_type
                verdicts.append(YES if matches else NO)
            elif subject_relation:
                verdicts.append(self._node(f"{subject_type}:{subject_id}", subject_relation, path, "direct"))
        return any_of(verdicts)

    def _from(self, object_name: str, rewrite: TupleToUserset, path: tuple[str, ...]) -> Verdict:
        verdicts = []
        for key in self._stored(object_name, rewrite.tupleset):
            target_type, target_id, target_relation = split_user(key.user)
            if target_relation or target_id == "*" or self.model.relation(target_type, rewrite.relation) is None:
                continue
            verdicts.append(self._node(key.user, rewrite.relation, path, "from"))
        return any_of(verdicts)

    def _stored(self, object_name: str, relation: str) -> list[TupleKey]:
        definition = self.model.relation(split_object(object_name)[0], relation)
        assert definition is not None
        return [
            key
            for key in self.tuples
            if key.object == object_name
            and key.relation == relation
            and any(
                (entry.type, entry.relation, entry.wildcard) == split_kind(key.user)
                for entry in definition.restrictions
            )
        ]


def split_kind(user: str) -> tuple[str, str | None, bool]:
    subject_type, subject_id, relation = split_user(user)
    return subject_type, relation, subject_id == "*"


def any_of(verdicts: list[Verdict]) -> Verdict:
    if YES in verdicts:
        return YES
    return CYCLE if CYCLE in verdicts else NO
