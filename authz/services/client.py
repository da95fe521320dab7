"""The one client that this installation answers with, and the tree that the application has told it of."""

from __future__ import annotations

from functools import lru_cache

from django.utils import timezone

from authz.clients.embedded import EmbeddedClient
from authz.clients.sql.structure import NO_STRUCTURE, Structure
from authz.conf import authz_settings
from authz.services.models import active_model


@lru_cache(maxsize=4)
def configured_client(structure: Structure = NO_STRUCTURE) -> EmbeddedClient:
    """Return the client that the settings choose, for the active model. ``structure`` is compared by identity."""
    match authz_settings().client:
        case "embedded":
            return EmbeddedClient(active_model(), clock=timezone.now, structure=structure)
