"""``list_objects``: to which objects of a type has this user the relation?

Works backwards from the user along the tuples to candidates, then checks them where ``and`` or ``but not`` could still
say no, or where a condition could not be decided. Never cut short: a limit is an error, and so is a condition that the
list hangs on.
"""

from __future__ import annotations

from collections.abc import Iterator

from authz.dsl.model import AuthorizationModel, Computed, Direct
from authz.engine.check import batch_check
from authz.engine.conditions import Circumstances
from authz.engine.contextual import with_contextual
from authz.engine.network import GATE_LIMIT, LEVEL_LIMIT
from authz.engine.reader import ObjectQuery, TupleReader, wildcard_of
from authz.engine.typesystem import Node, Typesystem, is_pure_union, kind_of, leaves, typesystem_of
from authz.errors import ConditionFailed, ResolutionTooComplex
from authz.types import CheckRequest, ListObjectsRequest, RelationshipCondition


def list_objects(model: AuthorizationModel, reader: TupleReader, request: ListObjectsRequest) -> list[str]:
    """Return every such object, sorted. Raises as ``batch_check`` does."""
    typesystem = typesystem_of(model)
    typesystem.relation(request.type, request.relation)
    typesystem.require_user(request.user)
    circumstances = typesystem.conditions.under(request.context)
    combined = with_contextual(typesystem, reader, request.contextual_tuples)
    search = _Search(typesystem, f"{request.type}#{request.relation}", circumstances)
    candidates = sorted(search.candidates(combined, request.user))
    if search.exact:
        return candidates
    context = request.context
    checks = [CheckRequest(request.user, request.relation, candidate, (), context) for candidate in candidates]
    verdicts = batch_check(model, combined, checks)
    return [candidate for candidate, allowed in zip(candidates, verdicts, strict=True) if allowed]


class _Search:
    """The part of a model that can lead to ``target``, turned round."""

    def __init__(self, typesystem: Typesystem, target: Node, circumstances: Circumstances) -> None:
        self._types = typesystem
        self._circumstances = circumstances
        self._target = target
        self._direct: dict[str, list[Node]] = {}
        self._computed: dict[Node, list[Node]] = {}
        self._from: dict[Node, list[tuple[Node, str]]] = {}
        self.exact = True
        seen = {target}
        todo = [target]
        while todo:
            node = todo.pop()
            for reached in self._turn_round(node):
                if reached in typesystem.kinds and reached not in seen:
                    seen.add(reached)
                    todo.append(reached)

    def _turn_round(self, node: Node) -> Iterator[str]:
        type_name, _, relation = node.partition("#")
        rewrite = self._types.relation(type_name, relation).rewrite
        self.exact = self.exact and is_pure_union(rewrite)
        for leaf in leaves(rewrite, positive_only=True):
            targets = self._types.targets(type_name, relation, leaf)
            yield from targets
            for target in targets:
                if isinstance(leaf, Direct):
                    self._direct.setdefault(target, []).append(node)
                elif isinstance(leaf, Computed):
                    self._computed.setdefault(target, []).append(node)
                else:
                    self._from.setdefault(target, []).append((node, leaf.tupleset))

    def candidates(self, reader: TupleReader, user: str) -> set[str]:
        """Return every object that could be in the answer, and each that is."""
        found: set[str] = set()
        seen: set[str] = set()
        names = [user] if wildcard_of(user) is None else [user, str(wildcard_of(user))]
        # As many levels as a check has, one more read to see that nothing follows, and a last look at what that gave.
        for _ in range(LEVEL_LIMIT + 2):
            queries: dict[tuple[ObjectQuery, Node], None] = {}
            while names:
                name = names.pop()
                if name not in seen:
                    seen.add(name)
                    names.extend(self._computed_names(name))
                    queries.update(dict.fromkeys(self._queries(name)))
                    if kind_of(name) == self._target:
                        found.add(name.partition("#")[0])
            if not queries:
                return found
            if len(seen) > GATE_LIMIT:
                raise ResolutionTooComplex(f"more than {GATE_LIMIT} relations to resolve")
            names = self._read(reader, list(queries))
        raise ResolutionTooComplex(f"deeper than {LEVEL_LIMIT} levels")

    def _read(self, reader: TupleReader, queries: list[tuple[ObjectQuery, Node]]) -> list[str]:
        names = []
        answers = reader.objects([query for query, _ in queries])
        for (query, node), objects in zip(queries, answers, strict=True):
            relation = node.partition("#")[2]
            read = f"{query.type}#{query.relation}"
            names += [
                f"{name}#{relation}" for name, condition in objects if self._leads(read, query.subject, condition)
            ]
        return names

    def _leads(self, node: Node, subject: str, condition: RelationshipCondition | None) -> bool:
        """Tell whether a tuple counts. Where that cannot be decided it does, and what it leads to is checked."""
        if condition is None:
            return self._types.allows(node, subject)
        if (kind_of(subject), condition.name) not in self._types.conditional[node]:
            return False
        try:
            return self._circumstances.met(condition)
        except ConditionFailed:
            self.exact = False
            return True

    def _computed_names(self, name: str) -> Iterator[str]:
        if "#" in name:
            bare = name.partition("#")[0]
            for node in self._computed.get(kind_of(name), ()):
                yield f"{bare}#{node.partition('#')[2]}"

    def _queries(self, name: str) -> Iterator[tuple[ObjectQuery, Node]]:
        kind = kind_of(name)
        for node in self._direct.get(kind, ()):
            yield ObjectQuery(node.partition("#")[0], node.partition("#")[2], name), node
        if "#" in name:
            bare = name.partition("#")[0]
            for node, tupleset in self._from.get(kind, ()):
                yield ObjectQuery(node.partition("#")[0], tupleset, bare), node
