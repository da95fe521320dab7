"""How often somebody may try to sign in: a number per minute for one account from one address.

Whoever knows a username can fail to sign in with it, and must shut out nobody but herself. So larger numbers hold for
an address and for an account alone: they only keep one address from trying many names, and many addresses from
guessing one password together.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count
from django.utils.crypto import salted_hmac

from accounts.errors import RateLimited
from accounts.models import SignInAttempt
from accounts.names import name_key
from accounts.networks import network

WINDOW = timedelta(minutes=1)

OF_ADDRESS = 4
"""So many accounts may be tried in full from one address."""

OF_ACCOUNT = 20
"""From so many addresses may one account be tried in full."""

_SALT = "filegraph.accounts.sign-in"


class Attempt:
    """One attempt to sign in, counted from its beginning, so that attempts in parallel count too."""

    def __init__(self, username: str, address: str, *, now: datetime) -> None:
        """Count the attempt. Raises ``RateLimited`` when the account or the address had too many in the last minute.

        ``address`` may be "", not known: all who have none share one. A refused attempt is not counted, so that one
        who goes on trying is let in again after a minute.
        """
        account, source = name_key(username), network(address)
        each = settings.FILEGRAPH_SIGN_IN_ATTEMPTS
        limits = {
            _bucket("pair", f"{source} {account}"): each,
            _bucket("address", source): each * OF_ADDRESS,
            _bucket("account", account): each * OF_ACCOUNT,
        }
        SignInAttempt.objects.filter(at__lt=now - WINDOW).delete()
        self._rows = SignInAttempt.objects.bulk_create([SignInAttempt(bucket=bucket, at=now) for bucket in limits])
        found = SignInAttempt.objects.filter(bucket__in=limits, at__gte=now - WINDOW).values("bucket")
        counts = {row["bucket"]: row["count"] for row in found.annotate(count=Count("id"))}
        if any(counts.get(bucket, 0) > limit for bucket, limit in limits.items()):
            self._forget()
            raise RateLimited

    def succeeded(self) -> None:
        """Take the attempt back: only failures count, or a busy office would lock itself out."""
        self._forget()

    def _forget(self) -> None:
        SignInAttempt.objects.filter(pk__in=[row.pk for row in self._rows]).delete()


def _bucket(kind: str, value: str) -> str:
    return salted_hmac(_SALT, f"{kind}:{value}".encode("utf-8", "surrogatepass"), algorithm="sha256").hexdigest()
