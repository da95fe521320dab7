"""The settings of authz, typed, read from Django's ``FILEGRAPH_AUTHZ_*`` settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast, get_args

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured

ClientName = Literal["embedded"]

MAX_TUPLES_PER_WRITE = 100
"""Writes and deletes of one request together: OpenFGA's limit."""


@dataclass(frozen=True, slots=True)
class AuthzSettings:
    """What an operator may decide about permissions."""

    client: ClientName = "embedded"
    """``FILEGRAPH_AUTHZ_CLIENT``: which engine answers. ``embedded`` keeps the tuples in Django's database."""


def authz_settings() -> AuthzSettings:
    """Return the settings; raises ImproperlyConfigured for a client that does not exist."""
    client = getattr(django_settings, "FILEGRAPH_AUTHZ_CLIENT", "embedded")
    if client not in get_args(ClientName):
        raise ImproperlyConfigured(f"FILEGRAPH_AUTHZ_CLIENT is {client!r}; it must be one of {get_args(ClientName)}")
    return AuthzSettings(client=cast(ClientName, client))
