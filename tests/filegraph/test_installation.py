import pytest

from filegraph.installation import DEFAULT_STORE, prepare, unapplied_migrations
from filegraph.probes import ALL
from storage.models import Backend


@pytest.mark.django_db
def test_preparing_twice_is_preparing_once() -> None:
    assert unapplied_migrations() == 0
    first = prepare()
    assert prepare() == []
    assert len(first) == 1
    assert Backend.objects.get().name == DEFAULT_STORE


@pytest.mark.django_db
def test_the_probes_of_a_prepared_installation_pass() -> None:
    prepare()
    for probe in ALL.values():
        probe()
