"""The one client that this installation answers with, and the tree that the application has told it of.

A client is made for one model and one description of the tree: another model is another client.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import lru_cache, partial

from django.utils import timezone

from authz.clients.base import InstallationClient
from authz.clients.embedded import EmbeddedClient
from authz.clients.openfga.client import OpenFGAClient
from authz.clients.openfga.moments import Moments
from authz.clients.sql.structure import NO_STRUCTURE, Structure
from authz.conf import ClientName, authz_settings
from authz.services.models import active_model
from authz.services.remote_engine import remote
from authz.services.wrapping import wrapped

_MOMENTS = Moments()


@lru_cache(maxsize=4)
def configured_client(structure: Structure = NO_STRUCTURE) -> InstallationClient:
    """Return the client that the settings choose, for the active model. ``structure`` is compared by identity.

    Raises AuthorizationUnavailable for a server on which ``filegraph setup`` has prepared nothing.
    """
    make = partial(_made, structure=structure)
    return wrapped(make(authz_settings().client), active_model(), other=make)


def _made(name: ClientName, structure: Structure) -> InstallationClient:
    match name:
        case "embedded":
            return EmbeddedClient(active_model(), clock=timezone.now, structure=structure)
        case "openfga":
            return OpenFGAClient(
                active_model(),
                remote(),
                clock=timezone.now,
                structure=structure,
                moments=_MOMENTS,
                keep_seconds=authz_settings().openfga_projection_seconds,
            )


def moment() -> AbstractContextManager[None]:
    """Return a block, of one request in one thread, in which lists and flags share what was read of the grants.

    What others change meanwhile may go unseen until it ends; what this thread changes never does. Whole checks are
    asked anew each time. To the embedded engine, which reads grants in the statements themselves, it means nothing.
    """
    return _MOMENTS.moment()
