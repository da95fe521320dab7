from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django.fixtures import Settings

from storage import conf


def test_settings_are_read_from_django(settings: Settings) -> None:
    settings.FILEGRAPH_UPLOAD_LIFETIME = 60
    settings.FILEGRAPH_STORAGE_BACKEND_CLASSES = {"mine": "a.b.C"}
    found = conf.current()
    assert found.upload_lifetime == 60
    assert found.storage_backend_classes["mine"] == "a.b.C"
    assert "local" in found.storage_backend_classes


@pytest.mark.parametrize("value", [0, -1, "60", 1.5, True])
def test_a_value_that_cannot_be_meant_is_refused(settings: Settings, value: object) -> None:
    settings.FILEGRAPH_MAX_FILE_SIZE = value
    with pytest.raises(ImproperlyConfigured, match="FILEGRAPH_MAX_FILE_SIZE"):
        conf.current()
