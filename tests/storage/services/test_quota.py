"""Quota under parallel callers: never above the limit, never below zero."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connections, transaction

from storage.errors import NotFound, QuotaExceeded
from storage.models import Drive, Upload
from storage.services import quota
from tests.storage.tree import NOW, Place


def figures(place: Place) -> tuple[int, int]:
    drive = Drive.objects.get(id=place.drive.id)
    return drive.used_bytes, drive.reserved_bytes


@pytest.mark.django_db
def test_reserve_settle_release_refund() -> None:
    place = Place.make(quota_bytes=100)
    quota.reserve(place.drive.id, 60)
    with pytest.raises(QuotaExceeded):
        quota.reserve(place.drive.id, 41)
    quota.reserve(place.drive.id, 40)
    quota.settle(place.drive.id, 60)
    quota.release(place.drive.id, 40)
    assert figures(place) == (60, 0)
    quota.refund(place.drive.id, 60)
    assert figures(place) == (0, 0)
    with pytest.raises(NotFound):
        quota.reserve("nothing", 1)
    for wrong in (quota.release, quota.refund, quota.settle):
        with pytest.raises(IntegrityError), transaction.atomic():
            wrong(place.drive.id, 1)


@pytest.mark.django_db
def test_uploads_are_counted_where_their_bytes_are_reserved() -> None:
    place = Place.make(quota_bytes=100)

    def reserve(size: int, most: int, actor: str = "user:a") -> bool:
        return quota.reserve_for_uploads(place.drive.id, size, actor=actor, most=most, now=NOW)

    assert not reserve(101, 5)
    assert not reserve(1, -1)
    assert reserve(60, 0)
    times = {"created_at": NOW, "expires_at": NOW + timedelta(hours=1)}
    Upload.objects.create(drive=place.drive, parent_id=place.drive.id, actor="user:a", declared_size=60, **times)
    assert not reserve(1, 0)
    assert reserve(1, 1)
    assert reserve(1, 0, "user:b")
    Upload.objects.update(expires_at=NOW)
    assert reserve(1, 0)
    assert figures(place) == (0, 63)


@pytest.mark.django_db
def test_no_limit() -> None:
    place = Place.make()
    quota.reserve(place.drive.id, 2**60)
    assert figures(place) == (0, 2**60)


@pytest.mark.django_db(transaction=True)
def test_parallel_reservations_fill_the_drive_exactly() -> None:
    place = Place.make(quota_bytes=100)

    def reserve(_: int) -> bool:
        try:
            quota.reserve(place.drive.id, 30)
        except QuotaExceeded:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(reserve, range(6))) == 3
    assert figures(place) == (0, 90)
