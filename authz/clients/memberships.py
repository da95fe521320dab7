"""What stands for an actor: herself, everybody of her kind, and the groups she is in, however deep.

For whole checks (``of``, the short cut of ``authz.engine.reader.Memberships``) and at the head of every permission
statement (``standing``), from the same rules and the same expressions. What is granted to them is in ``stored_grants``.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connections

from authz.clients.sql.conditions import ConditionsSql
from authz.clients.sql.dialect import Sql
from authz.clients.sql.structure import Structure
from authz.clients.sql.subjects import TUPLES, SubjectsSql, seeds_of
from authz.dsl.model import AuthorizationModel
from authz.engine.expiry import TimeTest
from authz.engine.list_objects import list_objects
from authz.engine.reader import TupleReader
from authz.engine.subjects import compile_subjects, followable_nodes
from authz.engine.typesystem import type_of, typesystem_of
from authz.errors import ConditionFailed
from authz.types import Asker, RelationshipCondition

Grant = tuple[str, str]
"""``(object, relation)``."""
_ANYTHING = ""
"""In place of an object: a membership, which may lead to anything."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands for an actor in a statement: the expressions of ``authz.clients.sql.subjects``.

    ``tests`` are the conditions that the statement decides by itself. ``failed`` are grants under conditions that could
    not be evaluated: whoever may depend on one of them has to ask the engine.
    """

    ctes: Sql
    tests: Sequence[TimeTest] = ()
    failed: frozenset[Grant] = frozenset()

    def is_sure_of(self, types: Mapping[str, Collection[str]]) -> bool:
        """Tell whether no grant of the relations of these types failed, and no membership."""
        return not any(name == _ANYTHING or relation in types.get(type_of(name), ()) for name, relation in self.failed)


class DatabaseMemberships:
    """The ``Memberships`` of one model over one structure: compiled once, kept for the life of the client."""

    def __init__(self, model: AuthorizationModel, reader: TupleReader, structure: Structure, using: str) -> None:
        self._model = model
        self._reader = reader
        self._using = using
        self._types = typesystem_of(model)
        self._rules = compile_subjects(self._types, structure.edges())
        self._sql = SubjectsSql(self._types, self._rules, connections[using].vendor)
        self.nodes = followable_nodes(self._types, self._rules)
        self.relations = frozenset(f"{rule.type}#{rule.relation}" for rule in self._rules.rules)

    @property
    def conditions(self) -> ConditionsSql | None:
        """The conditions of the model in SQL; None when it has none."""
        return self._sql.conditions

    def of(self, user: str) -> frozenset[str]:
        """Return every userset that ``user`` is in, by rules alone; see ``Memberships``."""
        ctes = self._sql.ctes(seeds_of(self._rules, user))
        with connections[self._using].cursor() as cursor:
            cursor.execute(f"WITH RECURSIVE {ctes.text} SELECT subject FROM subjects", ctes.params)  # noqa: S608
            return frozenset(subject for (subject,) in cursor.fetchall())

    def standing(self, asker: Asker) -> Standing:
        """Return what stands for whoever asks, as expressions for a statement.

        No statement is run, unless the model has groups that a query cannot follow (``and``, ``but not``): then one
        list per such relation; or conditions: then one statement for those that SQL cannot decide, and one more for
        each step into groups by them.
        """
        self._types.require_user(asker.actor)
        for key in asker.memberships:
            self._types.require_tuple(key)
        seeds = seeds_of(self._rules, asker.actor, asker.usersets)
        failed: set[Grant] = set()
        for node in self._rules.listed:
            type_name, _, relation = node.partition("#")
            request = asker.list_objects(relation, type_name)
            try:
                seeds += [f"{name}#{relation}" for name in list_objects(self._model, self._reader, request)]
            except ConditionFailed:
                failed.add((_ANYTHING, node))
        if self._sql.conditions is None:
            return Standing(self._sql.ctes(seeds))
        tests = self._sql.conditions.tests(asker.context)
        told = self._evaluated(self._sql.conditions, seeds, tests, asker.context, failed)
        return Standing(self._sql.ctes(seeds, tests, told), tests, frozenset(failed))

    def _evaluated(
        self,
        conditions: ConditionsSql,
        seeds: Sequence[str],
        tests: Sequence[TimeTest],
        context: Mapping[str, Any],
        failed: set[Grant],
    ) -> list[int]:
        """Return the ids of the actor's tuples whose conditions hold and are for nobody but the engine to decide.

        A membership among them may bring others, so it goes on until none comes. ``failed`` is added to.
        """
        circumstances = self._types.conditions.under(context)
        undecided = conditions.undecided("t", tests)
        known: dict[int, bool] = {}
        while True:
            ctes = self._sql.ctes(seeds, tests, [each for each, holds in known.items() if holds])
            text = (
                f"WITH RECURSIVE {ctes.text} SELECT DISTINCT t.id, t.object_type, t.object_id, t.relation,"  # noqa: S608
                f" t.condition_name, CAST(t.condition_context AS text) FROM holds h CROSS JOIN {TUPLES} t"
                " WHERE h.condition_name > '' AND t.subject = h.subject AND t.object_type = h.object_type"
                f" AND t.relation = h.relation AND t.condition_name = h.condition_name AND {undecided.text}"
            )
            with connections[self._using].cursor() as cursor:
                cursor.execute(text, [*ctes.params, *undecided.params])
                found = [row for row in cursor.fetchall() if row[0] not in known]
            joined = False
            for row_id, object_type, object_id, relation, name, carried in found:
                node = f"{object_type}#{relation}"
                try:
                    known[row_id] = circumstances.met(RelationshipCondition(name, json.loads(carried)))
                except ConditionFailed:
                    known[row_id] = False
                    failed.add((_ANYTHING if node in self.relations else f"{object_type}:{object_id}", relation))
                joined = joined or (known[row_id] and node in self.relations)
            if not joined:
                return [each for each, holds in known.items() if holds]
