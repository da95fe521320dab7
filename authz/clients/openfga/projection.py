"""The grant projection: which objects an actor's grants name, as lists that the server told. Structure is not in it.

A *grant relation* is one that the server can answer without the tree: its direct list, or a union around it. Its list
then holds what is granted, and nothing that the whole relation would not hold. Lists, counts and flags are computed
from these sets and the rows; ``authz.engine.plan`` is the split.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from authz.clients.sql.dialect import Sql
from authz.clients.sql.sources import Link
from authz.dsl.model import Direct
from authz.engine.plan import Edge, Grants
from authz.engine.typesystem import Typesystem, is_pure_union, leaves
from authz.errors import UnplannableRelation

GrantRelation = tuple[str, str]
"""``(type, relation)``."""
Load = Callable[[Collection[GrantRelation]], Mapping[GrantRelation, frozenset[str]]]
"""Asks for lists: the ids of the objects, by node."""


class Projection:
    """The sets of one actor as of one moment; each is loaded when it is first needed, those of one need together.

    Threads may share one: what two of them load at the same time is the same.
    """

    def __init__(self, load: Load) -> None:
        self._load = load
        self._sets: dict[GrantRelation, frozenset[str]] = {}
        self._parameters: dict[Ids, str] = {}
        self.size = 0
        """How many ids are here. Whoever bounds all of them together asks each one, at every request."""

    def knows(self, nodes: Iterable[GrantRelation]) -> bool:
        """Return whether all sets are here already."""
        return all(node in self._sets for node in nodes)

    def need(self, nodes: Iterable[GrantRelation]) -> None:
        """Load the sets that are not here yet."""
        missing = [node for node in dict.fromkeys(nodes) if node not in self._sets]
        if missing:
            self._sets.update(self._load(missing))
            self.size = sum(map(len, list(self._sets.values())))

    def holds(self, type_name: str, object_id: str, relation: str) -> bool:
        """Return whether the grant is held; its set must be here."""
        return object_id in self._sets[type_name, relation]

    def filled(self, sql: Sql) -> Sql:
        """Return SQL with each ``Ids`` among its parameters replaced by the ids as JSON; sets are loaded as needed."""
        self.need((each.type, relation) for each in sql.params if isinstance(each, Ids) for relation in each.relations)
        found = tuple(self._parameter(each) if isinstance(each, Ids) else each for each in sql.params)
        return Sql(sql.text, found, sql.compound)

    def _parameter(self, ids: Ids) -> str:
        known = self._parameters.get(ids)
        if known is None:
            union = frozenset[str]().union(*(self._sets[ids.type, relation] for relation in ids.relations))
            known = self._parameters[ids] = json.dumps(list(union))
        return known


@dataclass(frozen=True, slots=True)
class Ids:
    """Stands among SQL parameters for the ids of the objects of ``type`` on which one of the relations is held."""

    type: str
    relations: frozenset[str]


class ProjectedGrants:
    """A ``GrantSource`` of lists: one parameter for a set, however many ids it has."""

    def __init__(self, types: Typesystem, vendor: str) -> None:
        self._types = types
        # SQLite hands out 999 or 32,766 parameters for a statement, PostgreSQL 65,535; a list may have more ids.
        elements = "jsonb_array_elements_text(%s::jsonb)" if vendor == "postgresql" else "json_each(%s)"
        self._text = f"SELECT value AS id FROM {elements}"  # noqa: S608

    def granted(self, plan: Grants) -> Sql:
        """See ``GrantSource``. Raises UnplannableRelation for what is no grant relation."""
        for relation in plan.relations:
            require_grant_relation(self._types, (plan.type, relation))
        return Sql(self._text, (Ids(plan.type, plan.relations),))

    def link(self, edge: Edge, target_type: str, target: str, alias: str) -> Link:
        """See ``GrantSource``: stored edges are on the server, where SQL does not reach."""
        raise UnplannableRelation(f"{edge[0]}#{edge[1]} is stored on a server")


def require_grant_relation(types: Typesystem, node: GrantRelation) -> None:
    """Raise UnplannableRelation unless the server's list of the relation is right without the tree.

    The server, knowing no tree, may find too little for a part of the relation. Where all parts are joined by ``or``
    that leaves objects out which the plan finds another way; behind ``and`` or ``but not`` it would falsify the list.
    """
    type_name, relation = node
    rewrite = types.relation(type_name, relation).rewrite
    name = f"{type_name}#{relation}"
    parts = {
        target
        for leaf in leaves(rewrite)
        if not isinstance(leaf, Direct)
        for target in types.targets(type_name, relation, leaf)
        if target in types.kinds
    }
    reached = parts.union(*(types.led_to(part) for part in parts))
    for each in reached:
        of, _, inner = each.partition("#")
        if not is_pure_union(types.relation(of, inner).rewrite):
            raise UnplannableRelation(f"{name} leads to {each}, which says no to some")
    if not is_pure_union(rewrite):
        raise UnplannableRelation(f"{name} grants and says no in one relation")
