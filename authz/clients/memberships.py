"""What stands for an actor: herself, everybody of her kind, and the groups she is in, however deep.

For whole checks (``of``, the short cut of ``authz.engine.reader.Memberships``) and at the head of every permission
statement (``subjects``), from the same rules and the same expressions. What is granted to them is in ``grants``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connections

from authz.clients.sql.dialect import Sql
from authz.clients.sql.structure import Structure
from authz.clients.sql.subjects import SubjectsSql, seeds_of
from authz.dsl.model import AuthorizationModel
from authz.engine.list_objects import list_objects
from authz.engine.reader import TupleReader
from authz.engine.subjects import compile_subjects, followable_nodes
from authz.engine.typesystem import typesystem_of
from authz.types import ListObjectsRequest, TupleKey


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

    def of(self, user: str) -> frozenset[str]:
        """Return every userset that ``user`` is in, by rules alone; see ``Memberships``."""
        ctes = self._sql.ctes(seeds_of(self._rules, user))
        with connections[self._using].cursor() as cursor:
            cursor.execute(f"WITH RECURSIVE {ctes.text} SELECT subject FROM subjects", ctes.params)  # noqa: S608
            return frozenset(subject for (subject,) in cursor.fetchall())

    def subjects(self, actor: str, usersets: Sequence[str]) -> Sql:
        """Return the expressions ``subjects`` and ``holds``, to be put behind ``WITH RECURSIVE``.

        ``usersets`` are memberships for this question only (``share_link:l1#bearer``). No statement is run, unless the
        model has groups that a query cannot follow (``and``, ``but not``): then one list per such relation.
        """
        self._types.require_user(actor)
        contextual = memberships_told(actor, usersets)
        for key in contextual:
            self._types.require_tuple(key)
        seeds = seeds_of(self._rules, actor, usersets)
        for node in self._rules.listed:
            type_name, _, relation = node.partition("#")
            request = ListObjectsRequest(actor, relation, type_name, contextual)
            seeds += [f"{name}#{relation}" for name in list_objects(self._model, self._reader, request)]
        return self._sql.ctes(seeds)


def memberships_told(actor: str, usersets: Iterable[str]) -> tuple[TupleKey, ...]:
    """Return memberships for one question (``share_link:l1#bearer``) as contextual tuples."""
    return tuple(TupleKey(actor, name.partition("#")[2], name.partition("#")[0]) for name in usersets)
