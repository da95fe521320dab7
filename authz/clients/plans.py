"""The plans of one model over one structure, and the SQL made of them: compiled once, kept for the life of a client.

The split itself is ``authz.engine.plan``. Where grants come from differs from client to client and is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from authz.clients.sql.predicate import Predicate, compile_predicate
from authz.clients.sql.sources import GrantSource
from authz.clients.sql.structure import Structure
from authz.dsl.model import AuthorizationModel
from authz.engine.followed import Followed, followed, known
from authz.engine.plan import Plan, PlanCompiler, edges_of, grants_of
from authz.engine.typesystem import typesystem_of
from authz.errors import UnplannableRelation


@dataclass(frozen=True, slots=True)
class PagePlans:
    """The plans of the flags that a page shows, and what they read.

    ``grants`` has the grant relations to look up, ``tuplesets`` the edges that objects have, both by type.
    """

    plans: Mapping[tuple[str, str], Plan]
    grants: Mapping[str, frozenset[str]]
    tuplesets: Mapping[str, tuple[str, ...]]


_REMEMBERED = 1024
"""Questions whose plans are kept, the least recently asked going first: whoever asks chooses which belong together."""


class Plans:
    """Plans and predicates of a model. ``grants`` tells the SQL of what the actor holds."""

    def __init__(self, model: AuthorizationModel, structure: Structure, grants: GrantSource, vendor: str) -> None:
        self._structure = structure
        self._grants = grants
        self._vendor = vendor
        self._edges = structure.edges()
        self._types = typesystem_of(model)
        self._compiler = PlanCompiler(model, self._edges)
        self._followed = lru_cache(_REMEMBERED)(self._follow)
        self._pages = lru_cache(_REMEMBERED)(self._plan_page)
        self._predicates = lru_cache(_REMEMBERED)(self._compile)

    def plan(self, type_name: str, relation: str) -> Plan:
        """Return the plan of a relation; raises UnknownType, UnknownRelation, UnplannableRelation."""
        return self._compiler.relation(type_name, relation)

    def followed(self, asked: frozenset[tuple[str, str]] | None) -> Followed:
        """Return which structural edges questions about ``(type, relation)``, or any questions (None), follow."""
        return self._followed(asked)

    def page(self, asked: frozenset[tuple[str, str]]) -> PagePlans:
        """Return the plans of several ``(type, relation)`` together.

        Raises UnplannableRelation when one of them follows edges that are stored as tuples.
        """
        return self._pages(asked)

    def predicate(self, type_name: str, relation: str, alias: str) -> Predicate:
        """Return the plan of a relation as SQL over the rows of its type; raises as ``plan`` does."""
        return self._predicates(type_name, relation, alias)

    def _follow(self, asked: frozenset[tuple[str, str]] | None) -> Followed:
        return known(self._types, self._edges) if asked is None else followed(self._types, self._edges, asked)

    def _plan_page(self, asked: frozenset[tuple[str, str]]) -> PagePlans:
        plans = {(type_name, relation): self.plan(type_name, relation) for type_name, relation in asked}
        for (type_name, relation), plan in plans.items():
            if not edges_of(plan) <= self._edges:
                raise UnplannableRelation(f"{type_name}#{relation} follows stored tuples")
        read = frozenset(grant for plan in plans.values() for grant in grants_of(plan))
        return PagePlans(plans, by_type(read), {name: tuple(sorted(of)) for name, of in by_type(self._edges).items()})

    def _compile(self, type_name: str, relation: str, alias: str) -> Predicate:
        plan = self.plan(type_name, relation)
        return compile_predicate(plan, self._structure, self._grants, self._vendor, type_name, alias)


def by_type(pairs: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """Return ``(type, relation)`` pairs as relations by type."""
    found: dict[str, set[str]] = {}
    for type_name, relation in pairs:
        found.setdefault(type_name, set()).add(relation)
    return {type_name: frozenset(relations) for type_name, relations in found.items()}
