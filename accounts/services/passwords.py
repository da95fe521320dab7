"""Passwords: judged when they are made, compared in constant work when they are shown."""

from __future__ import annotations

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.errors import WeakPassword
from accounts.models import User

MAX_LENGTH = 1024
"""Code points; hashing must not become work that anybody can order."""


def acceptable(password: str) -> bool:
    """Return whether the text can be a password at all."""
    if not 0 < len(password) <= MAX_LENGTH:
        return False
    try:
        password.encode()
    except UnicodeEncodeError:
        return False
    return True


def judge(password: str, user: User) -> None:
    """Raise ``WeakPassword``, with every reason, unless the password is good enough for this person."""
    if not acceptable(password):
        raise WeakPassword(f"A password has 1 to {MAX_LENGTH} characters of proper Unicode.")
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise WeakPassword(" ".join(error.messages)) from None


def matches(password: str, user: User | None) -> bool:
    """Return whether this is the person's password. For nobody (None): False, after the same work."""
    if not acceptable(password):
        password, user = "unacceptable", None
    if user is None or not user.has_usable_password():
        make_password(password)
        return False
    person = user

    def upgrade(raw: str) -> None:
        # The hasher's cost went up since the password was set. A session that begins now carries a hash of the new one.
        person.password = make_password(raw)
        User.objects.filter(pk=person.pk).update(password=person.password)

    return check_password(password, person.password, setter=upgrade)
