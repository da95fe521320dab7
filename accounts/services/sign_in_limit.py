"""How often somebody may try to sign in: a number per minute for each account name and for each address."""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count
from django.utils.crypto import salted_hmac

from accounts.errors import RateLimited
from accounts.models import SignInAttempt
from accounts.names import name_key

WINDOW = timedelta(minutes=1)
_SALT = "filegraph.accounts.sign-in"


class Attempt:
    """One attempt to sign in, counted from its beginning, so that attempts in parallel count too."""

    def __init__(self, username: str, address: str, *, now: datetime) -> None:
        """Count the attempt. Raises ``RateLimited`` when the account or the address had too many in the last minute."""
        buckets = [_bucket("account", name_key(username))]
        if address:
            buckets.append(_bucket("address", _network(address)))
        SignInAttempt.objects.filter(at__lt=now - WINDOW).delete()
        self._rows = SignInAttempt.objects.bulk_create([SignInAttempt(bucket=bucket, at=now) for bucket in buckets])
        counts = SignInAttempt.objects.filter(bucket__in=buckets, at__gte=now - WINDOW).values("bucket")
        if any(row["count"] > settings.FILEGRAPH_SIGN_IN_ATTEMPTS for row in counts.annotate(count=Count("id"))):
            raise RateLimited

    def succeeded(self) -> None:
        """Take the attempt back: only failures count, or a busy office would lock itself out."""
        SignInAttempt.objects.filter(pk__in=[row.pk for row in self._rows]).delete()


def _bucket(kind: str, value: str) -> str:
    return salted_hmac(_SALT, f"{kind}:{value}".encode("utf-8", "surrogatepass"), algorithm="sha256").hexdigest()


def _network(address: str) -> str:
    """Return what counts as one address: an IPv4 address, the /64 of an IPv6 one, or the text itself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
