"""Whether somebody is left who can administer the installation: asked before that could end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from django.contrib.auth import get_user_model
from django.utils import timezone

from authz.clients.base import InstallationClient
from authz.clients.embedded import EmbeddedClient
from authz.dsl.model import AuthorizationModel
from authz.dsl.readings import undecidable, without_conditions
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
    a transaction, what that has changed counts. A right counts that holds whatever conditions say, now and later: none
    is needed to give it, and none can take it away.
    """
    sure = _reading(client, undecidable)
    # Nobody is lost by this: whoever is allowed for sure is allowed also if no condition is met.
    for person in _candidates(_reading(client, without_conditions), kept):
        name = Actor(f"{_PERSON}:{person}")
        # A server is asked as well, where our table answered: others may have told it more.
        if _certainly(sure, name, kept) and (sure is client or _certainly(client, name, kept)):
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


def _reading(
    client: InstallationClient, reading: Callable[[AuthorizationModel], AuthorizationModel]
) -> InstallationClient:
    """Return a client for another reading of the model of ``client``; itself where that has no conditions.

    An OpenFGA server does not have such a model. What it was told of is in our own table too.
    """
    if not client.model.conditions:
        return client
    return EmbeddedClient(reading(client.model), clock=timezone.now, structure=client.structure)


def _candidates(client: InstallationClient, kept: Collection[str]) -> Iterator[Any]:
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
