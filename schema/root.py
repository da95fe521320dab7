"""Assembles the schema of its parts."""

from __future__ import annotations

from typing import Any

import strawberry
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    Undefined,
    get_named_type,
)
from strawberry.schema.config import StrawberryConfig

from schema.executor import core_schema
from schema.mutations.authorization import AuthorizationMutations
from schema.mutations.people import PeopleMutations
from schema.mutations.sessions import SessionMutations
from schema.mutations.sharing import SharingMutations
from schema.mutations.trash import TrashMutations
from schema.mutations.tree import TreeMutations
from schema.mutations.uploads import UploadMutations
from schema.queries.authorization import AuthorizationQueries
from schema.queries.lists import ListQueries
from schema.queries.nodes import NodeQueries
from schema.queries.viewer import ViewerQueries
from schema.scalars import SCALARS
from schema.types.access_token import AccessToken
from schema.types.authorization_model import AuthorizationModel
from schema.types.file import File
from schema.types.folder import Folder
from schema.types.group import Group
from schema.types.upload import Upload
from schema.types.user import User


@strawberry.type(description="What can be read. What the viewer may not see is as if it were not there.")
class Query(ViewerQueries, NodeQueries, ListQueries, AuthorizationQueries):
    """The root of reading."""


@strawberry.type(description="What can be done. Each answers with what was done, or with errors that say why not.")
class Mutation(
    SessionMutations,
    PeopleMutations,
    TreeMutations,
    UploadMutations,
    TrashMutations,
    SharingMutations,
    AuthorizationMutations,
):
    """The root of doing."""


schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    types=[AccessToken, AuthorizationModel, File, Folder, Group, Upload, User],
    config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True),
)
"""The schema, as strawberry has it."""


def _tidy(core: GraphQLSchema) -> None:
    """Put everything in alphabetical order, and leave out defaults that say nothing: ``= null``.

    In place: strawberry's own sorting makes copies, in which enums have lost their Python values.
    """
    for type_ in core.type_map.values():
        if isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType)):
            type_.interfaces = tuple(sorted(type_.interfaces, key=lambda interface: interface.name))
            for field in type_.fields.values():
                _sort_names(field.args)
                if type_ is core.mutation_type:
                    # Every mutation has one argument, whose type says what it is.
                    field.args["input"].description = get_named_type(field.args["input"].type).description
        if isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType, GraphQLInputObjectType)):
            _sort_names(type_.fields)
        elif isinstance(type_, GraphQLEnumType):
            _sort_names(type_.values)
        elif isinstance(type_, GraphQLUnionType):
            type_.types = tuple(sorted(type_.types, key=lambda member: member.name))


def _sort_names(named: dict[str, Any]) -> None:
    entries = sorted(named.items())
    for _, each in entries:
        if isinstance(each, (GraphQLArgument, GraphQLInputField)) and each.default_value is None:
            each.default_value = Undefined
    named.clear()
    named.update(entries)


_tidy(core_schema(schema))
