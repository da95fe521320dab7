from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from authz.services import relationships
from authz.services.active_model import pinned
from authz.types import ANONYMOUS, Actor, TupleKey
from storage import tokens
from storage.backends.local import LocalBackend
from storage.errors import (
    BackendUnavailable,
    InvalidArgument,
    InvalidToken,
    NotFound,
    PermissionDenied,
    StorageError,
    TokenExpired,
)
from storage.models import Blob, FileVersion, Item
from storage.services import downloads
from storage.services.downloads import Disposition
from tests.components.uploads import World, make_world, sha256

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def _open(world: World, path: str) -> downloads.OpenDownload:
    return downloads.open(path.split("/")[2], now=world.now)


def test_a_link_opens_the_bytes_and_tells_about_them(world: World) -> None:
    file = world.upload("ed", "été (1).txt", b"hello")
    link = downloads.link(world.actor("vi"), file, expires_in=60, now=world.now)
    assert link.expires_at == world.now + timedelta(seconds=60)
    assert unquote(link.url("").rpartition("/")[2]) == file.name
    found = _open(world, link.url(""))
    with found.reader as reader:
        assert reader.read(1, 3) == b"ell"
    assert (found.size, found.sha256, found.name) == (5, sha256(b"hello"), "été (1).txt")
    assert (found.content_type, found.inline, found.modified) == ("text/plain", False, file.created_at)


def test_a_link_costs_no_statement_and_opening_it_a_few(
    world: World, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    file = world.upload("ed", parent_id=world.folder().id)
    actor = world.actor("vi")
    downloads.link(actor, file, now=world.now)  # A process reads the row of a store once.
    with django_assert_max_num_queries(0):
        link = downloads.link(actor, file, now=world.now)
    with pinned(), django_assert_max_num_queries(6):
        _open(world, link.url("")).reader.close()


@pytest.mark.parametrize(
    ("data", "name", "inline"),
    [(b"hello", "a.txt", True), (b"%PDF-1.4", "a.pdf", True), (b"<svg>", "a.txt", False), (b"<html>", "a.png", False)],
)
def test_only_inert_types_are_shown(world: World, data: bytes, name: str, inline: bool) -> None:
    file = world.upload("ed", name, data)
    link = downloads.link(world.actor("vi"), file, disposition=Disposition.INLINE, now=world.now)
    with (found := _open(world, link.url(""))).reader:
        assert found.inline is inline


def test_a_link_lives_as_long_as_it_says(world: World, settings: Settings) -> None:
    file = world.upload("ed")
    link = downloads.link(world.actor("vi"), file, expires_in=10, now=world.now)
    world.pass_time(seconds=10)
    _open(world, link.url("")).reader.close()
    world.pass_time(seconds=1)
    with pytest.raises(TokenExpired):
        _open(world, link.url(""))
    for seconds in (0, -1):
        with pytest.raises(InvalidArgument):
            downloads.link(world.actor("vi"), file, expires_in=seconds, now=world.now)


def test_the_settings_say_how_long_a_link_lives(world: World, settings: Settings) -> None:
    settings.FILEGRAPH_DOWNLOAD_LIFETIME, settings.FILEGRAPH_DOWNLOAD_LIFETIME_MAX = 60, 100
    file = world.upload("ed")

    def life(asked: int | None) -> float:
        link = downloads.link(world.actor("vi"), file, expires_in=asked, now=world.now)
        return (link.expires_at - world.now).total_seconds()

    assert [life(asked) for asked in (None, 1, 100, 101, 10**12)] == [60, 1, 100, 100, 100]
    settings.FILEGRAPH_DOWNLOAD_LIFETIME = 200
    assert life(None) == 100


def test_only_a_file_has_a_link(world: World) -> None:
    with pytest.raises(NotFound):
        downloads.link(world.actor("olga"), world.folder(), now=world.now)


@pytest.mark.parametrize(
    ("who", "expected"),
    [("olga", None), ("ed", None), ("vi", None), ("up", NotFound), ("stranger", NotFound)],
)
def test_the_one_a_link_names_is_asked_for_when_it_is_used(
    world: World, who: str, expected: type[StorageError] | None
) -> None:
    file = world.upload("ed")
    if expected is None:
        assert world.read(who, file) == b"hello"
    else:
        with pytest.raises(expected):
            world.read(who, file)


def test_a_right_that_has_gone_closes_links_that_are_out(world: World) -> None:
    file = world.upload("ed")
    link = downloads.link(world.actor("vi"), file, now=world.now)
    world.revoke("vi", "viewer")
    with pytest.raises(NotFound):
        _open(world, link.url(""))


def test_quarantined_bytes_are_kept_and_the_name_is_not(world: World) -> None:
    file = world.upload("ed")
    world.grant("vi", "viewer", f"file:{file.id}")

    relationships.write(writes=[TupleKey("user:*", "quarantined", f"file:{file.id}")])
    with pytest.raises(PermissionDenied):
        world.read("vi", file)


@pytest.mark.parametrize("gone", [False, True])
def test_an_account_that_is_deactivated_or_deleted_has_no_links(world: World, gone: bool) -> None:
    file = world.upload("ed")
    link = downloads.link(world.actor("vi"), file, now=world.now)
    user = world.people["vi"]
    user.is_active = False
    user.delete() if gone else user.save()
    with pytest.raises(NotFound):
        _open(world, link.url(""))


def test_a_visitor_needs_no_account_and_an_unknown_kind_of_actor_is_refused(world: World) -> None:
    file = world.upload("ed")
    for who in ("anonymous:*", "service:backup"):
        relationships.write(writes=[TupleKey(who, "viewer", f"file:{file.id}")])
    _open(world, downloads.link(ANONYMOUS, file, now=world.now).url("")).reader.close()
    with pytest.raises(NotFound):
        _open(world, downloads.link(Actor("service:backup"), file, now=world.now).url(""))


def test_trash_and_purge_close_links(world: World) -> None:
    file = world.upload("ed")
    link = downloads.link(world.actor("vi"), file, now=world.now)
    Item.objects.filter(id=file.id).update(trash=file.id, trashed_at=world.now)
    with pytest.raises(NotFound):
        _open(world, link.url(""))
    Item.objects.filter(id=file.id).update(trash=None, trashed_at=None, current_version=None)
    FileVersion.objects.filter(file_id=file.id).delete()
    with pytest.raises(NotFound):
        _open(world, link.url(""))


def test_a_link_cannot_be_bent_to_another_file(world: World) -> None:
    mine, other = world.upload("ed", "a", b"mine"), world.upload("olga", "b", b"other")
    assert other.current_version_id is not None
    world.grant("ed", "blocked", f"file:{other.id}")
    # Signed, but joining a file that she may read and the version of one that she may not.
    claim = tokens.DownloadClaim(world.actor("ed"), mine.id, other.current_version_id, False, 2**31)
    with pytest.raises(NotFound):
        downloads.open(tokens.sign_download(claim), now=world.now)
    with pytest.raises(InvalidToken):
        downloads.open("nonsense", now=world.now)


def test_missing_bytes_are_a_loud_and_retryable_error(world: World, caplog: pytest.LogCaptureFixture) -> None:
    file = world.upload("ed")
    blob = Blob.objects.get()
    store = world.store
    assert isinstance(store, LocalBackend)
    path = Path(store.path(blob.key))
    path.write_bytes(b"shorter"[:2])
    with pytest.raises(BackendUnavailable):
        world.read("vi", file)
    os.unlink(path)
    with pytest.raises(BackendUnavailable):
        world.read("vi", file)
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    assert blob.key not in caplog.text
