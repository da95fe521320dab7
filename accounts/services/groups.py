"""Groups: made and filled by administrators. Who is a member stands in authz as tuples and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import IntegrityError, transaction

from accounts.errors import AccountNotFound, GroupNameTaken, InvalidName
from accounts.models import Group, User
from accounts.names import MAX_LENGTH, name_key
from accounts.permissions import (
    add_group_member,
    group_members,
    groups_of,
    is_administrator,
    is_group_member,
    remove_group_member,
    require_administrator,
)
from accounts.principal import Principal, actor_of
from authz.types import Actor


def create(actor: Actor, name: str) -> Group:
    """Make an empty group. Raises ``AdministratorRequired``, ``InvalidName``, ``GroupNameTaken``."""
    require_administrator(actor)
    name = name.strip()
    if not name or len(name) > MAX_LENGTH or not name.isprintable():
        raise InvalidName(f"The name of a group has 1 to {MAX_LENGTH} visible characters.")
    try:
        with transaction.atomic():
            return Group.objects.create(name=name)
    except IntegrityError:
        raise GroupNameTaken from None


def add_member(actor: Actor, group_id: str, user_id: str) -> Group:
    """Make a person a member; again: nothing changes. Raises ``AdministratorRequired``, ``AccountNotFound``."""
    require_administrator(actor)
    group = by_id(group_id)
    if not User.objects.filter(pk=user_id).exists():
        raise AccountNotFound
    add_group_member(group.pk, actor_of(user_id))
    return group


def remove_member(actor: Actor, group_id: str, user_id: str) -> Group:
    """End a membership, from this moment on; again: nothing changes.

    Raises ``AdministratorRequired``, ``AccountNotFound``.
    """
    require_administrator(actor)
    group = by_id(group_id)
    if not User.objects.filter(pk=user_id).exists():
        raise AccountNotFound
    remove_group_member(group.pk, actor_of(user_id))
    return group


def members(actor: Actor, group_id: str) -> list[User] | None:
    """Return the members by username, or None for whoever is neither an administrator nor a member."""
    if not (is_administrator(actor) or is_group_member(group_id, actor)):
        return None
    return list(User.objects.filter(pk__in=group_members(group_id)).order_by("username_key"))


def everyone(principal: Principal) -> list[Group]:
    """Return all groups by name, for those who are signed in: they may share with any of them."""
    if principal.user_id is None:
        return []
    return list(Group.objects.order_by("name_key"))


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
        raise AccountNotFound
    return group


def by_name(name: str) -> Group:
    """Return the group of this name. Raises ``AccountNotFound``."""
    if not name.isprintable():
        raise AccountNotFound
    group = Group.objects.filter(name_key=name_key(name.strip())).first()
    if group is None:
        raise AccountNotFound
    return group
