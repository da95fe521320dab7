"""The sign at the door, and what the administration pages answer when they refuse."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from authz.errors import AuthorizationUnavailable
from authz.services import decisions, relationships
from authz.types import TupleKey
from filegraph.urls import PLACES, failed

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> Client:
    """An administrator's browser."""
    user = get_user_model().objects.create(username="ada", username_key="ada", is_staff=True)
    relationships.write(writes=[TupleKey(f"user:{user.pk}", "admin", "organization:default")])
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def log() -> Iterator[StringIO]:
    """What the server's own handler writes."""
    (handler,) = (each for each in logging.getLogger().handlers if type(each) is logging.StreamHandler)
    written = StringIO()
    before = handler.setStream(written)
    yield written
    handler.setStream(before)


def test_a_program_gets_text() -> None:
    answer = Client().get("/")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert all(place in answer.content.decode() for place, _ in PLACES)


def test_a_browser_gets_links() -> None:
    answer = Client().get("/", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert answer.headers["content-type"].startswith("text/html")
    links = re.findall(r'href="([^"]*)"', answer.content.decode())
    assert links == [place for place, _ in PLACES]
    assert answer.headers["vary"] == "Accept"


def test_the_first_page_says_how_people_are_made(staff: Client) -> None:
    page = staff.get("/admin/").content.decode()
    assert "Django" not in page
    assert "<title>Administration | Filegraph</title>" in page
    for command in ("filegraph user create", "filegraph group add", "filegraph share"):
        assert command in page
    sections = re.findall(r'class="section"[^>]*>([^<]*)<', page)
    assert sections == ["Drives and files", "People, groups and their tokens", "Who may do what"]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("accounts/user/add/", 403, "`filegraph` commands"),
        ("nothing/", 404, "no such page"),
        ("accounts/user/?password__startswith=p", 400, "do not take"),
    ],
)
def test_a_refusal_is_a_sentence_and_a_line_of_the_log(
    staff: Client, path: str, status: int, words: str, log: StringIO
) -> None:
    answer = staff.get(f"/admin/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/plain; charset=utf-8")
    assert words in answer.content.decode()
    logged = log.getvalue()
    assert (logged.count("\n"), "Traceback" in logged) == (1, False), logged


def test_a_failure_says_where_to_look() -> None:
    answer = failed(Client().get("/").wsgi_request)
    assert (answer.status_code, b"log" in answer.content) == (500, True)


def test_an_engine_that_is_away_is_no_fault_of_ours(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> bool:
        raise AuthorizationUnavailable

    monkeypatch.setattr(decisions, "check", away)
    staff.raise_request_exception = False
    answer = staff.get("/admin/storage/drive/")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.content.decode() == "Permissions cannot be checked at the moment; nothing was done.\n"
