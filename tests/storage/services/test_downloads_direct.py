"""Downloads from a real S3 store: by links that lead to it, and through us where that must not be."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from storage.services import downloads
from storage.services.uploads import PresignedPut
from tests.components.seaweedfs import SeaweedFS
from tests.components.uploads import World, make_direct_world, make_world, sha256

pytestmark = pytest.mark.django_db

HELLO = sha256(b"hello")
SCRIPT = b"<script>alert(1)</script>"


@pytest.fixture
def world(seaweed: SeaweedFS) -> World:
    return make_direct_world(seaweed.config(prefix=f"tests/{uuid4().hex}"))


def test_a_link_leads_to_the_store_and_says_name_and_type(world: World) -> None:
    started = world.begin("ed", "Größe.png", sha256=HELLO)
    world.send(started)
    file = world.finalize("ed", started).file
    assert file is not None
    link = downloads.link(world.actor("vi"), file, disposition=downloads.Disposition.INLINE, now=world.now)
    assert isinstance(link, downloads.DirectLink)
    assert link.url("https://files.example.com") == link.signed_url
    answer = httpx.get(link.signed_url, trust_env=False)
    assert answer.content == b"hello"
    assert answer.headers["content-type"] == "image/png"
    assert re.match("inline; filename=.*Gr%C3%B6%C3%9Fe.png", answer.headers["content-disposition"])


def test_where_links_must_be_taken_back_they_lead_to_us(world: World, settings: Any) -> None:
    settings.FILEGRAPH_DIRECT_DOWNLOAD_LIFETIME = 0
    started = world.begin("ed", sha256=HELLO)
    assert isinstance(started.transport, PresignedPut)
    world.send(started)
    file = world.finalize("ed", started).file
    assert file is not None
    assert isinstance(downloads.link(world.actor("vi"), file, now=world.now), downloads.DownloadLink)
    assert world.read("vi", file) == b"hello"


def test_what_could_be_active_is_saved_and_never_shown(world: World) -> None:
    started = world.begin("ed", "page.html", SCRIPT, sha256=sha256(SCRIPT))
    world.send(started, SCRIPT)
    file = world.finalize("ed", started).file
    assert file is not None
    link = downloads.link(world.actor("vi"), file, disposition=downloads.Disposition.INLINE, now=world.now)
    answer = httpx.get(link.url(""), trust_env=False)
    assert answer.headers["content-disposition"].startswith("attachment;")


@pytest.mark.parametrize(("asked_for", "granted"), [(None, 300), (60, 60), (86_400, 300)])
def test_nobody_can_take_it_back_so_it_lives_for_minutes(world: World, asked_for: int | None, granted: int) -> None:
    started = world.begin("ed", sha256=HELLO)
    world.send(started)
    file = world.finalize("ed", started).file
    assert file is not None
    link = downloads.link(world.actor("vi"), file, expires_in=asked_for, now=world.now)
    assert link.expires_at == world.now.replace(microsecond=0) + timedelta(seconds=granted)


def test_a_store_that_clients_do_not_reach(seaweed: SeaweedFS) -> None:
    """All bytes through us, both ways, and the rest as before."""
    world = make_world("", driver="s3", config=seaweed.config(prefix=f"tests/{uuid4().hex}", direct=False))
    file = world.upload("ed", data=b"hello", sha256=HELLO)
    assert isinstance(downloads.link(world.actor("vi"), file, now=world.now), downloads.DownloadLink)
    assert world.read("vi", file) == b"hello"
    world.check()
