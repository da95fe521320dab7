"""The pages of authz show rows to administrators, and change none."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from authz.services import relationships
from authz.types import ORGANIZATION, Actor, TupleKey

pytestmark = pytest.mark.django_db

PAGES = ("relationshiptuple", "authorizationmodelversion", "modelactivation", "auditentry")


@pytest.fixture
def root(client: Client) -> User:
    user = User.objects.create_user("root", "correct horse battery", is_staff=True)
    relationships.write(writes=[TupleKey(f"user:{user.pk}", "admin", ORGANIZATION)])
    assert client.login(username="root", password="correct horse battery")
    return user


@pytest.mark.parametrize("page", PAGES)
def test_pages_are_to_be_looked_at(root: User, client: Client, page: str) -> None:
    assert client.get(f"/admin/authz/{page}/").status_code == 200
    assert client.get(f"/admin/authz/{page}/add/").status_code == 403
    relationships.write(deletes=[TupleKey(f"user:{root.pk}", "admin", ORGANIZATION)])
    assert client.get(f"/admin/authz/{page}/").status_code == 403


def test_the_audit_is_searched_by_whole_names(root: User, client: Client) -> None:
    relationships.write(actor=Actor("user:ada"), writes=[TupleKey("user:bob", "viewer", "file:plan")])
    for name, shown in (
        ("user:ada", True),
        ("user:bob", True),
        ("user:eve", False),
        ("user:a", False),
        ("USER:ADA", False),
        ("file:plan", True),
        ("folder:plan", False),
        ("plan", False),
    ):
        page = client.get("/admin/authz/auditentry/", {"q": name}).content.decode()
        assert ("user:bob" in page.partition('id="changelist-form"')[2]) is shown, name
