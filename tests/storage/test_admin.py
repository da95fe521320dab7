"""The admin pages: a drive made there is a whole drive, and nothing goes behind the service's back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from storage.models import Backend, Drive, Item
from storage.permissions import Permission, allowed
from storage.services import drives
from tests.storage.tree import NOW, Place, grant, person, user_id

pytestmark = pytest.mark.django_db


def signed_in(actor: str) -> Client:
    user = get_user_model().objects.get(pk=actor.partition(":")[2])
    user.is_staff = True
    user.save()
    client = Client()
    client.force_login(user)
    return client


def test_a_drive_made_in_the_admin_has_root_and_owner() -> None:
    admin = person("admin")
    grant(admin, "admin", "organization:default")
    backend = Backend.objects.create(name="b", driver="memory")
    answer = signed_in(admin).post(
        reverse("admin:storage_drive_add"), {"name": "Team", "backend": backend.pk, "prefix": "", "quota_bytes": "5"}
    )
    assert answer.status_code == 302
    drive = Drive.objects.get()
    assert (drive.name, drive.quota_bytes, drive.created_by_id) == ("Team", 5, user_id(admin))
    assert Item.objects.get().id == drive.id
    assert Permission.SHARE in allowed(admin, [Permission.SHARE], [drive])[drive.id]


def test_staff_without_the_permission_makes_no_drive() -> None:
    backend = Backend.objects.create(name="b", driver="memory")
    answer = signed_in(person()).post(
        reverse("admin:storage_drive_add"), {"name": "Team", "backend": backend.pk, "prefix": "", "quota_bytes": ""}
    )
    assert answer.status_code == 403
    assert not Drive.objects.exists()


def test_only_quota_and_archiving_change_later() -> None:
    place = Place.make()
    client = signed_in(place.admin)
    url = reverse("admin:storage_drive_change", args=[place.drive.pk])
    assert client.get(url).status_code == 200
    assert (
        client.post(url, {"name": "Other", "quota_bytes": "7", "archived": "on", "used_bytes": "1"}).status_code == 302
    )
    drive = Drive.objects.get()
    assert (drive.name, drive.quota_bytes, drive.used_bytes) == (place.drive.name, 7, 0)
    assert drive.archived_at is not None
    assert drive.updated_at > place.drive.updated_at
    assert "checked" in client.get(url).content.decode()
    assert client.post(url, {"quota_bytes": ""}).status_code == 302
    assert list(Drive.objects.values_list("quota_bytes", "archived_at")) == [(None, None)]


def test_a_refusal_of_the_service_is_an_error_of_the_form() -> None:
    place = Place.make()
    place.file("a.txt", content=b"12345")
    answer = signed_in(place.admin).post(
        reverse("admin:storage_drive_change", args=[place.drive.pk]), {"quota_bytes": "4"}
    )
    assert answer.status_code == 200
    assert "holds more than that" in answer.content.decode()
    assert Drive.objects.get().quota_bytes is None


def test_a_backend_is_made_and_changed_until_a_drive_uses_it(tmp_path: Path) -> None:
    admin = person("admin")
    grant(admin, "admin", "organization:default")
    client = signed_in(admin)
    values = {"name": "disk", "driver": "local", "config": "{}", "writable": "on"}
    answer = client.post(reverse("admin:storage_backend_add"), values)
    assert "A local backend needs" in answer.content.decode()
    values["config"] = json.dumps({"root": str(tmp_path / "one")})
    assert client.post(reverse("admin:storage_backend_add"), values).status_code == 302
    row = Backend.objects.get()
    url = reverse("admin:storage_backend_change", args=[row.pk])
    values["config"] = json.dumps({"root": str(tmp_path / "two")})
    assert client.post(url, values).status_code == 302
    drives.create(admin, None, "Team", backend_id=row.pk, now=NOW)
    page = client.get(url).content.decode()
    assert 'name="config"' not in page
    assert str(tmp_path / "two") in page
    assert row.pk in page.replace(url, "")
    assert client.post(url, {"name": "old disk", "driver": "memory", "config": "{}"}).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.driver, row.config) == ("old disk", "local", {"root": str(tmp_path / "two")})
    assert not row.writable
    assert client.post(reverse("admin:storage_backend_delete", args=[row.pk]), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("model", ["item", "upload"])
def test_the_rest_is_only_shown(model: str) -> None:
    place = Place.make()
    file = place.file("a.txt")
    client = signed_in(place.admin)
    assert client.get(reverse(f"admin:storage_{model}_changelist")).status_code == 200
    assert client.get(reverse(f"admin:storage_{model}_add")).status_code == 403
    if model == "item":
        assert client.post(reverse("admin:storage_item_delete", args=[file.pk]), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize(
    "lookup",
    [
        "item/?created_by__password__startswith=p",
        "upload/?staging_key__startswith=0",
        "upload/?created_by__password__startswith=p",
        "drive/?created_by__password__gt=a",
        "backend/?config__contains=secret",
    ],
)
def test_no_column_is_read_through_the_address_of_a_list(lookup: str) -> None:
    assert signed_in(Place.make().admin).get(f"/admin/storage/{lookup}").status_code == 400


def test_the_lists_own_filters_work() -> None:
    place = Place.make()
    drives.create(place.admin, None, "Another", backend_id=place.drive.backend_id, now=NOW)
    client = signed_in(place.admin)
    for name, link in (
        ("item", f"?drive__id__exact={place.drive.pk}"),
        ("item", "?kind__exact=file"),
        ("upload", "?state__exact=open"),
    ):
        assert link in client.get(f"/admin/storage/{name}/").content.decode()
        assert client.get(f"/admin/storage/{name}/{link}").status_code == 200, link
