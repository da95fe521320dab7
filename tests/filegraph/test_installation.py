"""Preparing, and preparing again after the settings of the first store changed. The S3 server is a real one."""

from __future__ import annotations

import hashlib
import io
import secrets
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import File
from pytest_django.fixtures import Settings

from filegraph.first_store import STORE_NAME, FirstStore
from filegraph.installation import SetupFailed, prepare, unapplied_migrations, unfollowed_changes
from storage.models import Backend, Blob, Drive
from storage.registry import backend_for
from tests.components.seaweedfs import SeaweedFS
from tests.storage.tree import NOW

pytestmark = pytest.mark.django_db
KEY = {"env": "FILEGRAPH_S3_ACCESS_KEY_ID"}
SECRET = {"env": "FILEGRAPH_S3_SECRET_ACCESS_KEY"}


def a_file(store: Backend, content: bytes = b"kept") -> None:
    """A drive on the store, and a file of it."""
    drive = Drive.objects.create(name=secrets.token_hex(4), backend=store)
    key = f"{secrets.token_hex(2)}/{secrets.token_hex(13)}"
    backend_for(store).save(key, File(io.BytesIO(content)))
    sha256 = hashlib.sha256(content).hexdigest()
    Blob.objects.create(drive=drive, backend=store, key=key, sha256=sha256, size=len(content), created_at=NOW)


@pytest.fixture
def bucket(seaweed: SeaweedFS, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The configuration of a first store, in a place of its own."""
    monkeypatch.setenv("FILEGRAPH_S3_ACCESS_KEY_ID", seaweed.access_key)
    monkeypatch.setenv("FILEGRAPH_S3_SECRET_ACCESS_KEY", seaweed.secret_key)
    prefix = f"setup/{secrets.token_hex(6)}"
    return seaweed.config(access_key_id=KEY, secret_access_key=SECRET, prefix=prefix, direct=True)


def wanted(settings: Settings, config: dict[str, Any], driver: str = "s3") -> None:
    settings.FIRST_STORE = FirstStore(driver, config, "the place that is set")


def test_preparing_twice_is_preparing_once() -> None:
    assert unapplied_migrations() == 0
    first = prepare()
    assert prepare() == []
    assert len(first) == 1
    assert Backend.objects.get().name == STORE_NAME
    assert unfollowed_changes() is None


def test_how_a_store_is_reached_is_followed_though_files_are_there(bucket: dict[str, Any], settings: Settings) -> None:
    wanted(settings, bucket)
    prepare()
    a_file(Backend.objects.get())
    changed = {**bucket, "direct": False, "public_endpoint_url": "https://files.example.com"}
    wanted(settings, changed)
    names = "FILEGRAPH_S3_DIRECT, FILEGRAPH_S3_PUBLIC_ENDPOINT_URL"
    assert unfollowed_changes() == f"{names} changed since this installation was prepared."
    assert prepare() == [f"The store default follows {names}."]
    assert Backend.objects.get().config == changed
    assert unfollowed_changes() is None
    assert prepare() == []


def test_another_place_is_refused_by_name_where_files_are(
    bucket: dict[str, Any], settings: Settings, seaweed: SeaweedFS
) -> None:
    wanted(settings, bucket)
    prepare()
    a_file(Backend.objects.get())
    empty = f"empty-{secrets.token_hex(4)}"
    seaweed.client().create_bucket(Bucket=empty)
    for changed, told in (
        ({"bucket": empty}, f"FILEGRAPH_S3_BUCKET (was: {seaweed.bucket})"),
        ({"prefix": "elsewhere"}, f"FILEGRAPH_S3_PREFIX (was: {bucket['prefix']})"),
    ):
        wanted(settings, {**bucket, **changed})
        with pytest.raises(SetupFailed) as caught:
            prepare()
        assert str(caught.value).startswith(f"{told}: the files of this installation are not in the place that is set.")
        assert Backend.objects.get().config == bucket
    # As long as nobody answers there, nobody knows.
    wanted(settings, {**bucket, "endpoint_url": "http://127.0.0.1:9"})
    with pytest.raises(SetupFailed, match=r"^FILEGRAPH_S3_ENDPOINT_URL: The store does not answer"):
        prepare()
    wanted(settings, {"root": str(settings.DATA_DIR / "other")}, "local")
    with pytest.raises(SetupFailed, match=r"^FILEGRAPH_STORE \(was: s3\): the files"):
        prepare()
    assert Backend.objects.get().config == bucket


def test_another_address_of_the_same_bucket_is_followed(
    bucket: dict[str, Any], settings: Settings, seaweed: SeaweedFS
) -> None:
    wanted(settings, bucket)
    prepare()
    a_file(Backend.objects.get())
    changed = {**bucket, "endpoint_url": seaweed.endpoint_url.replace("127.0.0.1", "localhost")}
    wanted(settings, changed)
    assert prepare() == ["The store default follows FILEGRAPH_S3_ENDPOINT_URL."]
    assert Backend.objects.get().config == changed


def test_a_directory_that_moved_with_its_files_is_followed(settings: Settings, tmp_path: Path) -> None:
    wanted(settings, {"root": str(tmp_path / "old")}, "local")
    prepare()
    a_file(Backend.objects.get())
    wanted(settings, {"root": str(tmp_path / "new")}, "local")
    with pytest.raises(SetupFailed, match="FILEGRAPH_DATA_DIR"):
        prepare()
    shutil.rmtree(tmp_path / "new")
    (tmp_path / "old").rename(tmp_path / "new")
    assert prepare() == ["The store default follows FILEGRAPH_DATA_DIR."]


def test_another_store_is_followed_while_there_is_no_file(bucket: dict[str, Any], settings: Settings) -> None:
    prepare()
    wanted(settings, bucket)
    assert prepare() == ["The store default follows FILEGRAPH_STORE."]
    assert Backend.objects.get().driver == "s3"


def test_a_store_of_another_name_is_the_administrators_own(bucket: dict[str, Any], settings: Settings) -> None:
    prepare()
    Backend.objects.update(name="mine")
    wanted(settings, bucket)
    assert prepare() == []
    assert unfollowed_changes() is None
    assert Backend.objects.get().driver == "local"


def test_the_keys_of_a_prepared_installation_are_tried(
    bucket: dict[str, Any], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted(settings, bucket)
    prepare()
    monkeypatch.setenv("FILEGRAPH_S3_SECRET_ACCESS_KEY", "hush-hush-hush")
    with pytest.raises(SetupFailed, match=r"^FILEGRAPH_S3_SECRET_ACCESS_KEY: The secret does not belong"):
        prepare()


def test_a_store_that_is_away_is_told_and_does_not_hold_setup_up(bucket: dict[str, Any], settings: Settings) -> None:
    wanted(settings, bucket)
    prepare()
    away = {**bucket, "endpoint_url": "http://127.0.0.1:9"}
    Backend.objects.update(config=away)
    wanted(settings, away)
    (told,) = prepare()
    assert told.startswith("FILEGRAPH_S3_ENDPOINT_URL: The store does not answer")
    assert told.endswith("The server starts without it.")
