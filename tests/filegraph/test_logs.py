import logging

import pytest
from django.conf import settings

from filegraph.logs import WithoutPaths, WithoutRefusals


@pytest.mark.parametrize(
    ("name", "args", "text"),
    [
        ("django.request", ("Not Found", "/u/secret"), "Not Found: /.../..."),
        ("django.request", ("Not Found", "//u/secret"), "Not Found: //..."),
        ("django.request", ("Not Found", "/secret"), "Not Found: /..."),
        ("django.request", ("Not Found", "/?secret"), "Not Found: /..."),
        ("django.request", ("Not Found", "/admin/secret/"), "Not Found: /admin/..."),
        ("django.security.csrf", ("no cookie", "/admin/secret"), "no cookie: /admin/..."),
        ("django.request", ("Not Found", "/"), "Not Found: /"),
        ("filegraph.storage", ("moved", "/a/b"), "moved: /a/b"),
    ],
)
def test_lines_about_requests_name_no_path(name: str, args: tuple[str, str], text: str) -> None:
    record = logging.LogRecord(name, logging.WARNING, __file__, 1, "%s: %s", args, None)
    assert WithoutPaths().filter(record)
    assert record.getMessage() == text


@pytest.mark.parametrize(
    ("name", "status", "kept"),
    [
        ("django.request", 403, False),
        ("django.request", 404, False),
        ("django.security.DisallowedModelAdminLookup", 400, False),
        ("django.request", 500, True),
        ("django.request", None, True),
        ("filegraph.schema", 404, True),
    ],
)
def test_only_what_is_broken_has_a_traceback(name: str, status: int | None, kept: bool) -> None:
    error = ValueError("why")
    record = logging.LogRecord(name, logging.ERROR, __file__, 1, "no", (), (ValueError, error, None))
    if status is not None:
        record.status_code = status
    assert WithoutRefusals().filter(record)
    assert ("why" in logging.Formatter().format(record)) is kept


def test_every_handler_has_the_filters() -> None:
    for handler in settings.LOGGING["handlers"].values():
        assert handler["filters"] == ["without_paths", "without_refusals"]
