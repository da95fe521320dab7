"""Quota under parallel callers: never above the limit, never below zero."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connections, transaction

from storage.errors import NotFound, QuotaExceeded
from storage.models import Drive
from storage.services import quota
from tests.storage.tree import Place


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
