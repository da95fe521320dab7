"""What accounts asks authz and tells it. The only place of accounts that names types and relations."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from accounts.errors import AdministratorRequired
from authz.services import decisions, relationships, rights
from authz.services.needs import Needs
from authz.types import ORGANIZATION, SYSTEM, Actor, CheckRequest, TupleKey

ADMINISTRATOR = "admin"
"""What is granted, and never asked for."""
MEMBER = "member"
"""What is granted, and never asked for."""


class Permission(StrEnum):
    """What may be asked; values are relations of the authorization model."""

    ADMINISTER = "can_administer"
    LIST_MEMBERS = "can_list_members"


NEEDS = Needs(
    asked=frozenset({("organization", Permission.ADMINISTER.value), ("group", Permission.LIST_MEMBERS.value)}),
    written=(
        TupleKey("user:x", ADMINISTRATOR, ORGANIZATION),
        TupleKey("user:x", MEMBER, ORGANIZATION),
        TupleKey("user:x", MEMBER, "group:x"),
    ),
    told=(TupleKey(ORGANIZATION, "organization", "group:x"),),
    kept=frozenset({Permission.ADMINISTER.value}),
)
"""What accounts needs of any authorization model."""


def group_object(group_id: str) -> str:
    """Return what authz calls the group."""
    return f"group:{group_id}"


def is_administrator(actor: Actor) -> bool:
    """Return whether the actor administers the organization (one whole check)."""
    return decisions.check(CheckRequest(actor, Permission.ADMINISTER, ORGANIZATION))


def require_administrator(actor: Actor) -> None:
    """Raise ``AdministratorRequired`` unless the actor administers the organization."""
    if not is_administrator(actor):
        raise AdministratorRequired


def hold_administrator(actor: Actor, *, alone: bool = False) -> None:
    """``require_administrator`` in a transaction that rests on the answer: it holds until that ends.

    ``alone``: the transaction may itself take a right away (``authz.services.rights``).
    """
    if not (rights.hold_alone if alone else rights.hold)(actor):
        raise AdministratorRequired
    require_administrator(actor)


def administrator_exists() -> bool:
    """Return whether anybody is an administrator, be it that her account is deactivated.

    What was closed is not opened by a token in the output of a start, which others may read than have the machine:
    ``accounts.services.recovery`` is for those who do.
    """
    return bool(relationships.read(relation=ADMINISTRATOR, object=ORGANIZATION, page_size=1).tuples)


def grant_organization(member: Actor, *, administrator: bool, actor: Actor = SYSTEM) -> None:
    """Make ``member`` one of the organization for ``actor``, and its administrator if asked; what she is she stays."""
    relations = [MEMBER, ADMINISTRATOR] if administrator else [MEMBER]
    granted = [TupleKey(member, relation, ORGANIZATION) for relation in relations]
    relationships.write(actor=actor, writes=granted, on_duplicate="ignore")


def add_group_member(actor: Actor, group_id: str, member: Actor) -> None:
    """Make ``member`` one of the group for ``actor``; nothing happens if she is one."""
    added = [TupleKey(member, MEMBER, group_object(group_id))]
    relationships.write(actor=actor, writes=added, on_duplicate="ignore")


def remove_group_member(actor: Actor, group_id: str, member: Actor) -> None:
    """End the membership of ``member`` for ``actor``; nothing happens if there is none."""
    removed = [TupleKey(member, MEMBER, group_object(group_id))]
    relationships.revoke(removed, actor=actor, on_missing="ignore")


def group_members(group_ids: Sequence[str]) -> dict[str, list[str]]:
    """Return by group the ids of the users who are its direct members, read together."""
    objects = {group_object(group_id): group_id for group_id in group_ids}
    return {
        objects[name]: [key.user.removeprefix("user:") for key in found if key.user.startswith("user:")]
        for name, found in relationships.read_objects(list(objects), MEMBER).items()
    }


def groups_of(actor: Actor) -> list[str]:
    """Return the ids of the groups in which the actor is a direct member."""
    found = relationships.read_all(user=actor, relation=MEMBER, object="group:")
    return [key.object.removeprefix("group:") for key in found]


def open_groups(actor: Actor, group_ids: Sequence[str]) -> frozenset[str]:
    """Return those of the groups whose members the actor may know: all for an administrator, else her own.

    One batch of whole checks. A member is whoever is in the group directly or through another one.
    """
    names = {group_object(group_id): group_id for group_id in group_ids}
    # That each group is of the one organization is not stored: it is told with the question, once for all.
    edges = tuple(TupleKey(ORGANIZATION, "organization", name) for name in names)
    answers = decisions.batch_check([CheckRequest(actor, Permission.LIST_MEMBERS, name, edges) for name in names])
    return frozenset(group_id for group_id, allowed in zip(names.values(), answers, strict=True) if allowed)
