"""Sharing: giving roles on nodes, and taking them back."""

# The description of a field is its docstring, for clients and for us.
# ruff: noqa: D102

from __future__ import annotations

import strawberry

from accounts.services import groups, users
from schema.context import Context, Info
from schema.descriptions import mutation
from schema.errors import UserError
from schema.ids import Kind, decode_as, node_ref
from schema.loaders import lists
from schema.loaders.node_page import SharePage
from schema.mutations.outcome import ERRORS, about, outcome
from schema.types import nodes
from schema.types.everyone import Audience
from schema.types.role import ShareRole
from schema.types.share import Share, ShareTarget
from storage.permissions import Role
from storage.services import sharing


@strawberry.input(one_of=True, description="Somebody to share to, named in exactly one way.")
class ShareSubjectInput:
    """A person, a group or everyone."""

    user_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="A person, by the id.")
    username: str | None = strawberry.field(default=strawberry.UNSET, description="A person, by the username.")
    group_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="A group, by the id.")
    group_name: str | None = strawberry.field(default=strawberry.UNSET, description="A group, by the name.")
    everyone: Audience | None = strawberry.field(default=strawberry.UNSET, description="Everyone of an audience.")


@strawberry.input(description="A role to give.")
class ShareInput:
    """Where, to whom and what."""

    id: strawberry.ID = strawberry.field(description="The drive, folder or file.")
    subject: ShareSubjectInput = strawberry.field(description="To whom.")
    role: ShareRole = strawberry.field(description="What to give.")


@strawberry.type(description="The result of `share`.")
class SharePayload:
    """The share, or why there is none."""

    share: Share | None = strawberry.field(description="What was given; the same as before when it had been.")
    errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.input(description="A role to take back.")
class UnshareInput:
    """Where, from whom and what."""

    id: strawberry.ID = strawberry.field(description="The drive, folder or file.")
    subject: ShareSubjectInput = strawberry.field(description="From whom.")
    role: ShareRole | None = strawberry.field(default=None, description="What to take back; all roles when left out.")


@strawberry.type(description="The result of `unshare`.")
class UnsharePayload:
    """The node, or why nothing changed."""

    node: ShareTarget | None = strawberry.field(
        description="What is shared no more; null also when the viewer has just lost sight of it."
    )
    errors: list[UserError] = strawberry.field(description=ERRORS)


def _subject(context: Context, given: ShareSubjectInput, *, present: bool = True) -> sharing.Subject:
    """Return what storage calls the subject. Raises AccountNotFound, InvalidId; Unauthenticated for a visitor.

    A visitor learns nothing about who has an account. With ``present`` False an id is taken as it is: what was given to
    somebody can be taken back when the account is gone.
    """
    if given.everyone:
        return sharing.Audience(given.everyone.value)
    context.signed_in()
    if not present and given.user_id:
        return f"user:{decode_as(given.user_id, Kind.USER)}"
    if not present and given.group_id:
        return f"group:{decode_as(given.group_id, Kind.GROUP)}#member"
    if given.user_id:
        return f"user:{users.by_id(decode_as(given.user_id, Kind.USER)).id}"
    if given.username:
        return f"user:{users.by_username(given.username).id}"
    if given.group_id:
        return f"group:{groups.by_id(decode_as(given.group_id, Kind.GROUP)).id}#member"
    return f"group:{groups.by_name(given.group_name or '').id}#member"


@strawberry.type
class SharingMutations:
    """Part of the root."""

    @mutation("Give somebody a role on a drive, folder or file, and on all below it.")
    def share(self, info: Info, input: ShareInput) -> SharePayload:
        context = info.context

        def work() -> sharing.Share:
            with about("id"):
                ref = node_ref(input.id)
                sharing.require_shareable(context.actor, ref)
            with about("subject"):
                subject = _subject(context, input.subject)
            return sharing.share(context.actor, ref, subject, Role(input.role.value))

        row, errors = outcome(work)
        share = Share(row=row, page=SharePage(context.viewer, [row])) if row else None
        return SharePayload(share=share, errors=errors)

    @mutation("Take back a role, or all roles, that was given on this very node.")
    def unshare(self, info: Info, input: UnshareInput) -> UnsharePayload:
        context = info.context
        role = Role(input.role.value) if input.role is not None else None

        def work() -> None:
            with about("id"):
                ref = node_ref(input.id)
                sharing.require_shareable(context.actor, ref)
            with about("subject"):
                subject = _subject(context, input.subject, present=False)
            sharing.unshare(context.actor, ref, subject, role)

        _, errors = outcome(work)
        if errors:
            return UnsharePayload(node=None, errors=errors)
        ref = node_ref(input.id)
        return UnsharePayload(node=nodes.node_or_none(lists.by_refs(context.viewer, [ref]).get(ref)), errors=[])
