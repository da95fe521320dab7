"""What accounts asks authz and tells it. The only place of accounts that names types and relations."""

from __future__ import annotations

from accounts.errors import AdministratorRequired
from authz.services import decisions, relationships
from authz.types import Actor, CheckRequest, TupleKey

ORGANIZATION = "organization:default"
ADMINISTRATOR = "admin"
MEMBER = "member"


def group_object(group_id: str) -> str:
    """Return what authz calls the group."""
    return f"group:{group_id}"


def is_administrator(actor: Actor) -> bool:
    """Return whether the actor administers the organization (one whole check)."""
    return decisions.check(CheckRequest(actor, ADMINISTRATOR, ORGANIZATION))


def require_administrator(actor: Actor) -> None:
    """Raise ``AdministratorRequired`` unless the actor administers the organization."""
    if not is_administrator(actor):
        raise AdministratorRequired


def administrator_exists() -> bool:
    """Return whether anybody is an administrator."""
    return bool(relationships.read(relation=ADMINISTRATOR, object=ORGANIZATION, page_size=1).tuples)


def grant_organization(actor: Actor, *, administrator: bool) -> None:
    """Make the actor a member of the organization, and its administrator if asked."""
    relations = [MEMBER, ADMINISTRATOR] if administrator else [MEMBER]
    relationships.write(writes=[TupleKey(actor, relation, ORGANIZATION) for relation in relations])


def add_group_member(group_id: str, actor: Actor) -> None:
    """Make the actor a member of the group; nothing happens if she is one."""
    relationships.write(writes=[TupleKey(actor, MEMBER, group_object(group_id))], on_duplicate="ignore")


def remove_group_member(group_id: str, actor: Actor) -> None:
    """End the actor's membership; nothing happens if there is none."""
    relationships.write(deletes=[TupleKey(actor, MEMBER, group_object(group_id))], on_missing="ignore")


def group_members(group_id: str) -> list[str]:
    """Return the ids of the users who are direct members of the group."""
    found = relationships.read_all(relation=MEMBER, object=group_object(group_id))
    return [key.user.removeprefix("user:") for key in found if key.user.startswith("user:")]


def groups_of(actor: Actor) -> list[str]:
    """Return the ids of the groups in which the actor is a direct member."""
    found = relationships.read_all(user=actor, relation=MEMBER, object="group:")
    return [key.object.removeprefix("group:") for key in found]


def is_group_member(group_id: str, actor: Actor) -> bool:
    """Return whether the actor is in the group, directly or through another one (one whole check)."""
    return decisions.check(CheckRequest(actor, MEMBER, group_object(group_id)))
