"""Who has access to what, and why: for those who edit the authorization model, and for auditors.

What is answered is what the service itself would be answered: the tree is told with each question, as for any other.
Whether an item lies in the trash, a drive is archived or an account is closed is not a matter of the model. That
somebody asked is written down, under the name of the query, once it is a question: what can name nothing is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from authz.identifiers import is_identifier
from authz.services import access, audit
from authz.services.access import Explanation, Question
from authz.services.editors import may_read
from authz.types import ORGANIZATION, Actor, TupleKey, split_object
from storage.models import NodeKind, NodeRef
from storage.selectors.rows import load
from storage.structure import EDGES, structure

_OF_THE_ORGANIZATION = ("group", "backend")
"""Types whose objects belong to the one organization, which is told with each question about them."""


def check(actor: Actor, question: Question, *, now: datetime) -> bool | None:
    """Answer a question; None for whoever may not ask it, and for a node that is not there.

    Raises InvalidRequest (it does not fit the model), ConditionFailed, ResolutionTooComplex, AuthorizationUnavailable.
    """
    told = _told(actor, question.object)
    if told is None:
        return None
    question.require_names()
    audit.record_question(
        actor, "checkPermission", now=now, user=question.user, relation=question.relation, object=question.object
    )
    return access.check(question, told, EDGES)


def holders(
    actor: Actor,
    object: str,
    relation: str,
    user_type: str,
    context: Mapping[str, Any] | None = None,
    *,
    now: datetime,
) -> list[str] | None:
    """Return who has a relation to an object, see ``authz.services.access``; None and errors as for ``check``."""
    told = _told(actor, object)
    if told is None:
        return None
    access.require_names(relation, object)
    audit.record_question(actor, "whoCanAccess", now=now, relation=relation, object=object)
    return access.holders(object, relation, user_type, told, EDGES, context)


def explain(actor: Actor, question: Question, *, now: datetime) -> Explanation | None:
    """Return why a question is answered as it is; None and errors as for ``check``."""
    told = _told(actor, question.object)
    if told is None:
        return None
    question.require_names()
    audit.record_question(
        actor, "explainAccess", now=now, user=question.user, relation=question.relation, object=question.object
    )
    return access.explain(question, told, EDGES)


def _told(actor: Actor, object: str) -> Sequence[TupleKey] | None:
    """Return what the rows tell about an object; None where there is nothing to be asked about, or nobody may ask."""
    if not may_read(actor):
        return None
    try:
        type_name, object_id = split_object(object)
    except ValueError:
        # Let authz say what is wrong with it.
        return ()
    if type_name in _OF_THE_ORGANIZATION:
        return (TupleKey(ORGANIZATION, "organization", object),)
    if type_name not in list(NodeKind):
        return ()
    if not is_identifier(object_id):
        return None
    (row,) = load([NodeRef(NodeKind(type_name), object_id)])
    return None if row is None else structure([row])
