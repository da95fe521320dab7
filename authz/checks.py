"""Django system checks: what has to hold before anything is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from authz.conf import authz_settings

_ENGINES = ("sqlite3", "postgresql")


def check_database(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Refuse a database that may compare ids without regard to case, or that the queries are not written for."""
    engine = settings.DATABASES["default"]["ENGINE"].rsplit(".", 1)[-1]
    if engine in _ENGINES:
        return []
    return [Error(f"Tuples cannot be kept in {engine}.", hint="Use SQLite or PostgreSQL.", id="authz.E001")]


def check_settings(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Report settings that cannot be read."""
    try:
        authz_settings()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="authz.E002")]
    return []


def register_checks() -> None:
    """Hand the checks to Django."""
    register(check_database)
    register(check_settings)
