"""A remote engine, if the settings choose one: preparing it, whether it can be used, and what waits to be told to it.

With the embedded engine there is nothing to do in any of these.
"""

from __future__ import annotations

import logging
from datetime import datetime
from functools import lru_cache

from django.utils.module_loading import import_string

from authz.clients.openfga import store
from authz.clients.openfga.calls import Deadline, Sender
from authz.clients.openfga.delivery import Courier
from authz.clients.openfga.remote import Remote
from authz.clients.openfga.store import Unusable as Unusable
from authz.conf import ClientName, authz_settings
from authz.errors import AuthorizationUnavailable
from authz.models import RelationshipTuple, RemoteModel
from authz.services.models import active_model

logger = logging.getLogger("filegraph.authz")

_USING = "default"


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
    store_id = store.noted_store(authz_settings().openfga_store_id)
    model_id = store.noted_model(store_id, active_model()) if store_id is not None else None
    if store_id is None or model_id is None:
        raise AuthorizationUnavailable("there is no store for the active model yet: run `filegraph setup`")
    return Remote(transport(), store_id, model_id)


def prepare(*, now: datetime) -> list[str]:
    """Find or make the store and the model; return a sentence for each thing that was done. One caller at a time.

    Raises Unusable, AuthorizationUnavailable and InvalidRequest (the server does not take the model).
    """
    if not is_chosen():
        return []
    done = store.prepare(transport(), authz_settings().openfga_store_id, active_model(), now=now)
    remote.cache_clear()
    return done


def left_behind() -> ClientName | None:
    """Return the engine that keeps the permissions of this installation, if it is not the chosen one.

    The tables must be there.
    """
    if is_chosen():
        return "embedded" if not is_prepared() and RelationshipTuple.objects.exists() else None
    return "openfga" if RemoteModel.objects.exists() else None


def is_prepared() -> bool:
    """Return whether ``prepare`` has nothing left to do, as far as this installation knows."""
    try:
        return not is_chosen() or bool(remote())
    except AuthorizationUnavailable:
        return False


def require_usable(*, prepared: bool) -> None:
    """Raise Unusable (a setting is to blame), AuthorizationUnavailable or InvalidRequest unless the server can be used.

    ``prepared``: ``prepare`` has to have run as well.
    """
    if not is_chosen():
        return
    configured = authz_settings().openfga_store_id
    store.require_server(transport())
    if configured:
        store.require_store(transport(), configured)
    if prepared:
        store.require_store(transport(), remote().store_id)


def deliver() -> bool:
    """Deliver what waits; False when it still waits. Raises nothing for a server that is away: it is asked again."""
    if not is_chosen():
        return True
    try:
        return Courier(remote(), _USING).deliver(Deadline())
    except AuthorizationUnavailable as error:
        logger.warning("Changes of permissions wait for OpenFGA: %s", error)
        return False
