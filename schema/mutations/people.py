"""Accounts and groups; for administrators."""

# The description of a field is its docstring, for clients and for us.
# ruff: noqa: D102

from __future__ import annotations

import strawberry

from accounts.services import groups, users
from schema.context import Context, Info
from schema.descriptions import mutation
from schema.errors import UserError, bad_input
from schema.ids import Kind, decode_as
from schema.mutations.outcome import ERRORS, about, outcome
from schema.types import nodes
from schema.types.group import Group
from schema.types.user import User


@strawberry.input(description="An account to make.")
class CreateUserInput:
    """The account's properties."""

    username: str = strawberry.field(description="The name to sign in with; unique, whatever its case.")
    password: str = strawberry.field(description="The password; refused when it is too easy to guess.")
    display_name: str = strawberry.field(default="", description="The name to show; the username when left out.")
    administrator: bool = strawberry.field(default=False, description="Whether the account administers this service.")


@strawberry.type(description="The result of `createUser`.")
class CreateUserPayload:
    """The account, or why there is none."""

    user: User | None = strawberry.field(description="The new account.")
    errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.input(description="A group to make.")
class CreateGroupInput:
    """The group's name."""

    name: str = strawberry.field(description="A name no other group has.")


@strawberry.type(description="The result of `createGroup`.")
class CreateGroupPayload:
    """The group, or why there is none."""

    group: Group | None = strawberry.field(description="The new group, empty.")
    errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.input(description="Somebody to add to a group. Name her by exactly one of id and username.")
class AddGroupMemberInput:
    """Group and person."""

    group_id: strawberry.ID = strawberry.field(description="The group.")
    user_id: strawberry.ID | None = strawberry.field(default=None, description="The account, by its id.")
    username: str | None = strawberry.field(default=None, description="The account, by its username.")


@strawberry.type(description="The result of `addGroupMember`.")
class AddGroupMemberPayload:
    """The group, or why it did not change."""

    group: Group | None = strawberry.field(description="The group after the change.")
    errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.input(description="Somebody to remove from a group. Name her by exactly one of id and username.")
class RemoveGroupMemberInput:
    """Group and person."""

    group_id: strawberry.ID = strawberry.field(description="The group.")
    user_id: strawberry.ID | None = strawberry.field(default=None, description="The account, by its id.")
    username: str | None = strawberry.field(default=None, description="The account, by its username.")


@strawberry.type(description="The result of `removeGroupMember`.")
class RemoveGroupMemberPayload:
    """The group, or why it did not change."""

    group: Group | None = strawberry.field(description="The group after the change.")
    errors: list[UserError] = strawberry.field(description=ERRORS)


def _change(
    context: Context, input_: AddGroupMemberInput | RemoveGroupMemberInput, *, add: bool
) -> tuple[Group | None, list[UserError]]:
    if (input_.user_id is None) == (input_.username is None):
        return None, [bad_input("Give either userId or username.", "userId")]

    def work() -> Group:
        context.people.require_administrator()
        with about("userId" if input_.username is None else "username"):
            if input_.username is None:
                user_id = decode_as(input_.user_id or "", Kind.USER)
            else:
                user_id = users.by_username(input_.username).id
        change = groups.add_member if add else groups.remove_member
        with about("groupId"):
            group = change(context.actor, decode_as(input_.group_id, Kind.GROUP), user_id)
        return nodes.groups(context.viewer, [group])[0]

    return outcome(work)


@strawberry.type
class PeopleMutations:
    """Part of the root."""

    @mutation("Make an account. Only administrators may.")
    def create_user(self, info: Info, input: CreateUserInput) -> CreateUserPayload:
        row, errors = outcome(
            lambda: users.create(
                info.context.actor,
                input.username,
                input.password,
                display_name=input.display_name,
                administrator=input.administrator,
            )
        )
        return CreateUserPayload(user=User(row=row) if row else None, errors=errors)

    @mutation("Make a group. Only administrators may.")
    def create_group(self, info: Info, input: CreateGroupInput) -> CreateGroupPayload:
        context = info.context
        group, errors = outcome(lambda: nodes.groups(context.viewer, [groups.create(context.actor, input.name)])[0])
        return CreateGroupPayload(group=group, errors=errors)

    @mutation("Add somebody to a group; nothing happens when she is in it. Only administrators may.")
    def add_group_member(self, info: Info, input: AddGroupMemberInput) -> AddGroupMemberPayload:
        group, errors = _change(info.context, input, add=True)
        return AddGroupMemberPayload(group=group, errors=errors)

    @mutation("Remove somebody from a group; nothing happens when she is not in it. Only administrators may.")
    def remove_group_member(self, info: Info, input: RemoveGroupMemberInput) -> RemoveGroupMemberPayload:
        group, errors = _change(info.context, input, add=False)
        return RemoveGroupMemberPayload(group=group, errors=errors)
