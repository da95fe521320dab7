import pytest
from django.db import IntegrityError

from accounts.errors import InvalidName
from accounts.models import User


@pytest.mark.django_db
def test_a_username_is_found_whatever_its_case_or_width() -> None:
    user = User.objects.create_user("Ann", "correct horse battery")
    assert User.objects.get_by_natural_key("aNN") == user
    assert User.objects.get_by_natural_key("\uff21nn") == user
    assert user.actor == f"user:{user.pk}"
    assert len(user.pk) == 26


@pytest.mark.django_db
def test_two_usernames_that_compare_equal_cannot_both_exist() -> None:
    User.objects.create_user("Ann", None)
    with pytest.raises(IntegrityError):
        User.objects.create_user("ANN", None)


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a#b", "a/b", "a\u202eb", "a\x00b", "x" * 151, "*"])
def test_a_username_with_a_meaning_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(InvalidName):
        User.objects.create_user(name, None)
