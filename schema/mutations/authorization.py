"""Editing the authorization model and the tuples under it, while the service runs; for those who may edit the model."""

# The description of a field is its docstring, for clients and for us.
# ruff: noqa: D102

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import strawberry

from authz.errors import AuthzError, InvalidModel, InvalidRequest, RelationsMissing
from authz.services import activation, model_versions
from authz.services.relationship_editor import RefusedTuple
from schema.context import Info
from schema.descriptions import mutation
from schema.errors import UserError, detailed, user_error
from schema.ids import NO_ROW, InvalidId, Kind, decode_as
from schema.mutations.outcome import ERRORS
from schema.needs import NEEDS
from schema.types.authorization_model import AuthorizationModel, ModelProblem, model_or_none, problems
from schema.types.relationship import RelationshipTuple, RelationshipTupleInput, advice, relationships
from storage.errors import StorageError
from storage.services import relationships as edited

T = TypeVar("T")

_PROBLEMS = "Every fault of the text, in its order; empty when it is valid."
_MISSING = (
    "What the service asks and the model cannot answer, or answers by rights that others may take away at any time;"
    " each in a sentence that begins with `type#relation`, or with a type that the model lacks."
)
_ORPHANED = "How many stored tuples the model does not allow; null when nothing was done, or counting took too long."


@strawberry.input(description="A text to be judged.")
class ValidateAuthorizationModelInput:
    """A text."""

    text: str = strawberry.field(description="An authorization model in OpenFGA's modelling language.")


@strawberry.type(description="The result of `validateAuthorizationModel`.")
class ValidateAuthorizationModelPayload:
    """All that there is to say about a text."""

    problems: list[ModelProblem] = strawberry.field(description=_PROBLEMS)
    warnings: list[ModelProblem] = strawberry.field(
        description="What is valid today and will be refused by OpenFGA's coming resolver, or by the OpenFGA server"
        " that answers, unless it is set to take more."
    )
    missing_relations: list[str] = strawberry.field(description=_MISSING)
    locks_out_administrators: bool | None = strawberry.field(
        description="Whether nobody could administer any more. Null when that was not looked into: something else"
        " stands against the text, or an OpenFGA server answers, which is asked when the version is activated."
    )
    orphaned_tuples: int | None = strawberry.field(
        description="How many stored tuples the model does not allow; null when the text has problems, or counting took"
        " too long."
    )
    errors: list[UserError] = strawberry.field(description="Why the text was not judged; empty when it was.")


@strawberry.input(description="A version of the authorization model to keep.")
class CreateAuthorizationModelInput:
    """A text and a note."""

    text: str = strawberry.field(description="An authorization model in OpenFGA's modelling language.")
    note: str = strawberry.field(default="", description="What you want to say about it; up to 2000 characters.")


@strawberry.type(description="The result of `createAuthorizationModel`.")
class CreateAuthorizationModelPayload:
    """The version, or why there is none."""

    authorization_model: AuthorizationModel | None = strawberry.field(description="The version; not active yet.")
    problems: list[ModelProblem] = strawberry.field(description=_PROBLEMS)
    errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.input(description="A version of the authorization model to make the active one.")
class ActivateAuthorizationModelInput:
    """Which version, and over which."""

    id: strawberry.ID = strawberry.field(description="The version.")
    if_active: strawberry.ID | None = strawberry.field(
        default=None, description="Only if this version is still the active one; whichever is when left out."
    )
    note: str = strawberry.field(default="", description="What you want to say about it; up to 2000 characters.")


@strawberry.type(description="The result of `activateAuthorizationModel`.")
class ActivateAuthorizationModelPayload:
    """The version, or why it is not active."""

    authorization_model: AuthorizationModel | None = strawberry.field(description="The version, now active.")
    previous: AuthorizationModel | None = strawberry.field(
        description="What was active until now: activate it to go back. Null when nothing changed."
    )
    orphaned_tuples: int | None = strawberry.field(description=_ORPHANED)
    missing_relations: list[str] = strawberry.field(description=_MISSING)
    problems: list[ModelProblem] = strawberry.field(description=_PROBLEMS)
    errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.input(description="Tuples to write and to delete, up to 100 together, all or nothing.")
class WriteRelationshipsInput:
    """Tuples. Deletes come first, so that another condition for a tuple is a delete and a write of it."""

    writes: list[RelationshipTupleInput] = strawberry.field(
        default_factory=list, description="Tuples that are not there yet, and that the active model allows."
    )
    deletes: list[RelationshipTupleInput] = strawberry.field(
        default_factory=list, description="Tuples that are there, named without a condition."
    )


@strawberry.type(description="The result of `writeRelationships`.")
class WriteRelationshipsPayload:
    """What was written and deleted, or why nothing was."""

    written: list[RelationshipTuple] = strawberry.field(description="What was written.")
    deleted: list[RelationshipTuple] = strawberry.field(description="What was deleted.")
    errors: list[UserError] = strawberry.field(
        description="Why nothing was done, each with the tuple that it is about; empty when it was."
    )


def _edited(work: Callable[[], T]) -> tuple[T | None, list[UserError], AuthzError | StorageError | None]:
    """Do the work; what does not fit the model is told with its detail: nobody else than an editor gets that far."""
    try:
        return work(), [], None
    except InvalidRequest as error:
        return None, [detailed(error)], error
    except (AuthzError, StorageError) as error:
        return None, [user_error(error)], error


def _version_id(value: strawberry.ID) -> str:
    """Return the id of a version; one that no version has where ``value`` can be none, so that it is asked for too."""
    try:
        return decode_as(value, Kind.MODEL)
    except InvalidId:
        return NO_ROW


def _problems(error: Exception | None) -> list[ModelProblem]:
    return problems(error.problems) if isinstance(error, InvalidModel) else []


def _refusal(refused: RefusedTuple, input: WriteRelationshipsInput) -> UserError:
    given = (input.writes if refused.list == "writes" else input.deletes)[refused.place]
    instead = advice(user=given.user, object=given.object)
    return detailed(refused.error, ["input", refused.list, str(refused.place)], instead)


@strawberry.type
class AuthorizationMutations:
    """Part of the root."""

    @mutation("Say everything about a text that creating and activating it would; nothing is stored.")
    def validate_authorization_model(
        self, info: Info, input: ValidateAuthorizationModelInput
    ) -> ValidateAuthorizationModelPayload:
        found, errors, _ = _edited(lambda: activation.judge(info.context.actor, input.text, NEEDS))
        return ValidateAuthorizationModelPayload(
            problems=problems(found.problems) if found else [],
            warnings=problems(found.warnings) if found else [],
            missing_relations=list(found.missing) if found else [],
            locks_out_administrators=found.locks_out if found else None,
            orphaned_tuples=found.orphaned if found else None,
            errors=errors,
        )

    @mutation("Keep a text as a new version of the authorization model. It is not active by that.")
    def create_authorization_model(
        self, info: Info, input: CreateAuthorizationModelInput
    ) -> CreateAuthorizationModelPayload:
        context = info.context
        row, errors, error = _edited(
            lambda: model_versions.create(context.actor, input.text, note=input.note, now=context.now)
        )
        return CreateAuthorizationModelPayload(
            authorization_model=model_or_none(row), problems=_problems(error), errors=errors
        )

    @mutation("Make a version the active one, for all requests from now on. To go back, activate the one before.")
    def activate_authorization_model(
        self, info: Info, input: ActivateAuthorizationModelInput
    ) -> ActivateAuthorizationModelPayload:
        context = info.context
        if_active = None if input.if_active is None else _version_id(input.if_active)
        done, errors, error = _edited(
            lambda: activation.activate(
                context.actor,
                _version_id(input.id),
                needs=NEEDS,
                if_active=if_active,
                note=input.note,
                now=context.now,
            )
        )
        return ActivateAuthorizationModelPayload(
            authorization_model=model_or_none(done.version if done else None),
            previous=model_or_none(done.previous if done else None),
            orphaned_tuples=done.orphaned if done else None,
            missing_relations=list(error.missing) if isinstance(error, RelationsMissing) else [],
            problems=_problems(error),
            errors=errors,
        )

    @mutation("Write and delete stored tuples. What the tree tells (drive, ancestor, organization) is none.")
    def write_relationships(self, info: Info, input: WriteRelationshipsInput) -> WriteRelationshipsPayload:
        writes, deletes = [each.key() for each in input.writes], [each.key() for each in input.deletes]
        refused, errors, _ = _edited(
            lambda: edited.write(info.context.actor, writes=writes, deletes=deletes, needs=NEEDS)
        )
        errors += [_refusal(each, input) for each in refused or ()]
        return WriteRelationshipsPayload(
            written=[] if errors else relationships(writes),
            deleted=[] if errors else relationships(deletes),
            errors=errors,
        )
