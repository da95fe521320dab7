"""A remote engine, if the settings choose one: preparing it, whether it can be used, and what waits to be told to it.

With the embedded engine there is nothing to do in any of these.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.utils.module_loading import import_string

from authz.clients.openfga import outbox, store
from authz.clients.openfga.calls import Deadline, Sender
from authz.clients.openfga.delivery import Courier
from authz.clients.openfga.outbox import Backlog
from authz.clients.openfga.remote import Remote
from authz.conf import authz_settings
from authz.errors import AuthorizationUnavailable, InvalidRequest
from authz.models import RelationshipTuple
from authz.services.models import active_model

logger = logging.getLogger("filegraph.authz")

_USING = "default"


@dataclass(frozen=True, slots=True)
class EngineProblem:
    """Why the server cannot be used: a sentence without a secret. ``passing``: it may come back by itself."""

    sentence: str
    passing: bool = False


def is_chosen() -> bool:
    """Return whether the settings choose a remote engine."""
    return authz_settings().client == "openfga"


@lru_cache(maxsize=1)
def transport() -> Sender:
    """Return the way to the server. Its libraries take a while to be imported, so only where they are needed."""
    settings = authz_settings()
    made: Sender = import_string("authz.clients.openfga.transport.Transport")(
        settings.openfga_api_url, settings.openfga_api_token
    )
    return made


@lru_cache(maxsize=1)
def remote() -> Remote:
    """Return the store and the active model on the server; raises AuthorizationUnavailable before ``prepare``."""
    noted = store.noted_store()
    model_id = store.noted_model(noted.store_id, active_model()) if noted is not None else None
    if noted is None or model_id is None:
        raise AuthorizationUnavailable("there is no store for the active model yet: run `filegraph setup`")
    return Remote(transport(), noted.store_id, model_id)


def prepare(*, now: datetime) -> list[str]:
    """Find or make the store and the model; return a sentence for each thing that was done. One caller at a time.

    Raises AuthorizationUnavailable and InvalidRequest (the server does not take the model); see ``problem``. A server
    that only stands by is given the model too, and keeps nothing from being prepared.
    """
    if not hears():
        return []
    try:
        done = store.prepare(transport(), authz_settings().openfga_store_id, active_model(), now=now)
    except (store.Unusable, AuthorizationUnavailable, InvalidRequest) as error:
        if is_chosen():
            raise
        logger.warning("The OpenFGA server that stands by does not have the authorization model: %s", error)
        return []
    remote.cache_clear()
    return done


def abandoned() -> EngineProblem | None:
    """Return why the chosen engine cannot answer for the permissions of this installation, or None.

    The embedded one always can: our record has everything that a server was told. The tables must be there.
    """
    if not is_chosen():
        return None
    noted = store.noted_store()
    if noted is None and RelationshipTuple.objects.exists():
        return EngineProblem(
            "FILEGRAPH_AUTHZ_CLIENT must be embedded: the permissions of this installation are in its database. "
            "`filegraph authz migrate-store --to openfga` takes them to an OpenFGA server."
        )
    if noted is not None and not noted.is_whole:
        return EngineProblem(
            "FILEGRAPH_AUTHZ_CLIENT must be embedded until the OpenFGA store has all permissions: "
            "run `filegraph authz migrate-store --to openfga` to its end."
        )
    return None


def is_prepared() -> bool:
    """Return whether ``prepare`` has nothing left to do, as far as this installation knows."""
    try:
        return not is_chosen() or bool(remote())
    except AuthorizationUnavailable:
        return False


def problem(*, prepared: bool) -> EngineProblem | None:
    """Return why the server cannot be used, or None.

    ``prepared``: ``prepare`` has to have run as well.
    """
    if not is_chosen():
        return None
    configured = authz_settings().openfga_store_id
    try:
        store.require_server(transport())
        noted = store.noted_store() if prepared else None
        if noted is not None:
            store.require_same(noted, configured)
        if configured:
            store.require_store(transport(), configured)
        if prepared:
            store.require_store(transport(), remote().store_id)
    except store.Unusable as unusable:
        if unusable.setting == "store_id" and not configured:
            return EngineProblem(
                "The OpenFGA server that FILEGRAPH_OPENFGA_API_URL names does not have the store of this installation."
            )
        return EngineProblem(f"FILEGRAPH_OPENFGA_{unusable.setting.upper()} {unusable.reason}", unusable.passing)
    except (AuthorizationUnavailable, InvalidRequest) as error:
        return EngineProblem(f"OpenFGA cannot be used: {error}.")
    return None


def hears() -> bool:
    """Return whether a server hears of changes from this process: it answers here, or stands by, and is configured."""
    return is_chosen() or (bool(authz_settings().openfga_api_url) and store.noted_store() is not None)


def deliver() -> bool:
    """Deliver what waits; False when it still waits. Raises nothing for a server that is away: it is asked again."""
    if not hears():
        return True
    try:
        return Courier(remote(), _USING).deliver(Deadline())
    except AuthorizationUnavailable as error:
        logger.warning("Changes of permissions wait for OpenFGA: %s", error)
        return False


def backlog() -> Backlog:
    """Return how far behind the server is; nothing of all of it without one. For readiness, metrics and the log."""
    return outbox.backlog(_USING)


def report_refused() -> int:
    """Log what the server refuses for good, if there is any, and return how many changes that are."""
    refused = backlog().refused
    if refused:
        logger.error("OpenFGA refuses %d changes of permissions for good: run `filegraph authz reconcile`.", refused)
    return refused
