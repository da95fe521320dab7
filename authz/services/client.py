"""The one client that this installation answers with, and the tree that the application has told it of.

A client is made for one model and one description of the tree: another model is another client.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache, partial

from django.utils import timezone

from authz.clients.audit_log import of_request
from authz.clients.base import InstallationClient
from authz.clients.embedded import EmbeddedClient
from authz.clients.openfga.client import OpenFGAClient
from authz.clients.openfga.feed import ChangeFeed
from authz.clients.openfga.kept import KeptProjections
from authz.clients.openfga.moments import Moments
from authz.clients.sql.structure import NO_STRUCTURE, Structure
from authz.conf import ClientName, authz_settings
from authz.services.active_model import LoadedModel, active, pinned
from authz.services.circumstances import one_time
from authz.services.remote_engine import is_outdated, remote_of
from authz.services.wrapping import wrapped

_MOMENTS = Moments()


def configured_client(structure: Structure = NO_STRUCTURE) -> InstallationClient:
    """Return the client that the settings choose, for the model that answers here.

    Raises AuthorizationUnavailable for a server on which ``filegraph setup`` has prepared nothing.
    """
    return client_for(active(), structure)


@lru_cache(maxsize=24)
def client_for(model: LoadedModel, structure: Structure = NO_STRUCTURE) -> InstallationClient:
    """Return the client for one model, active or not; both arguments are compared by identity.

    Raises AuthorizationUnavailable for a server that does not have the model.
    """
    make = partial(_made, model=model, structure=structure)
    return wrapped(make(authz_settings().client), model.model, other=make)


def _made(name: ClientName, model: LoadedModel, structure: Structure) -> InstallationClient:
    match name:
        case "embedded":
            return EmbeddedClient(model.model, clock=timezone.now, structure=structure)
        case "openfga":
            remote = remote_of(model)
            kept, feed = _kept(remote.store_id, authz_settings().openfga_projection_seconds)
            return OpenFGAClient(
                model.model,
                remote,
                clock=timezone.now,
                structure=structure,
                moments=_MOMENTS,
                kept=kept,
                feed=feed,
            )


@lru_cache(maxsize=1)
def _kept(store_id: str, seconds: float) -> tuple[KeptProjections, ChangeFeed]:
    """Return what this process keeps of a store between requests, for the clients of all models together."""
    return KeptProjections(seconds), ChangeFeed(timezone.now())


def follow_store() -> bool:
    """Ask the store that is noted now, if it is another one than before; return whether it is. Until then: no answers.

    So nobody has to restart a process when a new store has taken the place of a lost one.
    """
    if not is_outdated():
        return False
    remote_of.cache_clear()
    client_for.cache_clear()
    return True


@contextmanager
def moment(request_id: str = "") -> Iterator[None]:
    """Open the block of one request in one thread: one model answers it, and lists and flags share what they read.

    All of its questions are asked at one time, and the audit names it by ``request_id``, if it has one. What others
    change in grants meanwhile may go unseen by lists and flags until it ends; what this thread changes never does.
    Whole checks are asked anew each time. The embedded engine, which reads grants in the statements themselves, keeps
    nothing but the model.
    """
    with pinned(), _MOMENTS.moment(), one_time(), of_request(request_id):
        yield


def forget_grants() -> None:
    """Read anew, in the rest of the request of this thread, what lists and flags have read and share."""
    _MOMENTS.forget()
