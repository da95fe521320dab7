"""The admin pages: a drive made there is a whole drive, and nothing goes behind the service's back."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from storage.models import Backend, Drive, Item
from storage.permissions import Permission, allowed
from tests.storage.tree import Place, grant, person, user_id

pytestmark = pytest.mark.django_db


def signed_in(actor: str) -> Client:
    user = get_user_model().objects.get(pk=actor.partition(":")[2])
    user.is_staff = user.is_superuser = True
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
    assert answer.status_code == 200
    assert "You may not do this." in answer.content.decode()
    assert not Drive.objects.exists()


def test_only_quota_and_archive_date_change_later() -> None:
    place = Place.make()
    client = signed_in(place.admin)
    url = reverse("admin:storage_drive_change", args=[place.drive.pk])
    assert client.get(url).status_code == 200
    client.post(url, {"name": "Other", "quota_bytes": "7", "archived_at_0": "", "archived_at_1": "", "used_bytes": "1"})
    drive = Drive.objects.get()
    assert (drive.name, drive.quota_bytes, drive.used_bytes) == (place.drive.name, 7, 0)


@pytest.mark.parametrize("model", ["item", "upload"])
def test_the_rest_is_only_shown(model: str) -> None:
    place = Place.make()
    file = place.file("a.txt")
    client = signed_in(place.admin)
    assert client.get(reverse(f"admin:storage_{model}_changelist")).status_code == 200
    assert client.get(reverse(f"admin:storage_{model}_add")).status_code == 403
    if model == "item":
        assert client.post(reverse("admin:storage_item_delete", args=[file.pk]), {"post": "yes"}).status_code == 403
