"""People: made by administrators, found by those who are signed in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial

from django.db import IntegrityError, transaction

from accounts.errors import AccountNotFound, InvalidName, UsernameTaken
from accounts.models import AccessToken, User
from accounts.names import clean_name, name_key
from accounts.permissions import NEEDS, grant_organization, hold_administrator, require_administrator
from accounts.principal import actor_of
from accounts.services import passwords
from authz.services import last_administrator
from authz.types import SYSTEM, Actor

MAX_DISPLAY_NAME = 255


def create(actor: Actor, username: str, password: str, *, display_name: str = "", administrator: bool = False) -> User:
    """Make a person and a member (or administrator) of the organization, in one transaction.

    Raises ``AdministratorRequired``, ``InvalidName``, ``UsernameTaken``, ``WeakPassword``.
    """
    require_administrator(actor)
    draft = _draft(username, password, display_name, administrator)
    # To hash a password takes a while, in which she may have lost that right.
    return _insert(draft, actor, ask=partial(hold_administrator, actor))


def create_unasked(
    username: str, password: str, *, display_name: str = "", administrator: bool = False, actor: Actor = SYSTEM
) -> User:
    """``create`` without the question, for setup alone: there is nobody yet who could be asked for."""
    return _insert(_draft(username, password, display_name, administrator), actor)


def _draft(username: str, password: str, display_name: str, administrator: bool) -> User:
    try:
        username = clean_name(username)
    except InvalidName as error:
        raise InvalidName(error.message, path=["username"]) from None
    if len(display_name) > MAX_DISPLAY_NAME or not display_name.isprintable():
        raise InvalidName(f"A display name has up to {MAX_DISPLAY_NAME} visible characters.", path=["displayName"])
    draft = User(username=username, display_name=display_name.strip(), is_staff=administrator)
    passwords.judge(password, draft)
    draft.set_password(password)
    return draft


def _insert(draft: User, actor: Actor, ask: Callable[[], None] | None = None) -> User:
    if User.objects.filter(username_key=name_key(draft.username)).exists():
        raise UsernameTaken
    try:
        with transaction.atomic():
            if ask is not None:
                ask()
            draft.save(force_insert=True)
            grant_organization(actor_of(draft.pk), administrator=draft.is_staff, actor=actor)
    except IntegrityError:
        # Somebody took it in the meantime.
        raise UsernameTaken from None
    return draft


def deactivate(actor: Actor, user_id: str, *, now: datetime) -> User:
    """Close an account from this moment on; its files and permissions stay.

    Sessions and access tokens end for good: whoever is active again signs in again. Links and upload URLs work as long
    as the account is active, and end by their own time.

    Raises ``AdministratorRequired``, ``AccountNotFound``, ``AdministratorLockout``.
    """
    require_administrator(actor)
    with last_administrator.kept(actor_of(user_id), NEEDS):
        # All accounts are held before anything else is: see ``authz.services.rights``.
        user = User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
        if user is None:
            raise AccountNotFound
        hold_administrator(actor)
        user.is_active, user.times_ended = False, user.times_ended + 1
        user.save(update_fields=["is_active", "times_ended"])
        AccessToken.objects.filter(user=user, revoked_at=None).update(revoked_at=now)
    return user


def page_unasked(*, after: str = "", limit: int) -> list[User]:
    """Return at most ``limit`` people by name, deactivated ones too, for whoever has the machine.

    ``after`` is the ``username_key`` of the last one of the page before.
    """
    return list(User.objects.filter(username_key__gt=after).order_by("username_key")[:limit])


def by_ids(user_ids: Iterable[str]) -> dict[str, User]:
    """Return the people of these ids, in one SQL statement. Unknown ids are left out."""
    return User.objects.in_bulk(set(user_ids))


def by_username(username: str, *, deactivated: bool = False) -> User:
    """Return the active person of this username, or, where asked for, a deactivated one. Raises ``AccountNotFound``."""
    try:
        key = name_key(clean_name(username))
    except InvalidName:
        raise AccountNotFound from None
    user = User.objects.filter(username_key=key).first()
    if user is None or not (user.is_active or deactivated):
        raise AccountNotFound
    return user


def by_id(user_id: str) -> User:
    """Return the active person of this id. Raises ``AccountNotFound``."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        raise AccountNotFound
    return user
