"""Every tuple that can matter to one question: enough to ask it again elsewhere, where nothing else is stored.

Found without evaluating anything: from the object on, along usersets and tuplesets, whatever the rewrites make of them.
So it holds also what an engine that errs has overlooked.
"""

from __future__ import annotations

from collections.abc import Iterator

from authz.dsl.model import AuthorizationModel
from authz.engine.contextual import with_contextual
from authz.engine.reader import SubjectQuery, TupleReader
from authz.engine.typesystem import type_of, typesystem_of
from authz.errors import ResolutionTooComplex
from authz.types import CheckRequest, TupleKey


def neighbourhood(
    model: AuthorizationModel, reader: TupleReader, request: CheckRequest, *, limit: int
) -> list[TupleKey]:
    """Return the tuples, the question's own contextual ones among them, with one read for each step away.

    Left out are users other than the one asked about, and what stands on relations that the model does not have. Raises
    ResolutionTooComplex when there are more than ``limit``, and InvalidRequest for a question that does not fit.
    """
    types = typesystem_of(model)
    types.require_object(request.object, request.relation)
    types.require_user(request.user)
    tuples = with_contextual(types, reader, request.contextual_tuples)
    tuplesets = types.tuplesets
    found: list[TupleKey] = []
    seen = {request.object}
    frontier = [request.object]
    while frontier:
        queries = [
            SubjectQuery(name, relation, None if relation in tuplesets else request.user)
            for name in frontier
            for relation in _stored(model, name)
        ]
        frontier = []
        for query, subjects in zip(queries, tuples.subjects(queries), strict=True):
            for subject, condition in subjects:
                found.append(TupleKey(subject, query.relation, query.object, condition))
                bare, hash_sign, _ = subject.partition("#")
                if (hash_sign or query.relation in tuplesets) and not bare.endswith(":*") and bare not in seen:
                    seen.add(bare)
                    frontier.append(bare)
        if len(found) > limit:
            raise ResolutionTooComplex(f"more than {limit} tuples can matter")
    return found


def _stored(model: AuthorizationModel, name: str) -> Iterator[str]:
    """Yield the relations of an object that tuples may stand on; of a type that the model lacks there are none."""
    definition = model.types.get(type_of(name))
    if definition is not None:
        yield from (relation.name for relation in definition.relations.values() if relation.restrictions)
