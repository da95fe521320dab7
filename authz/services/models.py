"""Which authorization model is active. Today: the one that is shipped, ``authz/default.fga``."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from authz.dsl import parse, to_json
from authz.dsl.model import AuthorizationModel
from authz.models import AuthorizationModelVersion

SHIPPED_MODEL = Path(__file__).resolve().parent.parent / "default.fga"


@lru_cache(maxsize=1)
def active_model() -> AuthorizationModel:
    """Return the active model, parsed once in a process. Raises InvalidModel."""
    return parse(SHIPPED_MODEL.read_text(encoding="utf-8"))


def store_shipped_model(*, using: str = "default", **kwargs: Any) -> None:
    """Keep the shipped model as a version, unless the newest version has the same text. Runs after a migration."""
    text = SHIPPED_MODEL.read_text(encoding="utf-8")
    with transaction.atomic(using=using):
        versions = AuthorizationModelVersion.objects.using(using)
        newest = versions.order_by("-created_at", "-id").first()
        if newest is not None and newest.text == text:
            return
        model = active_model()
        versions.create(
            text=text,
            json=to_json(model),
            schema_version=model.schema_version,
            created_at=timezone.now(),
            note="shipped with Filegraph",
        )
