import re

import pytest
from django.test import Client
from django.utils import timezone

from accounts.errors import InvalidAccessToken
from accounts.models import User
from accounts.principal import actor_of
from accounts.services import access_tokens, groups, sessions, users
from authz.services import relationships
from authz.types import TupleKey


@pytest.fixture
def admin_pages(administrator: User, password: str, client: Client) -> Client:
    assert client.login(username="root", password=password)
    return client


def test_every_page_shows_and_no_secret_does(administrator: User, admin_pages: Client) -> None:
    groups.create(actor_of(administrator.pk), "Design team")
    principal = sessions.begin(administrator, now=timezone.now()).principal
    created = access_tokens.create(principal, "laptop", expires_in=60, now=timezone.now())
    for page in ("user", "group", "accesstoken"):
        answer = admin_pages.get(f"/admin/accounts/{page}/")
        assert answer.status_code == 200
        assert created.access_token.secret_hash.encode() not in answer.content
        assert admin_pages.get(f"/admin/accounts/{page}/add/").status_code == 403
    detail = admin_pages.get(f"/admin/accounts/user/{administrator.pk}/change/")
    assert administrator.password.encode() not in detail.content


def test_who_is_no_administrator_any_more_sees_nothing(administrator: User, admin_pages: Client) -> None:
    assert admin_pages.get("/admin/accounts/user/").status_code == 200
    relationships.write(deletes=[TupleKey(actor_of(administrator.pk), "admin", "organization:default")])
    assert admin_pages.get("/admin/accounts/user/").status_code == 403


def deactivate(pages: Client, user: User) -> str:
    """Send the form of a person without the tick at "active"; what comes back."""
    answer = pages.post(f"/admin/accounts/user/{user.pk}/change/", {"display_name": "x", "is_staff": "on"})
    return "" if answer.status_code == 302 else answer.content.decode()


def test_somebody_is_deactivated_and_the_last_administrator_is_not(administrator: User, admin_pages: Client) -> None:
    other = users.create(actor_of(administrator.pk), "eve", "correct horse battery", administrator=True)
    assert deactivate(admin_pages, other) == ""
    assert not User.objects.get(pk=other.pk).is_active
    assert "Afterwards nobody could administer this installation" in deactivate(admin_pages, administrator)
    assert User.objects.get(pk=administrator.pk).is_active
    page = f"/admin/accounts/user/{other.pk}/change/"
    assert admin_pages.post(page, {"display_name": "Eve", "is_active": "on"}).status_code == 302
    assert (User.objects.get(pk=other.pk).is_active, User.objects.get(pk=other.pk).display_name) == (True, "Eve")


def test_who_is_active_again_has_to_sign_in_again(administrator: User, admin_pages: Client) -> None:
    eve = users.create(actor_of(administrator.pk), "eve", "correct horse battery", administrator=True)
    hers = Client()
    assert hers.login(username="eve", password="correct horse battery")
    principal = sessions.begin(eve, now=timezone.now()).principal
    secret = access_tokens.create(principal, "laptop", expires_in=60, now=timezone.now()).secret
    assert hers.get("/admin/").status_code == 200
    assert deactivate(admin_pages, eve) == ""
    again = {"display_name": "x", "is_staff": "on", "is_active": "on"}
    assert admin_pages.post(f"/admin/accounts/user/{eve.pk}/change/", again).status_code == 302
    assert hers.get("/admin/").status_code == 302
    with pytest.raises(InvalidAccessToken):
        access_tokens.authenticate(secret, now=timezone.now())
    assert hers.login(username="eve", password="correct horse battery")
    assert hers.get("/admin/").status_code == 200


def test_deactivating_ends_the_session(administrator: User, admin_pages: Client) -> None:
    User.objects.update(is_active=False)
    assert admin_pages.get("/admin/").status_code == 302


@pytest.mark.parametrize(
    "lookup",
    [
        "user/?password__startswith=p",
        "user/?password__gt=a",
        "user/?accesstoken__secret_hash__startswith=0",
        "accesstoken/?secret_hash__startswith=0",
        "accesstoken/?user__password__startswith=p",
        "accesstoken/?user__username=root",
    ],
)
def test_no_column_is_read_through_the_address_of_a_list(admin_pages: Client, lookup: str) -> None:
    assert admin_pages.get(f"/admin/accounts/{lookup}").status_code == 400


def test_the_lists_own_filters_work(admin_pages: Client) -> None:
    page = admin_pages.get("/admin/accounts/user/").content.decode()
    links = set(re.findall(r'href="(\?[a-z_]+=[^"]*)"', page))
    assert {"?is_active__exact=1", "?is_staff__exact=0"} <= links
    for link in links:
        assert admin_pages.get(f"/admin/accounts/user/{link}").status_code == 200, link
