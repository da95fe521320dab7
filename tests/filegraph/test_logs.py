import logging

import pytest
from django.conf import settings

from filegraph.logs import WithoutPaths


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


def test_every_handler_has_the_filter() -> None:
    assert all("without_paths" in handler["filters"] for handler in settings.LOGGING["handlers"].values())
