"""The shipped model is parsed once and kept as a version."""

from __future__ import annotations

import pytest

from authz.dsl import from_json
from authz.models import AuthorizationModelVersion
from authz.services.models import SHIPPED_MODEL, active_model, store_shipped_model


@pytest.mark.django_db
def test_the_shipped_model_is_stored_once_after_a_migration() -> None:
    version = AuthorizationModelVersion.objects.get()
    assert version.text == SHIPPED_MODEL.read_text(encoding="utf-8")
    assert from_json(version.json).types == active_model().types
    store_shipped_model()
    assert AuthorizationModelVersion.objects.count() == 1
    AuthorizationModelVersion.objects.update(text="an older one")
    store_shipped_model()
    assert AuthorizationModelVersion.objects.count() == 2


def test_it_is_parsed_once() -> None:
    assert active_model() is active_model()
