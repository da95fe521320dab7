"""Whether somebody is left who can administer the installation: asked before that could end."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from django.contrib.auth import get_user_model
from django.utils import timezone

from authz.clients.base import AuthzClient, InstallationClient
from authz.clients.embedded import EmbeddedClient
from authz.dsl.unconditional import unconditional
from authz.errors import AdministratorLockout, ConditionFailed
from authz.services.circumstances import circumstances
from authz.types import ORGANIZATION, Actor, CheckRequest, ListUsersRequest

_PERSON = "user"
_EVERYBODY = f"{_PERSON}:*"
_SAMPLE = 100
"""People who are asked about where a model gives a right to everybody and excludes some."""


def require_administrator(client: InstallationClient, kept: Collection[str]) -> Actor:
    """Return an active person who has all relations ``kept`` to the organization, for good.

    Raises AdministratorLockout when there is none. Asked of ``client``, whose model need not be the active one; within
    a transaction, what that has changed counts. A right counts that holds now, and would hold without any tuple under a
    condition: it may end by itself one day.
    """
    lasting = _lasting(client)
    for person in _candidates(lasting, kept):
        name = Actor(f"{_PERSON}:{person}")
        asked = [CheckRequest(name, relation, ORGANIZATION) for relation in sorted(kept)]
        if all(lasting.batch_check(asked)) and (lasting is client or _certainly(client, name, kept)):
            return name
    raise AdministratorLockout


def is_active(person: Actor) -> bool:
    """Return whether somebody whom ``require_administrator`` found can still sign in."""
    people = get_user_model()._default_manager.filter(is_active=True)
    return people.filter(pk=person.removeprefix(f"{_PERSON}:")).exists()


def administers(client: InstallationClient, actor: str, kept: Collection[str]) -> bool:
    """Return whether somebody has all relations ``kept`` to the organization now, by whole checks in one batch.

    Raises ConditionFailed where a condition leaves it undecided.
    """
    context = circumstances(client)
    requests = [CheckRequest(actor, relation, ORGANIZATION, context=context) for relation in sorted(kept)]
    return all(client.batch_check(requests))


def _certainly(client: InstallationClient, actor: str, kept: Collection[str]) -> bool:
    try:
        return administers(client, actor, kept)
    except ConditionFailed:
        return False


def _lasting(client: InstallationClient) -> AuthzClient:
    """Return a client for whom tuples under a condition do not exist; ``client`` where its model has no conditions.

    An OpenFGA server does not have such a model. What it was told of is in our own table too.
    """
    if not client.model.conditions:
        return client
    return EmbeddedClient(unconditional(client.model), clock=timezone.now, structure=client.structure)


def _candidates(client: AuthzClient, kept: Collection[str]) -> Iterator[Any]:
    """Yield the keys of active people who may have all the relations."""
    people = get_user_model()._default_manager.filter(is_active=True)
    named: set[str] = set()
    everybody = False
    for relation in sorted(kept):
        found = set(client.list_users(ListUsersRequest(ORGANIZATION, relation, _PERSON)))
        everybody = everybody or _EVERYBODY in found
        named |= {name.partition(":")[2] for name in found - {_EVERYBODY}}
    if named:
        yield from people.filter(pk__in=named).values_list("pk", flat=True)
    if everybody:
        yield from people.values_list("pk", flat=True)[:_SAMPLE]
