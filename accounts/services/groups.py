"""Groups: made and filled by administrators. Who is a member stands in authz as tuples and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import IntegrityError, transaction

from accounts.errors import AccountNotFound, GroupNameTaken
from accounts.models import Group, User
from accounts.names import clean_group_name, name_key
from accounts.permissions import (
    NEEDS,
    add_group_member,
    group_members,
    groups_of,
    hold_administrator,
    open_groups,
    remove_group_member,
    require_administrator,
)
from accounts.principal import Principal, actor_of
from authz.services import last_administrator
from authz.types import Actor

_NO_GROUP = "There is no such group that you can see."


def create(actor: Actor, name: str) -> Group:
    """Make an empty group. Raises ``AdministratorRequired``, ``InvalidName``, ``GroupNameTaken``."""
    require_administrator(actor)
    name = clean_group_name(name)
    try:
        with transaction.atomic():
            hold_administrator(actor)
            return Group.objects.create(name=name)
    except IntegrityError:
        raise GroupNameTaken from None


def add_member(actor: Actor, group_id: str, user_id: str) -> Group:
    """Make a person a member; again: nothing changes.

    Raises ``AdministratorRequired``, ``AccountNotFound``, and ``AdministratorLockout`` where a model takes from members
    what the last administrator needs.
    """
    require_administrator(actor)
    group = by_id(group_id)
    if not User.objects.filter(pk=user_id).exists():
        raise AccountNotFound(path=["userId"])
    with last_administrator.kept(actor_of(user_id), NEEDS):
        hold_administrator(actor, alone=True)
        add_group_member(actor, group.pk, actor_of(user_id))
    return group


def remove_member(actor: Actor, group_id: str, user_id: str) -> Group:
    """End a membership, from this moment on; again: nothing changes.

    Raises ``AdministratorRequired``, ``AccountNotFound``, ``AdministratorLockout``.
    """
    require_administrator(actor)
    group = by_id(group_id)
    if not User.objects.filter(pk=user_id).exists():
        raise AccountNotFound(path=["userId"])
    with last_administrator.kept(actor_of(user_id), NEEDS):
        hold_administrator(actor, alone=True)
        remove_group_member(actor, group.pk, actor_of(user_id))
    return group


def members(actor: Actor, group_ids: Sequence[str]) -> dict[str, list[User] | None]:
    """Return by group its members by username, or None where the actor is neither an administrator nor a member.

    One batch of checks, one read of tuples and one of people, however many groups.
    """
    shown = open_groups(actor, group_ids)
    of_group = group_members(sorted(shown)) if shown else {}
    wanted = {user_id for user_ids in of_group.values() for user_id in user_ids}
    people = sorted(User.objects.in_bulk(wanted).values(), key=lambda user: user.username_key) if wanted else []
    found: dict[str, list[User] | None] = dict.fromkeys(group_ids)
    for group_id, user_ids in of_group.items():
        inside = frozenset(user_ids)
        found[group_id] = [user for user in people if user.pk in inside]
    return found


def page(
    principal: Principal,
    *,
    after: str | None = None,
    before: str | None = None,
    backwards: bool = False,
    limit: int,
) -> list[Group]:
    """Return at most ``limit`` groups by name (backwards: from the end), for those who are signed in.

    They may share with any group. ``after`` and ``before`` are values of ``name_key``. One statement.
    """
    if principal.user_id is None:
        return []
    rows = Group.objects.order_by("-name_key" if backwards else "name_key")
    if after is not None:
        rows = rows.filter(name_key__gt=after)
    if before is not None:
        rows = rows.filter(name_key__lt=before)
    return list(rows[:limit])


def count(principal: Principal) -> int:
    """Return how many groups there are for whoever is signed in; a visitor sees none."""
    return 0 if principal.user_id is None else Group.objects.count()


def of_actor(actor: Actor) -> list[Group]:
    """Return the groups in which the actor is a member herself, by name."""
    return list(Group.objects.filter(pk__in=groups_of(actor)).order_by("name_key"))


def by_ids(group_ids: Iterable[str]) -> dict[str, Group]:
    """Return the groups of these ids, in one SQL statement. Unknown ids are left out."""
    return Group.objects.in_bulk(set(group_ids))


def by_id(group_id: str) -> Group:
    """Return the group of this id. Raises ``AccountNotFound``."""
    group = Group.objects.filter(pk=group_id).first()
    if group is None:
        raise AccountNotFound(_NO_GROUP)
    return group


def by_name(name: str) -> Group:
    """Return the group of this name. Raises ``AccountNotFound``."""
    if not name.isprintable():
        raise AccountNotFound(_NO_GROUP)
    group = Group.objects.filter(name_key=name_key(name.strip())).first()
    if group is None:
        raise AccountNotFound(_NO_GROUP)
    return group
