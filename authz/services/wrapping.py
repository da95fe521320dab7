"""What is put around the client of this installation: what its settings ask for, and nothing without them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

from django.utils import timezone
from django.utils.module_loading import import_string

from authz.clients.base import InstallationClient
from authz.clients.wrappers.audited import AuditedClient
from authz.clients.wrappers.comparisons import Pair
from authz.clients.wrappers.denials import DenialNotingClient
from authz.clients.wrappers.shadowed import ShadowedClient
from authz.conf import ClientName, authz_settings
from authz.dsl.model import AuthorizationModel
from authz.services.audit import DENIALS
from authz.services.shadow import comparisons
from authz.types import Actor


def wrapped(
    client: InstallationClient, model: AuthorizationModel, other: Callable[[ClientName], InstallationClient]
) -> InstallationClient:
    """Return ``client``, which answers for ``model``, with what the settings put around it; itself for none.

    ``other`` makes the client of another engine, for the same model and tree.
    """
    settings = authz_settings()
    if settings.shadow:
        pair = Pair(client, cache(partial(other, settings.shadow)), model)
        client = ShadowedClient(pair, comparisons(), sample=settings.shadow_sample)
    if settings.metrics:
        # Its library is imported only here.
        metered: InstallationClient = import_string("authz.clients.wrappers.metered.MeteredClient")(client)
        client = metered
    return client


def noting_denials(client: InstallationClient) -> InstallationClient:
    """Return ``client`` for questions that are asked by the very users they are about: refusals are noted, if set so.

    Not for questions about somebody else, or under a model that is only tried: nobody was refused anything.
    """
    settings = authz_settings()
    if settings.audit and settings.audit_denials:
        return DenialNotingClient(client, DENIALS, share=settings.audit_denials, clock=timezone.now)
    return client


def audited(client: InstallationClient, actor: Actor) -> InstallationClient:
    """Return ``client`` for one actor: what is written through it leaves an entry, unless a setting says no."""
    return AuditedClient(client, actor, clock=timezone.now) if authz_settings().audit else client
