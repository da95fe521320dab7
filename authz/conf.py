"""The settings of authz, typed, read from Django's (``FILEGRAPH_AUTHZ_*``, ``FILEGRAPH_OPENFGA_*`` and others).

Read anew at each call, so that a test can change them; what is built from them is kept by those who build it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal, cast, get_args

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured

ClientName = Literal["embedded", "openfga"]
ShadowName = Literal["", "embedded", "openfga"]

MAX_TUPLES_PER_WRITE = 100
"""Writes and deletes of one request together: OpenFGA's limit."""


@dataclass(frozen=True, slots=True)
class AuthzSettings:
    """What an operator may decide about permissions."""

    client: ClientName = "embedded"
    """``FILEGRAPH_AUTHZ_CLIENT``: which engine answers. ``embedded`` keeps the tuples in Django's database."""
    openfga_api_url: str = ""
    """``FILEGRAPH_OPENFGA_API_URL``: the HTTP address of the OpenFGA server."""
    openfga_api_token: str = field(default="", repr=False)
    """``FILEGRAPH_OPENFGA_API_TOKEN``: its preshared key; empty for none."""
    openfga_store_id: str = ""
    """``FILEGRAPH_OPENFGA_STORE_ID``: the store to use; empty for the one that ``filegraph setup`` makes."""
    openfga_mirror_structure: bool = False
    """``FILEGRAPH_OPENFGA_MIRROR_STRUCTURE``: whether the store has the edges of the tree too, for other services."""
    openfga_projection_seconds: float = 0.0
    """``FILEGRAPH_OPENFGA_PROJECTION_SECONDS``: seconds for which what an actor holds may be
    used again; 0: in its request only."""
    metrics: bool = False
    """``FILEGRAPH_METRICS``: whether calls are measured. Who may read what was measured is not known here."""
    audit: bool = True
    """``FILEGRAPH_AUDIT``: whether changes of permissions leave an entry."""
    audit_denials: float = 0.0
    """``FILEGRAPH_AUDIT_DENIALS``: the share of refused questions that leave one, 0 to 1."""
    audit_retention: timedelta = timedelta(days=366)
    """``FILEGRAPH_AUDIT_RETENTION``: how long entries are kept."""
    shadow: ShadowName = ""
    """``FILEGRAPH_AUTHZ_SHADOW``: the engine that is asked behind the answer; empty for none."""
    shadow_sample: float = 0.01
    """``FILEGRAPH_AUTHZ_SHADOW_SAMPLE``: the share of questions that it is asked, above 0 and at most 1."""
    shadow_dir: Path | None = None
    """``SHADOW_DIR``: where differences are kept; None: nowhere."""

    @property
    def is_remote(self) -> bool:
        """Whether an OpenFGA server answers."""
        return self.client == "openfga"

    @property
    def names_server(self) -> bool:
        """Whether it is said where an OpenFGA server is, be it that it answers, stands by or is only compared."""
        return bool(self.openfga_api_url)


def authz_settings() -> AuthzSettings:
    """Return the settings; raises ImproperlyConfigured for an unknown client or a server without address."""
    client = getattr(django_settings, "FILEGRAPH_AUTHZ_CLIENT", "embedded")
    if client not in get_args(ClientName):
        raise ImproperlyConfigured(f"FILEGRAPH_AUTHZ_CLIENT is {client!r}; it must be one of {get_args(ClientName)}")
    found = AuthzSettings(
        client=cast(ClientName, client),
        openfga_api_url=getattr(django_settings, "FILEGRAPH_OPENFGA_API_URL", ""),
        openfga_api_token=getattr(django_settings, "FILEGRAPH_OPENFGA_API_TOKEN", ""),
        openfga_store_id=getattr(django_settings, "FILEGRAPH_OPENFGA_STORE_ID", ""),
        openfga_mirror_structure=getattr(django_settings, "FILEGRAPH_OPENFGA_MIRROR_STRUCTURE", False),
        openfga_projection_seconds=getattr(django_settings, "FILEGRAPH_OPENFGA_PROJECTION_SECONDS", 0.0),
        metrics=bool(getattr(django_settings, "FILEGRAPH_METRICS", ())),
        audit=getattr(django_settings, "FILEGRAPH_AUDIT", True),
        audit_denials=getattr(django_settings, "FILEGRAPH_AUDIT_DENIALS", 0.0),
        audit_retention=timedelta(seconds=getattr(django_settings, "FILEGRAPH_AUDIT_RETENTION", 366 * 86400)),
        shadow=getattr(django_settings, "FILEGRAPH_AUTHZ_SHADOW", ""),
        shadow_sample=getattr(django_settings, "FILEGRAPH_AUTHZ_SHADOW_SAMPLE", 0.01),
        shadow_dir=getattr(django_settings, "SHADOW_DIR", None),
    )
    if found.is_remote and not found.names_server:
        raise ImproperlyConfigured("FILEGRAPH_AUTHZ_CLIENT is openfga; FILEGRAPH_OPENFGA_API_URL must say where it is")
    return found
