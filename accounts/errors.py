"""Everything that can go wrong in accounts, as one tree with stable codes.

    AccountsError
    ├── Unauthenticated              somebody must sign in for this
    │   ├── InvalidAccessToken       a bearer token that is unknown, revoked or of a deactivated person
    │   │   └── AccessTokenExpired   a bearer token whose time is over
    │   └── CsrfFailed               a cookie came without the matching token, or from another origin
    ├── InvalidCredentials           username and password do not belong together: one answer for both
    ├── AdministratorRequired        only administrators may do this
    ├── RateLimited                  too many attempts; retryable later
    ├── InvalidName                  a username or group name that cannot be kept
    ├── UsernameTaken                somebody has that username already
    ├── GroupNameTaken               a group of that name exists already
    ├── WeakPassword                 a password that is too easy to guess
    ├── AccountNotFound              no such user, group or access token that you can see
    ├── InvalidLifetime              a lifetime outside the allowed range
    └── SetupError
        ├── InvalidSetupToken        not the setup token, or its 30 minutes are over
        └── AlreadySetUp             there is an administrator already

Codes are stable: class attribute = GraphQL ``ErrorCode`` value = ``docs/errors/<CODE>.md``. No HTTP status here.
"""

from __future__ import annotations

from collections.abc import Sequence


class AccountsError(Exception):
    """Base of all; do not raise directly. ``message`` is one clear sentence, safe to show to anybody.

    ``path`` is the field that the error is about, outermost first, in the words of the API; empty where there is none.
    """

    code = "ACCOUNTS_ERROR"
    retryable = False
    default_message = "The request could not be carried out."
    default_path: Sequence[str] = ()

    def __init__(self, message: str | None = None, *, path: Sequence[str] = ()) -> None:
        self.message = message or self.default_message
        self.path = tuple(path or self.default_path)
        super().__init__(self.message)


class Unauthenticated(AccountsError):
    """Nobody is signed in, and somebody has to be."""

    code = "UNAUTHENTICATED"
    default_message = "Sign in first."


class InvalidAccessToken(Unauthenticated):
    """The bearer token is unknown, revoked, or its owner was deactivated."""

    code = "INVALID_ACCESS_TOKEN"
    default_message = "The access token is not valid."


class AccessTokenExpired(InvalidAccessToken):
    """The bearer token's time is over."""

    code = "ACCESS_TOKEN_EXPIRED"
    default_message = "The access token has expired; create a new one."


class CsrfFailed(Unauthenticated):
    """A request with a session cookie lacks the X-CSRFToken of that session, or comes from a foreign origin."""

    code = "CSRF_FAILED"
    default_message = "The request does not carry the CSRF token of this session."


class InvalidCredentials(AccountsError):
    """Username and password do not belong together, or the account is deactivated."""

    code = "INVALID_CREDENTIALS"
    default_message = "Username or password is wrong."


class AdministratorRequired(AccountsError):
    """Only administrators may do this."""

    code = "ADMINISTRATOR_REQUIRED"
    default_message = "Only an administrator may do this."


class RateLimited(AccountsError):
    """Too many attempts in a short time."""

    code = "RATE_LIMITED"
    retryable = True
    default_message = "Too many attempts; wait a minute and try again."


class InvalidName(AccountsError):
    """A username or group name that cannot be kept."""

    code = "INVALID_ACCOUNT_NAME"
    default_message = "This name cannot be used."
    default_path = ("name",)


class UsernameTaken(AccountsError):
    """Somebody has this username, or one that cannot be told apart from it."""

    code = "USERNAME_TAKEN"
    default_message = "This username is taken."
    default_path = ("username",)


class GroupNameTaken(AccountsError):
    """A group has this name, or one that cannot be told apart from it."""

    code = "GROUP_NAME_TAKEN"
    default_message = "This group name is taken."
    default_path = ("name",)


class WeakPassword(AccountsError):
    """The password is too easy to guess; the message says why."""

    code = "WEAK_PASSWORD"
    default_message = "This password is too easy to guess."
    default_path = ("password",)


class AccountNotFound(AccountsError):
    """No such user, group or access token, or none that the actor may see."""

    code = "ACCOUNT_NOT_FOUND"
    default_message = "There is no such account that you can see."


class InvalidLifetime(AccountsError):
    """The lifetime of an access token is outside the allowed range."""

    code = "INVALID_LIFETIME"
    default_path = ("expiresIn",)


class SetupError(AccountsError):
    """Base of what can go wrong while the first administrator is made; do not raise directly."""

    code = "SETUP_ERROR"


class InvalidSetupToken(SetupError):
    """Not the setup token, or its time is over."""

    code = "INVALID_SETUP_TOKEN"
    default_message = "The setup token is not valid; start the server again for a new one."
    default_path = ("setupToken",)


class AlreadySetUp(SetupError):
    """There is an administrator already."""

    code = "ALREADY_SET_UP"
    default_message = "This installation has an administrator already."
