"""Figures and tables of the pages, read from the code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from graphql import Undefined

from filegraph.refusals import (
    HEAD_TOO_LARGE,
    NOT_A_REQUEST,
    NOTHING_HERE,
    SEVERAL_HOSTS,
    TOO_MANY_CONNECTIONS,
    UNKNOWN_HOST,
)
from schema.http import EndpointSettings
from schema.limits import MAX_PAGE_SIZE, PAGE_SIZE, Limits
from schema.root import schema
from scripts.error_pages import code_classes
from storage import names
from storage.conf import MAX_BATCH, StorageSettings
from storage.content import INLINE_TYPES
from storage.models import MAX_DEPTH, UploadState
from storage.testing import invariants
from tests.components.server import ROOT
from transfer.errors import status_of
from transfer.representation import plan
from transfer.request import Request

DOCS = ROOT / "docs"


def table(page: str, head: str) -> list[list[str]]:
    """The rows of the table whose head begins with ``head``."""
    text = (DOCS / page).read_text()
    found = re.search(rf"^\| {re.escape(head)}.*\n\|[-|]+\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert found, f"{page} has no table {head}"
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in found[1].splitlines()]


def test_the_limits_of_graphql() -> None:
    limits = Limits()
    assert {name: int(figure) for name, figure in table("graphql.md", "limit")} == {
        "bytes of a request": EndpointSettings().body_limit,
        "tokens": limits.tokens,
        "digits of a number": limits.digits,
        "nested brackets": limits.nesting,
        "levels of fields": limits.depth,
        "aliases": limits.aliases,
        "directives": limits.directives,
        "fields at the root": limits.root_fields,
        "cost": limits.cost,
        "seconds of reading": limits.seconds,
        "nodes of a page, when not said": PAGE_SIZE,
        "nodes of a page, at most": MAX_PAGE_SIZE,
        "inputs of a batch": MAX_BATCH,
        "characters of a name": names.MAX_LENGTH,
        "levels of folders in a drive": MAX_DEPTH,
    }


def test_what_graphql_is_refused_with() -> None:
    said = {
        what: {int(each) for each in re.findall(r"\d+", statuses)} for what, _, statuses in table("graphql.md", "what")
    }
    sources = "".join((ROOT / "schema" / name).read_text() for name in ("http.py", "negotiation.py"))
    at_the_door = {int(status) for status in re.findall(r"\bRefusal\(\s*(\d+)", sources)}
    # What is asked for elsewhere does not come to the endpoint.
    assert said["refused at the door"] == at_the_door - {404}
    before = {UNKNOWN_HOST, SEVERAL_HOSTS, NOT_A_REQUEST, NOTHING_HERE, HEAD_TOO_LARGE, TOO_MANY_CONNECTIONS}
    (found,) = (statuses for what, statuses in said.items() if what.startswith("refused before that"))
    assert found == {refusal.status for refusal in before}


def test_the_failures_of_a_put() -> None:
    classes = code_classes()
    rows = table("uploads.md", "code | status")
    assert len(rows) > 10
    for codes, status, *_ in rows:
        for code in re.findall(r"`(\w+)`", codes):
            error = classes[code]
            made = error.__new__(error)
            assert status_of(made) == int(status), code  # type: ignore[arg-type]


def test_the_states_of_an_upload() -> None:
    text = (DOCS / "uploads.md").read_text()
    picture = text.partition("## States")[2].partition("READY, ABORTED")[0]
    assert set(re.findall(r"\b[A-Z]{4,}\b", picture)) - {"PUT"} == {state.name for state in UploadState}


def test_the_invariants() -> None:
    checked = set(re.findall(r"^    (I\d)", invariants.__doc__ or "", re.MULTILINE))
    assert {row[0] for row in table("uploads.md", "| invariant")} == checked | {"I6"}


def test_the_inline_types() -> None:
    listed = (DOCS / "downloads.md").read_text().partition("<!-- storage/content.py")[2]
    assert set(re.findall(r"`([a-z]+/[\w.+-]+)`", listed.partition("## ")[0])) == INLINE_TYPES


def test_the_lifetime_of_a_link() -> None:
    field = schema._schema.get_type("File").fields["downloadUrl"].args["expiresIn"]  # type: ignore[union-attr]
    assert field.default_value in (None, Undefined)
    text = " ".join((DOCS / "downloads.md").read_text().split())
    shipped = StorageSettings()
    assert f"`FILEGRAPH_DOWNLOAD_LIFETIME` ({shipped.download_lifetime} unless set)" in text
    assert f"`FILEGRAPH_DOWNLOAD_LIFETIME_MAX` ({shipped.download_lifetime_max} unless set)" in text


@dataclass(frozen=True)
class Stored:
    size: int = 5
    sha256: str = "0" * 64
    name: str = "photo.jpg"
    content_type: str = "image/jpeg"
    inline: bool = True
    modified: datetime = datetime(2026, 1, 2, tzinfo=UTC)


def test_the_headers_of_a_download() -> None:
    request = Request({"type": "http", "method": "GET", "path": "/d/x", "headers": []})
    sent = {
        name.decode(): value.decode() for name, value in plan(request, Stored(), resource_policy=b"same-site").headers
    }
    told = {name.strip("`").lower(): text for name, text in table("downloads.md", "header")}
    assert set(told) == set(sent)
    for name in ("accept-ranges", "cache-control", "x-content-type-options", "referrer-policy"):
        assert told[name].startswith(f"`{sent[name]}`"), name
