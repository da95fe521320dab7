"""A remote engine, if there is one: preparing it, whether it can be used, and what waits to be told to it.

It answers (``is_chosen``), or it stands by: a store is noted that hears of every change while the embedded engine
answers (``has_store``). Either way changes are put on their way to it (``is_told``), and a process whose settings say
where it is delivers them (``hears``). Without any of that there is nothing to do here.
"""

from __future__ import annotations

import logging
from datetime import datetime
from enum import Enum
from functools import lru_cache

from django.utils import timezone
from django.utils.module_loading import import_string

from authz.clients.openfga import limits, outbox, store
from authz.clients.openfga.calls import Deadline, Sender
from authz.clients.openfga.delivery import Courier
from authz.clients.openfga.failures import StoreGone as StoreGone
from authz.clients.openfga.outbox import Backlog
from authz.clients.openfga.remote import Remote
from authz.clients.openfga.store import Unusable as Unusable
from authz.conf import authz_settings
from authz.dsl.model import AuthorizationModel
from authz.errors import AuthorizationUnavailable, AuthzError, InvalidModel, InvalidRequest, ModelProblem
from authz.models import RelationshipTuple
from authz.services import shipped_model
from authz.services.active_model import LoadedModel, active, of_version
from authz.services.throttle import Throttle

logger = logging.getLogger("filegraph.authz")

_USING = "default"
_WAITING = Throttle(60.0)
"""Each second it is tried again, in each process: one line a minute."""


def is_chosen() -> bool:
    """Return whether the settings choose a remote engine."""
    return authz_settings().is_remote


def is_named() -> bool:
    """Return whether the settings say where a server is; what it is asked or told is another question."""
    return authz_settings().names_server


def has_store() -> bool:
    """Return whether a store is noted, on some server. One statement."""
    return store.noted_store() is not None


def has_whole_store() -> bool:
    """Return whether a store is noted that has, or is being told of, all that our record has."""
    noted = store.noted_store()
    return noted is not None and noted.is_whole


def is_told() -> bool:
    """Return whether changes are put on their way to a server, in every process: it answers here, or stands by."""
    return is_chosen() or has_store()


def hears() -> bool:
    """Return whether a server hears of changes from this process: it is told of them, and the settings name it."""
    return is_named() and is_told()


@lru_cache(maxsize=1)
def transport() -> Sender:
    """Return the way to the server. Its libraries take a while to be imported, so only where they are needed."""
    settings = authz_settings()
    made: Sender = import_string("authz.clients.openfga.transport.Transport")(
        settings.openfga_api_url, settings.openfga_api_token
    )
    return made


def remote() -> Remote:
    """Return the store on the server and the model that answers here; raises as ``remote_of`` does."""
    return remote_of(active())


@lru_cache(maxsize=8)
def remote_of(model: LoadedModel) -> Remote:
    """Return the store and a model on the server; raises AuthorizationUnavailable before the model was sent to it."""
    noted = store.noted_store()
    model_id = store.noted_model(noted.store_id, model.model) if noted is not None else None
    if noted is None or model_id is None:
        raise AuthorizationUnavailable("the store does not have the authorization model yet: run `filegraph setup`")
    return Remote(transport(), noted.store_id, model_id)


def prepare(*, now: datetime) -> list[str]:
    """Find or make the store and the active model; return a sentence for each thing that was done. One at a time.

    A newly shipped model that may take the place of the active one is sent to the server, and activated after that.
    Raises Unusable, AuthorizationUnavailable, InvalidModel and InvalidRequest (the server does not take the model).
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
    """Write a model to the server that is chosen, unless it has it; nothing here makes it active.

    Raises AuthorizationUnavailable, InvalidModel (no server takes it), and InvalidRequest when this one does not.
    """
    if is_chosen():
        store.send_model(transport(), model.model, now=now)


def model_problems(model: AuthorizationModel) -> list[ModelProblem]:
    """Return why no server takes a model, if one is chosen."""
    return limits.problems(model) if is_chosen() else []


def model_warnings(model: AuthorizationModel) -> list[ModelProblem]:
    """Return why the server that is chosen may not take a model: it depends on its settings."""
    return limits.warnings(model) if is_chosen() else []


class Unready(Enum):
    """Why the chosen engine cannot answer for the permissions of this installation yet."""

    ELSEWHERE = "elsewhere"
    """They are in its database, and were never brought to the server."""
    ON_THEIR_WAY = "on their way"
    """They are being brought to the server, and are not all there."""


def unready() -> Unready | None:
    """Return why the chosen engine cannot answer, or None. The tables must be there.

    The embedded one always can: our record has everything that a server was told.
    """
    if not is_chosen():
        return None
    if has_store():
        return None if has_whole_store() else Unready.ON_THEIR_WAY
    return Unready.ELSEWHERE if RelationshipTuple.objects.exists() else None


def is_prepared() -> bool:
    """Return whether ``prepare`` has nothing left to do, as far as this installation knows."""
    try:
        return not is_chosen() or bool(remote())
    except (AuthorizationUnavailable, InvalidModel):
        return False


def require_usable(*, prepared: bool) -> None:
    """Raise unless the server can be used: Unusable (a setting is to blame), StoreGone, AuthorizationUnavailable.

    ``prepared``: ``prepare`` has to have run as well.
    """
    if not is_chosen():
        return
    configured = authz_settings().openfga_store_id
    store.require_server(transport())
    noted = store.noted_store() if prepared else None
    if noted is not None:
        store.require_noted(transport())
        store.require_same(noted, configured)
    if configured:
        store.require_store(transport(), configured)
    if prepared:
        remote()


def require_noted() -> None:
    """Raise StoreGone when the server does not have the store that is noted any more; Unusable when it is away.

    The tables must be there. With no address of a server there is nobody to be asked.
    """
    if is_named():
        store.require_noted(transport())


def deliver() -> bool:
    """Deliver what waits; False when it still waits. Raises nothing for a server that is away: it is asked again.

    Neither for an active model that this release cannot read or that the server does not take: then nothing can be
    delivered under it.
    """
    if not hears():
        return True
    try:
        _send_active()
        done = Courier(remote(), _USING).deliver(Deadline())
    except (AuthorizationUnavailable, InvalidModel, InvalidRequest) as error:
        if _WAITING.admits():
            logger.warning("Changes of permissions wait for OpenFGA: %s", _reason(error))
        return False
    _WAITING.reset()
    return done


def _reason(error: AuthzError) -> Exception:
    """Return why nothing is delivered: a store that is gone does not say so to whoever writes into it."""
    try:
        store.require_noted(transport())
    except StoreGone as gone:
        return gone
    except (Unusable, AuthorizationUnavailable):
        pass
    return error


def is_outdated() -> bool:
    """Return whether this process asks a store whose place another one has taken, or nobody."""
    if not hears():
        return False
    noted = store.noted_store()
    try:
        return noted is None or remote().store_id != noted.store_id
    except (AuthorizationUnavailable, InvalidModel):
        return False


def _send_active() -> None:
    """Let a server that stands by have the active model: nobody waited for it when that was activated."""
    if not is_chosen():
        store.send_model(transport(), active().model, now=timezone.now())


def backlog() -> Backlog:
    """Return how far behind the server is; nothing of all of it without one. For readiness, metrics and the log."""
    return outbox.backlog(_USING)


def report_refused() -> int:
    """Log what the server refuses for good, if there is any, and return how many changes that are."""
    refused = backlog().refused
    if refused:
        logger.error("OpenFGA refuses %d changes of permissions for good: run `filegraph authz reconcile`.", refused)
    return refused
