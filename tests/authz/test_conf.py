"""Settings that cannot be are told by name."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from authz.conf import authz_settings


def test_an_engine_that_does_not_exist_and_a_server_without_an_address(settings: Any) -> None:
    settings.FILEGRAPH_AUTHZ_CLIENT = "spicedb"
    with pytest.raises(ImproperlyConfigured, match="FILEGRAPH_AUTHZ_CLIENT"):
        authz_settings()
    settings.FILEGRAPH_AUTHZ_CLIENT = "openfga"
    with pytest.raises(ImproperlyConfigured, match="FILEGRAPH_OPENFGA_API_URL"):
        authz_settings()


def test_the_token_is_not_shown(settings: Any) -> None:
    settings.FILEGRAPH_AUTHZ_CLIENT = "openfga"
    settings.FILEGRAPH_OPENFGA_API_URL = "http://127.0.0.1:8080"
    settings.FILEGRAPH_OPENFGA_API_TOKEN = "very secret"
    assert authz_settings().openfga_api_token == "very secret"
    assert "very secret" not in repr(authz_settings())
