"""Versions of the authorization model, and when which of them was made the active one."""

# The description of a field is its docstring, for clients and for us.
# ruff: noqa: D102

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum

import strawberry

from authz.errors import ModelProblem as Problem
from authz.services import model_versions
from authz.services.activation import Activation
from authz.services.model_versions import ModelVersion
from schema.descriptions import field, value
from schema.ids import Kind, encode
from schema.loaders.found_page import FoundPage
from schema.loaders.model_page import ModelPage
from schema.loaders.viewer import Viewer
from schema.scalars import JSON
from schema.types.node import Node
from schema.types.page_info import PageInfo, page_info
from schema.types.user import User


@strawberry.enum(description="Where a version of the authorization model comes from.")
class ModelOrigin(Enum):
    """The origins of authz."""

    SHIPPED = value("shipped", "It came with a release of this service.")
    LOCAL = value("local", "Somebody wrote it here.")


@strawberry.type(description="One fault of an authorization model, or a warning about one.")
class ModelProblem:
    """A problem and its place."""

    code: str = strawberry.field(description="What is wrong, in the words of OpenFGA's validator: `invalid-name`.")
    message: str = strawberry.field(description="One sentence about it.")
    line: int = strawberry.field(description="The line, from 1; 0 when it has no place.")
    column: int = strawberry.field(description="The column, from 1; 0 when it has no place.")


def problems(found: Sequence[Problem]) -> list[ModelProblem]:
    """Return problems of authz for a client."""
    return [ModelProblem(code=each.code, message=each.message, line=each.line, column=each.column) for each in found]


@strawberry.type(description="A version of the authorization model. It never changes.")
class AuthorizationModel(Node):
    """One version, in the company of those it was loaded with."""

    row: strawberry.Private[ModelVersion]
    page: strawberry.Private[ModelPage]

    @field("An opaque id, unique in this service. It never changes.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(encode(Kind.MODEL, self.row.id))

    @field("Its text, in OpenFGA's modelling language.")
    def text(self) -> str:
        return self.row.text

    @field("The same in OpenFGA's JSON.")
    def json(self) -> JSON:
        return JSON(self.page.json(self.row))

    @field("The version of the language that it is written in.")
    def schema_version(self) -> str:
        return self.row.schema_version

    @field("Where it comes from.")
    def origin(self) -> ModelOrigin:
        return ModelOrigin(self.row.origin)

    @field("Who wrote it; null for what was shipped, and when the account is gone.")
    def author(self) -> User | None:
        row = self.page.person(self.row.author)
        return None if row is None else User(row=row)

    @field("What its author says about it.")
    def note(self) -> str:
        return self.row.note

    @field("When it was created.")
    def created_at(self) -> datetime:
        return self.row.created_at

    @field("Whether requests that begin now are answered by it.")
    def is_active(self) -> bool:
        return self.row.is_active

    @field("What this release finds wrong with it: empty, unless an earlier release was less strict.")
    def problems(self) -> list[ModelProblem]:
        return problems(model_versions.problems_of(self.row.text)[0])

    @field(
        "What is valid today and will be refused by OpenFGA's coming resolver, or by the OpenFGA server that answers,"
        " unless it is set to take more."
    )
    def warnings(self) -> list[ModelProblem]:
        return problems(model_versions.problems_of(self.row.text)[1])


def model_or_none(row: ModelVersion | None) -> AuthorizationModel | None:
    """Return the AuthorizationModel of a version by itself, if there is one."""
    return None if row is None else AuthorizationModel(row=row, page=ModelPage([row]))


@strawberry.type(description="A version of the authorization model and its place in a list.")
class AuthorizationModelEdge:
    """A node and its cursor."""

    cursor: str = strawberry.field(description="The place in the list, for `after` and `before`.")
    node: AuthorizationModel = strawberry.field(description="The version.")


@strawberry.type(description="A page of versions of the authorization model, the newest first.")
class AuthorizationModelConnection:
    """A page of a list of versions."""

    found: strawberry.Private[FoundPage[ModelVersion, ModelPage]]
    viewer: strawberry.Private[Viewer]

    def _nodes(self) -> list[AuthorizationModel]:
        return [AuthorizationModel(row=row, page=self.found.together) for row in self.found.rows]

    @field("The versions of the page, each with its place in the list.")
    def edges(self) -> list[AuthorizationModelEdge]:
        return [
            AuthorizationModelEdge(cursor=self.found.cursor(place), node=node)
            for place, node in enumerate(self._nodes())
        ]

    @field("The versions of the page.")
    def nodes(self) -> list[AuthorizationModel]:
        return self._nodes()

    @field("Where the page stands in the list.")
    def page_info(self) -> PageInfo:
        return page_info(self.found)

    @field("How many versions there are.")
    def total_count(self) -> int:
        return self.found.total

    @field("A shipped version that came after the active one was written; null when there is none. It is left to you.")
    def newer_shipped(self) -> AuthorizationModel | None:
        return model_or_none(model_versions.newer_shipped(self.viewer.actor))


@strawberry.type(description="That a version of the authorization model was made the active one.")
class AuthorizationModelActivation:
    """One entry of the history."""

    row: strawberry.Private[Activation]
    page: strawberry.Private[ModelPage]

    @field("Which activation it was, from 1. The one with the highest number is in force.")
    def number(self) -> int:
        return self.row.number

    @field("The version.")
    def authorization_model(self) -> AuthorizationModel:
        return AuthorizationModel(row=self.row.version, page=self.page)

    @field("When it was activated.")
    def activated_at(self) -> datetime:
        return self.row.activated_at

    @field("Who activated it; null for the service itself, and when the account is gone.")
    def author(self) -> User | None:
        row = self.page.person(self.row.author)
        return None if row is None else User(row=row)

    @field("What was said about it.")
    def note(self) -> str:
        return self.row.note


@strawberry.type(description="An activation and its place in the history.")
class AuthorizationModelActivationEdge:
    """A node and its cursor."""

    cursor: str = strawberry.field(description="The place in the list, for `after` and `before`.")
    node: AuthorizationModelActivation = strawberry.field(description="The activation.")


@strawberry.type(description="A page of the history: which version was activated when, the latest first.")
class AuthorizationModelActivationConnection:
    """A page of a list of activations."""

    found: strawberry.Private[FoundPage[Activation, ModelPage]]

    def _nodes(self) -> list[AuthorizationModelActivation]:
        return [AuthorizationModelActivation(row=row, page=self.found.together) for row in self.found.rows]

    @field("The activations of the page, each with its place in the list.")
    def edges(self) -> list[AuthorizationModelActivationEdge]:
        return [
            AuthorizationModelActivationEdge(cursor=self.found.cursor(place), node=node)
            for place, node in enumerate(self._nodes())
        ]

    @field("The activations of the page.")
    def nodes(self) -> list[AuthorizationModelActivation]:
        return self._nodes()

    @field("Where the page stands in the list.")
    def page_info(self) -> PageInfo:
        return page_info(self.found)

    @field("How many activations there were.")
    def total_count(self) -> int:
        return self.found.total
