"""The authorization model, the tuples under it, and what they amount to: for those who edit the model, and auditors."""

# The description of a field is its docstring, for clients and for us.
# ruff: noqa: D102

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

import strawberry

from authz.errors import InvalidRequest
from authz.services import model_versions, relationship_editor
from authz.services.access import Question
from schema.context import Info
from schema.descriptions import field
from schema.errors import BadUserInput, Detailed
from schema.ids import InvalidId, Kind, decode_as, object_name, user_name
from schema.limits import MAX_PAGE_SIZE
from schema.loaders import access as holders
from schema.loaders import model_page
from schema.scalars import JSON
from schema.types.access import AccessExplanation, PermissionHolderConnection, explanation
from schema.types.authorization_model import (
    AuthorizationModel,
    AuthorizationModelActivationConnection,
    AuthorizationModelConnection,
    model_or_none,
)
from schema.types.connections import After, Before, First, Last
from schema.types.page_info import PageInfo
from schema.types.relationship import (
    OBJECT,
    USER,
    RelationshipTupleConnection,
    RelationshipTupleFilter,
    RelationshipTupleInput,
    advice,
    context_value,
    relationships,
)
from storage.selectors.pages import PageRequest
from storage.services import access

T = TypeVar("T")

UserName = Annotated[str, strawberry.argument(description=USER)]
ObjectName = Annotated[str, strawberry.argument(description=OBJECT)]
Relation = Annotated[str, strawberry.argument(description='The relation: "can_view", "viewer", any of the model.')]
QuestionContext = Annotated[
    JSON | None,
    strawberry.argument(description="An object with values for conditions; what no condition names is ignored."),
]
ContextualTuples = Annotated[
    list[RelationshipTupleInput] | None,
    strawberry.argument(description="Tuples that count as if they were stored, for this question only. Up to 100."),
]


def _told(work: Callable[[], T], *, user: str | None = None, object: str | None = None) -> T:
    """Do the work; what does not fit the model is told with its detail, for whoever gets this far may see the model."""
    try:
        return work()
    except InvalidRequest as error:
        raise Detailed(error, advice(user=user, object=object)) from None


def _question(
    user: str, relation: str, object: str, context: JSON | None, tuples: list[RelationshipTupleInput] | None
) -> Question:
    if len(tuples or ()) > MAX_PAGE_SIZE:
        raise BadUserInput(f"At most {MAX_PAGE_SIZE} contextual tuples at a time.")
    contextual = tuple(each.key() for each in tuples or ())
    return Question(user_name(user), relation, object_name(object), contextual, context_value(context))


@strawberry.type
class AuthorizationQueries:
    """Part of the root."""

    @field("All versions of the authorization model, the newest first; null for whoever may not read them.")
    def authorization_models(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> AuthorizationModelConnection | None:
        viewer = info.context.viewer
        request = PageRequest(first=first, after=after, last=last, before=before)
        found = model_page.versions(viewer, request)
        return None if found is None else AuthorizationModelConnection(found=found, viewer=viewer)

    @field("A version of the authorization model by its id; null when there is none that the viewer may read.")
    def authorization_model(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The id.")]
    ) -> AuthorizationModel | None:
        try:
            row_id = decode_as(id, Kind.MODEL)
        except InvalidId:
            return None
        return model_or_none(model_versions.by_ids(info.context.actor, [row_id]).get(row_id))

    @field("Which version was activated when and by whom, the latest first; null for whoever may not read them.")
    def authorization_model_activations(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> AuthorizationModelActivationConnection | None:
        request = PageRequest(first=first, after=after, last=last, before=before)
        found = model_page.activations(info.context.viewer, request)
        return None if found is None else AuthorizationModelActivationConnection(found=found)

    @field("Stored tuples, the oldest first; null for whoever may not read them. The tree is not stored as tuples.")
    def relationship_tuples(
        self,
        info: Info,
        filter: Annotated[
            RelationshipTupleFilter | None, strawberry.argument(description="Which of them; all when left out.")
        ] = None,
        first: First = None,
        after: After = None,
    ) -> RelationshipTupleConnection | None:
        chosen = filter or RelationshipTupleFilter()
        size = PageRequest(first=first).size
        page = _told(
            lambda: relationship_editor.page(
                info.context.actor,
                user=None if chosen.user is None else user_name(chosen.user),
                relation=chosen.relation,
                object=None if chosen.object is None else object_name(chosen.object),
                page_size=max(size, 1),
                after=after or "",
            )
        )
        if page is None:
            return None
        end, more = page.continuation_token or None, bool(page.continuation_token)
        if not size:
            # The engine has no page of nothing: that it has a tuple says that there is more.
            end, more = after, bool(page.tuples)
        where = PageInfo(has_next_page=more, has_previous_page=after is not None, start_cursor=None, end_cursor=end)
        return RelationshipTupleConnection(nodes=relationships(page.tuples[:size]), page_info=where)

    @field(
        "Whether a user has a relation to an object; null for whoever may not ask, and for a node that is not there."
    )
    def check_permission(
        self,
        info: Info,
        user: UserName,
        relation: Relation,
        object: ObjectName,
        context: QuestionContext = None,
        contextual_tuples: ContextualTuples = None,
    ) -> bool | None:
        question = _question(user, relation, object, context, contextual_tuples)
        return _told(lambda: access.check(info.context.actor, question, now=info.context.now), user=user, object=object)

    @field("Who has a relation to an object, by name; null for whoever may not ask, and for a node that is not there.")
    def who_can_access(
        self,
        info: Info,
        object: ObjectName,
        relation: Relation,
        user_type: Annotated[
            str, strawberry.argument(description='The kind of users: a type, or usersets such as "group#member".')
        ] = "user",
        context: QuestionContext = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> PermissionHolderConnection | None:
        request = PageRequest(first=first, after=after, last=last, before=before)
        name, values = object_name(object), context_value(context)
        found = _told(
            lambda: holders.holders(info.context.viewer, request, name, relation, user_type, values), object=object
        )
        return None if found is None else PermissionHolderConnection(found=found)

    @field("Why a user has a relation to an object, or what is missing; null as for `checkPermission`.")
    def explain_access(
        self,
        info: Info,
        user: UserName,
        relation: Relation,
        object: ObjectName,
        context: QuestionContext = None,
        contextual_tuples: ContextualTuples = None,
    ) -> AccessExplanation | None:
        question = _question(user, relation, object, context, contextual_tuples)
        found = _told(
            lambda: access.explain(info.context.actor, question, now=info.context.now), user=user, object=object
        )
        return None if found is None else explanation(found)
