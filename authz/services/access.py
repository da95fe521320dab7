"""Who has access and why, for those who edit the model or audit: any relation, of anybody, to anything.

**No permission is asked here**: whoever tells the structure of the tree asks ``authz.services.editors`` first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from authz.clients.base import InstallationClient
from authz.clients.sql.structure import Structure
from authz.dsl.parser import parse_text
from authz.dsl.printer import relation_text
from authz.engine import names
from authz.engine.explain import Explanation, Proof, Reason, Step, Unmet
from authz.engine.typesystem import type_of
from authz.services.active_model import LoadedModel, active
from authz.services.circumstances import circumstances
from authz.services.client import configured_client
from authz.types import CheckRequest, ListUsersRequest, TupleKey

__all__ = ["Definition", "Explanation", "Proof", "Question", "Reason", "Step", "Unmet"]


@dataclass(frozen=True, slots=True)
class Question:
    """Has ``user`` the ``relation`` to ``object``? ``contextual_tuples`` count for this question only."""

    user: str
    relation: str
    object: str
    contextual_tuples: tuple[TupleKey, ...] = ()
    context: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def require_names(self) -> None:
        """Raise InvalidRequest unless its parts can name something."""
        names.require_question(self.user, self.relation, self.object)

    def request(self, told: Sequence[TupleKey]) -> CheckRequest:
        """Return the question with what the rows tell; what the question itself brings goes before that."""
        tuples = tuple(dict.fromkeys((*told, *self.contextual_tuples)))
        return CheckRequest(self.user, self.relation, self.object, tuples, self.context)


@dataclass(frozen=True, slots=True)
class Definition:
    """Where a relation stands in the model: its text in one line, and the number of its line, from 1."""

    text: str
    line: int


def require_names(relation: str, object: str) -> None:
    """Raise InvalidRequest unless these can name something."""
    names.require_relation(relation)
    names.require_object(object)


def check(question: Question, told: Sequence[TupleKey], structure: Structure) -> bool:
    """Answer a question with what the rows tell. Raises as ``decisions.check`` does; a no refuses nobody anything."""
    client = configured_client(structure)
    return client.check(_at_present(client, question.request(told)))


def holders(
    object: str,
    relation: str,
    user_type: str,
    told: Sequence[TupleKey],
    structure: Structure,
    context: Mapping[str, Any] | None = None,
) -> list[str]:
    """Return who has the relation, sorted; ``user_type`` is a type, or ``type#relation`` for usersets.

    ``"type:*"`` comes first where everybody of the type has it whom the model does not exclude. Raises InvalidRequest.
    """
    type_name, _, user_relation = user_type.partition("#")
    client = configured_client(structure)
    known = {**circumstances(client), **(context or {})}
    request = ListUsersRequest(object, relation, type_name, user_relation or None, tuple(told), known)
    return client.list_users(request)


def explain(question: Question, told: Sequence[TupleKey], structure: Structure) -> Explanation:
    """Return why ``check`` answers as it does, from the tuples as they are. Raises as ``check`` does."""
    client = configured_client(structure)
    return client.explain(_at_present(client, question.request(told)))


def _at_present(client: InstallationClient, request: CheckRequest) -> CheckRequest:
    """Return the question with what the service tells with each of its own, unless it says otherwise itself."""
    return replace(request, context={**circumstances(client), **request.context})


def definition(object: str, relation: str) -> Definition | None:
    """Return the definition of a relation of an object in the model that answers here; None when there is none."""
    return _definitions(active()).get((type_of(object), relation))


@lru_cache(maxsize=2)
def _definitions(model: LoadedModel) -> Mapping[tuple[str, str], Definition]:
    return {
        (item.name, entry.relation.name): Definition(relation_text(entry.relation), entry.at.line)
        for item in parse_text(model.text).types
        for entry in item.relations
    }
