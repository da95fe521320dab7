"""Whether somebody is left who can administer the installation: asked before that could end."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib.auth import get_user_model

from authz.clients.base import InstallationClient
from authz.errors import AdministratorLockout
from authz.services.circumstances import circumstances
from authz.types import ORGANIZATION, CheckRequest, ListUsersRequest

_PERSON = "user"
_EVERYBODY = f"{_PERSON}:*"
_SAMPLE = 100
"""People who are asked about where a model gives a right to everybody and excludes some."""


def require_administrator(client: InstallationClient, kept: Collection[str]) -> None:
    """Raise AdministratorLockout unless an active person has all relations ``kept`` to the organization.

    Asked of ``client``, whose model need not be the active one; within a transaction, what that has changed counts.
    """
    context = circumstances(client)
    people = get_user_model()._default_manager.filter(is_active=True)
    named: set[str] = set()
    everybody = False
    for relation in sorted(kept):
        found = set(client.list_users(ListUsersRequest(ORGANIZATION, relation, _PERSON, context=context)))
        everybody = everybody or _EVERYBODY in found
        named |= {name.partition(":")[2] for name in found - {_EVERYBODY}}
    candidates = list(people.filter(pk__in=named).values_list("pk", flat=True)) if named else []
    if everybody:
        candidates += people.values_list("pk", flat=True)[:_SAMPLE]
    if not any(administers(client, f"{_PERSON}:{person}", kept) for person in candidates):
        raise AdministratorLockout


def administers(client: InstallationClient, actor: str, kept: Collection[str]) -> bool:
    """Return whether somebody has all relations ``kept`` to the organization, by whole checks in one batch."""
    context = circumstances(client)
    requests = [CheckRequest(actor, relation, ORGANIZATION, context=context) for relation in sorted(kept)]
    return all(client.batch_check(requests))
