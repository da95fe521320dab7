import pytest
from django.db import IntegrityError

from accounts.errors import InvalidName
from accounts.models import User
from authz.services import relationships
from authz.types import TupleKey


@pytest.mark.django_db
def test_a_username_is_found_whatever_its_case_or_width() -> None:
    user = User.objects.create_user("Ann", "correct horse battery")
    assert User.objects.get_by_natural_key("aNN") == user
    assert User.objects.get_by_natural_key("\uff21nn") == user
    assert len(user.pk) == 26


@pytest.mark.django_db
def test_two_usernames_that_compare_equal_cannot_both_exist() -> None:
    User.objects.create_user("Ann", None)
    with pytest.raises(IntegrityError):
        User.objects.create_user("ANN", None)


def test_no_column_makes_anybody_powerful() -> None:
    columns = {field.name for field in User._meta.get_fields()}
    assert columns.isdisjoint({"is_superuser", "groups", "user_permissions"})
    assert not hasattr(User.objects, "create_superuser")


@pytest.mark.django_db
def test_rights_in_the_admin_pages_come_from_authz_alone() -> None:
    staff = User.objects.create_user("Ann", None, is_staff=True)
    assert not staff.has_perm("storage.view_drive")
    assert not staff.has_module_perms("storage")
    relationships.write(writes=[TupleKey(f"user:{staff.pk}", "admin", "organization:default")])
    assert staff.has_perms(["storage.view_drive", "storage.add_drive"])
    assert staff.has_module_perms("storage")
    staff.is_active = False
    assert not staff.has_perm("storage.view_drive")


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a#b", "a/b", "a\u202eb", "a\x00b", "x" * 151, "*"])
def test_a_username_with_a_meaning_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(InvalidName):
        User.objects.create_user(name, None)
