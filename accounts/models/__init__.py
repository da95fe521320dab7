"""The rows: one noun per file."""

from accounts.models.access_token import AccessToken
from accounts.models.group import Group
from accounts.models.setup_token import SetupToken
from accounts.models.sign_in_attempt import SignInAttempt
from accounts.models.user import User

__all__ = ["AccessToken", "Group", "SetupToken", "SignInAttempt", "User"]
