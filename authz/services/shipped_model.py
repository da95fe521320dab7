"""The model that comes with the program, ``authz/default.fga``, and how an upgrade of it arrives.

A new text becomes a version beside the others. It takes the place of the one shipped before it, and of nothing else:
what somebody has written or chosen here stays active, and the newer text is only told of.
"""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from authz.conf import authz_settings
from authz.dsl import to_json
from authz.dsl.model import AuthorizationModel
from authz.models import AuthorizationModelVersion, ModelActivation, ModelOrigin
from authz.services.active_model import hold_active, of_text

logger = logging.getLogger("filegraph.authz")

SHIPPED_MODEL = Path(__file__).resolve().parent.parent / "default.fga"
_NOTE = "shipped with Filegraph"


def shipped_model() -> AuthorizationModel:
    """Return the model that comes with the program; whether it is the active one is another question."""
    return of_text(SHIPPED_MODEL.read_text(encoding="utf-8")).model


def store_shipped_model(*, using: str = "default", **kwargs: Any) -> None:
    """Keep the shipped model as a version, unless the newest shipped one has its text. Runs after a migration.

    The very first one is activated at once. A later one too, where it may be (``adopt``), but not with an OpenFGA
    server: that has to have the model first, see ``authz.services.remote_engine.prepare``.
    """
    now = timezone.now()
    with transaction.atomic(using=using):
        newest = keep(now=now, using=using)
        if not ModelActivation.objects.using(using).exists():
            _activate(newest, 1, now, using)
    if not authz_settings().is_remote:
        adopt(now=now, using=using)


def keep(*, now: datetime, using: str = "default") -> AuthorizationModelVersion:
    """Return the version that has the shipped text: the newest shipped one, or one that is made now."""
    text = SHIPPED_MODEL.read_text(encoding="utf-8")
    newest: AuthorizationModelVersion | None = _shipped(using).first()
    if newest is not None and newest.text == text:
        return newest
    model = of_text(text).model
    return AuthorizationModelVersion.objects.using(using).create(
        text=text,
        json=to_json(model),
        schema_version=model.schema_version,
        origin=ModelOrigin.SHIPPED,
        created_at=now,
        note=_NOTE,
    )


def adoptable(*, using: str = "default") -> AuthorizationModelVersion | None:
    """Return the shipped version that may take the place of the active one by itself: its direct successor, untried."""
    newest, before = [*_shipped(using)[:2], None, None][:2]
    current = _current(using)
    if newest is None or before is None or current is None or current.version_id != before.pk:
        return None
    return None if newest.activations.using(using).exists() else newest


def adopt(*, now: datetime, using: str = "default") -> bool:
    """Activate ``adoptable``, if there is one; tell whether it was done. Nothing stands against a shipped model."""
    if adoptable(using=using) is None:
        return False
    with transaction.atomic(using=using):
        held = hold_active(using)
        # Somebody may have activated another one until now.
        version = adoptable(using=using)
        if version is not None:
            _activate(version, held.id + 1, now, using)
    return version is not None


def newer_shipped_version() -> str | None:
    """Return the id of the shipped version that came after the active one was written; None when there is none.

    Somebody has to look: either the active one is her own, or she has chosen an older one.
    """
    newest, current = _shipped("default").first(), _current("default")
    if newest is None or current is None or current.version.text == newest.text:
        return None
    return newest.pk if newest.created_at > current.version.created_at else None


def tell_of_newer() -> str | None:
    """Log, and return, one sentence about ``newer_shipped_version``, if there is one."""
    version_id = newer_shipped_version()
    if version_id is None:
        return None
    # By the id that it is activated by.
    name = f"model_{version_id}"
    sentence = f"A newer authorization model came with this release ({name}); the active one was left alone."
    logger.warning(sentence)
    return sentence


def _shipped(using: str) -> Any:
    shipped = AuthorizationModelVersion.objects.using(using).filter(origin=ModelOrigin.SHIPPED)
    return shipped.order_by("-created_at", "-id")


def _current(using: str) -> ModelActivation | None:
    return ModelActivation.objects.using(using).select_related("version").order_by("-id").first()


def _activate(version: AuthorizationModelVersion, number: int, now: datetime, using: str) -> None:
    ModelActivation.objects.using(using).create(id=number, version=version, activated_at=now, note=_NOTE)
