"""A remote engine, if the settings choose one: preparing it, whether it can be used, and what waits to be told to it.

With the embedded engine there is nothing to do in any of these.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.utils.module_loading import import_string

from authz.clients.openfga import store
from authz.clients.openfga.calls import Deadline, Sender
from authz.clients.openfga.delivery import Courier
from authz.clients.openfga.remote import Remote
from authz.conf import authz_settings
from authz.errors import AuthorizationUnavailable, InvalidRequest
from authz.models import RelationshipTuple, RemoteModel
from authz.services import shipped_model
from authz.services.models import LoadedModel, active, of_version

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


@lru_cache(maxsize=8)
def remote(model: LoadedModel) -> Remote:
    """Return the store and a model on the server; raises AuthorizationUnavailable before the model was sent to it."""
    store_id = store.noted_store(authz_settings().openfga_store_id)
    model_id = store.noted_model(store_id, model.model) if store_id is not None else None
    if store_id is None or model_id is None:
        raise AuthorizationUnavailable("the store does not have the authorization model yet: run `filegraph setup`")
    return Remote(transport(), store_id, model_id)


def prepare(*, now: datetime) -> list[str]:
    """Find or make the store and the active model; return a sentence for each thing that was done. One at a time.

    A newly shipped model that may take the place of the active one is sent to the server, and activated after that.
    Raises AuthorizationUnavailable and InvalidRequest (the server does not take the model); see ``problem``.
    """
    if not is_chosen():
        return []
    done = store.prepare(transport(), authz_settings().openfga_store_id, active().model, now=now)
    successor = shipped_model.adoptable()
    if successor is not None:
        send_model(of_version(successor.pk), now=now)
        shipped_model.adopt(now=now)
    return done


def send_model(model: LoadedModel, *, now: datetime) -> None:
    """Write a model to the server, unless it has it; nothing here makes it active.

    Raises AuthorizationUnavailable, and InvalidRequest when the server does not take it.
    """
    if is_chosen():
        store.send_model(transport(), authz_settings().openfga_store_id, model.model, now=now)


def abandoned() -> EngineProblem | None:
    """Return why the chosen engine is not the one that keeps the permissions of this installation, or None.

    With the wrong one nobody would have any right, the administrators neither. The tables must be there.
    """
    if is_chosen():
        if not is_prepared() and RelationshipTuple.objects.exists():
            return EngineProblem(
                "FILEGRAPH_AUTHZ_CLIENT must be embedded: the permissions of this installation are in its database."
            )
    elif RemoteModel.objects.exists():
        return EngineProblem(
            "FILEGRAPH_AUTHZ_CLIENT must be openfga: the permissions of this installation are in an OpenFGA store."
        )
    return None


def is_prepared() -> bool:
    """Return whether ``prepare`` has nothing left to do, as far as this installation knows."""
    try:
        return not is_chosen() or bool(remote(active()))
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
        if configured:
            store.require_store(transport(), configured)
        if prepared:
            store.require_store(transport(), remote(active()).store_id)
    except store.Unusable as unusable:
        if unusable.setting == "store_id" and not configured:
            return EngineProblem(
                "The OpenFGA server that FILEGRAPH_OPENFGA_API_URL names does not have the store of this installation."
            )
        return EngineProblem(f"FILEGRAPH_OPENFGA_{unusable.setting.upper()} {unusable.reason}", unusable.passing)
    except (AuthorizationUnavailable, InvalidRequest) as error:
        return EngineProblem(f"OpenFGA cannot be used: {error}.")
    return None


def deliver() -> bool:
    """Deliver what waits; False when it still waits. Raises nothing for a server that is away: it is asked again."""
    if not is_chosen():
        return True
    try:
        return Courier(remote(active()), _USING).deliver(Deadline())
    except AuthorizationUnavailable as error:
        logger.warning("Changes of permissions wait for OpenFGA: %s", error)
        return False
