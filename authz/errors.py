"""Everything that can go wrong in authz, as one tree with stable codes.

    AuthzError
    ├── InvalidModel                 the model has errors; carries all of them with line and column
    ├── InvalidRequest               the question or tuple does not fit the model
    │   ├── UnknownType
    │   ├── UnknownRelation
    │   ├── UnplannableRelation      a relation that cannot be split into grants and structure
    │   ├── InvalidTuple             a tuple the model does not allow to be written
    │   │   └── UnknownCondition     it names a condition that the model does not have
    │   ├── ConditionFailed          a condition could not be decided, and the answer hangs on it; never an allow
    │   │   ├── MissingContext       a parameter of it has no value
    │   │   └── InvalidContext       a value is not of the type of its parameter
    │   └── InvalidContinuationToken
    ├── EditorRequired               only for those who may edit the model
    ├── ModelNotFound                no such version of the model
    ├── ModelConflict                somebody else has activated another version meanwhile
    ├── RelationsMissing             the model cannot answer what the service asks; carries all of it
    ├── AdministratorLockout         afterwards nobody could administer the installation
    ├── WriteConflict                a duplicate write, a missing delete
    ├── ResolutionTooComplex         a limit was reached; never a shorter answer
    └── AuthorizationUnavailable     the engine could not be asked; retryable, and never an allow

No HTTP status and no GraphQL here: ``schema.errors`` and ``transfer.errors`` map codes in one table each.

Two texts on purpose. ``message`` is one sentence of the class, safe to show to anybody. What ``str`` gives is the
detail of the one case; it may name types, relations and users, and is for logs and for whoever edits the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class AuthzError(Exception):
    """Base of all; do not raise directly. ``detail`` is what ``str`` gives; ``message`` when there is none."""

    code = "AUTHORIZATION_ERROR"
    retryable = False
    default_message = "The request could not be carried out."

    def __init__(self, detail: str | None = None) -> None:
        self.message = self.default_message
        super().__init__(detail or self.message)


@dataclass(frozen=True, slots=True)
class ModelProblem:
    """One fault of a model: OpenFGA's error code, a sentence, and where (1-based line and column).

    Line and column are 0 where there is no text (a model read from JSON); ``file`` is empty unless there are several.
    """

    code: str
    message: str
    line: int
    column: int
    file: str = ""

    @property
    def text(self) -> str:
        """The place and the sentence in one line."""
        place = f"{self.line}:{self.column}"
        return f"{self.file}:{place} {self.message}" if self.file else f"{place} {self.message}"


class InvalidModel(AuthzError):
    """The authorization model has errors; ``problems`` holds every one of them."""

    code = "INVALID_AUTHORIZATION_MODEL"
    default_message = "The authorization model has errors."

    def __init__(self, problems: Sequence[ModelProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problem.text for problem in self.problems))


class EditorRequired(AuthzError):
    """Only those may do this who may edit the authorization model."""

    code = "MODEL_EDITOR_REQUIRED"
    default_message = "Only somebody who may edit the authorization model may do this."


class ModelNotFound(AuthzError):
    """There is no version of the authorization model of this id."""

    code = "AUTHORIZATION_MODEL_NOT_FOUND"
    default_message = "There is no authorization model of this id."


class ModelConflict(AuthzError):
    """Another version of the authorization model has been activated in the meantime."""

    code = "AUTHORIZATION_MODEL_CONFLICT"
    default_message = "Another authorization model has been activated in the meantime."


class RelationsMissing(AuthzError):
    """The authorization model cannot answer what the service asks; ``missing`` has a sentence for each relation.

    Or it lets somebody administer by what others may take away at any time.
    """

    code = "AUTHORIZATION_RELATIONS_MISSING"
    default_message = "The authorization model cannot answer everything that the service asks."

    def __init__(self, missing: Sequence[str]) -> None:
        self.missing = tuple(missing)
        super().__init__("; ".join(missing))


class AdministratorLockout(AuthzError):
    """Afterwards no active person could administer the installation and edit the authorization model."""

    code = "ADMINISTRATOR_LOCKOUT"
    default_message = "Afterwards nobody could administer this installation and edit its authorization model."


class InvalidRequest(AuthzError):
    """The question does not fit the authorization model."""

    code = "INVALID_AUTHORIZATION_REQUEST"
    default_message = "The authorization model does not allow this."


class UnknownType(InvalidRequest):
    """The model has no such type."""


class UnknownRelation(InvalidRequest):
    """The type has no such relation."""


class UnplannableRelation(InvalidRequest):
    """A list was asked for by a relation that cannot be split into grants and structure; a check still can be."""


class InvalidTuple(InvalidRequest):
    """The model does not allow this tuple to be written."""


class UnknownCondition(InvalidTuple):
    """The tuple names a condition that the model does not have."""


class ConditionFailed(InvalidRequest):
    """A condition could not be decided and the answer hangs on it; nothing was allowed."""

    code = "CONDITION_FAILED"
    default_message = "A condition of this permission could not be decided; nothing was allowed."


class MissingContext(ConditionFailed):
    """A condition needs a value that neither the question nor the tuple gives."""

    code = "CONDITION_CONTEXT_MISSING"
    default_message = "A condition of this permission needs a value that was not given; nothing was allowed."


class InvalidContext(ConditionFailed):
    """A value given for a condition is not of the type that the condition declares."""

    code = "CONDITION_CONTEXT_INVALID"
    default_message = "A value given for a condition of this permission is of the wrong type; nothing was allowed."


class InvalidContinuationToken(InvalidRequest):
    """The continuation token is not one of ours."""


class WriteConflict(AuthzError):
    """A tuple to write exists already, or one to delete does not."""

    code = "RELATIONSHIP_CONFLICT"
    default_message = "Somebody else changed this at the same time; try again."


class ResolutionTooComplex(AuthzError):
    """A limit of the evaluation was reached; the detail names it."""

    code = "RESOLUTION_TOO_COMPLEX"
    default_message = "The permissions of this object are too deeply nested to be decided."


class AuthorizationUnavailable(AuthzError):
    """The engine did not answer; nothing was allowed."""

    code = "AUTHORIZATION_UNAVAILABLE"
    retryable = True
    default_message = "Permissions cannot be checked at the moment; nothing was done."
