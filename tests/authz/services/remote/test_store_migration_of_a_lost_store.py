"""A server that has lost the store is filled again, and whoever still knows the old one answers nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.db import transaction

from authz.clients.base import InstallationClient
from authz.clients.openfga.calls import Deadline
from authz.clients.openfga.delivery import Courier
from authz.clients.openfga.remote import Remote
from authz.clients.sql.structure import NO_STRUCTURE
from authz.errors import AuthorizationUnavailable
from authz.models import Delivery, RemoteStore, TupleChange
from authz.services import client, decisions, relationships, remote_engine
from authz.services.remote import reconciliation, store_migration
from authz.services.remote.store_migration import Progress
from authz.services.remote_engine import StoreGone, Unready, Unusable
from authz.types import CheckRequest, TupleKey
from tests.authz.services.remote.migrating import Killed, grants, record, write
from tests.components.openfga import OpenFGA, openfga, require_openfga
from tests.components.permissions import Installation, forget

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mortal(settings: Any, transactional_db: None) -> Iterator[tuple[Installation, OpenFGA]]:
    """With a server of its own, which has forgotten everything when it was started again."""
    require_openfga()
    with openfga() as server:
        settings.FILEGRAPH_OPENFGA_API_URL = server.api_url
        found = Installation(settings)
        found.choose("embedded")
        yield found, server
        forget()


def lose(server: OpenFGA) -> None:
    server.stop()
    server.start()
    forget()


REVOKED, KEPT, LATER = grants(3)


def lost_with_changes_on_their_way(installation: Installation, server: OpenFGA) -> None:
    """The store is gone, and of a revocation and a grant it was never told."""
    write(grants(250)[:2] + grants(250)[3:])
    store_migration.to_openfga(NO_STRUCTURE)
    installation.choose("openfga")
    server.stop()
    relationships.write(deletes=[REVOKED])
    relationships.write(writes=[LATER])
    assert TupleChange.objects.filter(delivery=Delivery.PENDING).count() == 2
    lose(server)


def asked(tuple_key: TupleKey) -> CheckRequest:
    return CheckRequest(tuple_key.user, tuple_key.relation, tuple_key.object)


def test_a_lost_store_is_missed_and_filled_again(mortal: tuple[Installation, OpenFGA]) -> None:
    installation, server = mortal
    lost_with_changes_on_their_way(installation, server)
    old = RemoteStore.objects.get().store_id
    for ask in (
        remote_engine.require_noted,
        installation.prepare,
        lambda: remote_engine.require_usable(prepared=True),
        lambda: store_migration.to_openfga(NO_STRUCTURE),
    ):
        with pytest.raises(StoreGone, match="--new-store"):
            ask()
    assert not remote_engine.deliver()
    assert store_migration.to_openfga(NO_STRUCTURE, new_store=True).is_clean
    new = RemoteStore.objects.get()
    assert new.is_whole
    assert new.store_id != old
    assert not TupleChange.objects.filter(delivery__gt="").exists()
    assert installation.stored() == record() == set(grants(250)) - {REVOKED}
    forget()
    assert [decisions.check(asked(each)) for each in (REVOKED, KEPT, LATER)] == [False, True, True]
    # Once more: there is nothing left to do, and no third store.
    assert store_migration.to_openfga(NO_STRUCTURE, new_store=True).is_clean
    assert RemoteStore.objects.get().store_id == new.store_id


def test_a_store_that_is_there_is_not_replaced(installation: Installation) -> None:
    write(grants(3))
    store_migration.to_openfga(NO_STRUCTURE)
    noted = RemoteStore.objects.get().store_id
    store_migration.to_openfga(NO_STRUCTURE, new_store=True)
    assert RemoteStore.objects.get().store_id == noted


def test_a_server_that_is_away_has_lost_nothing(mortal: tuple[Installation, OpenFGA]) -> None:
    _, server = mortal
    write(grants(3))
    store_migration.to_openfga(NO_STRUCTURE)
    noted = RemoteStore.objects.get().store_id
    server.stop()
    forget()
    for migrate in (
        lambda: store_migration.to_openfga(NO_STRUCTURE, new_store=True),
        lambda: store_migration.to_embedded(NO_STRUCTURE),
        remote_engine.require_noted,
    ):
        with pytest.raises(Unusable, match="is it running"):
            migrate()
    assert RemoteStore.objects.get().store_id == noted


def test_a_store_that_is_half_filled_answers_nothing(mortal: tuple[Installation, OpenFGA]) -> None:
    """It is filled on, and answers when it has everything."""
    installation, server = mortal
    lost_with_changes_on_their_way(installation, server)

    def killed(count: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        store_migration.to_openfga(NO_STRUCTURE, new_store=True, progress=Progress(step=killed))
    noted = RemoteStore.objects.get()
    assert (noted.is_whole, noted.filled_through > 0) == (False, True)
    forget()
    assert remote_engine.unready() is Unready.ON_THEIR_WAY
    for each in (REVOKED, KEPT):
        with pytest.raises(AuthorizationUnavailable):
            decisions.check(asked(each))
    assert store_migration.to_openfga(NO_STRUCTURE).is_clean
    assert RemoteStore.objects.get().store_id == noted.store_id
    assert [decisions.check(asked(each)) for each in (REVOKED, KEPT)] == [False, True]


def test_a_store_of_the_settings_answers_when_what_was_taken_back_is_out_of_it(
    mortal: tuple[Installation, OpenFGA],
) -> None:
    """It may come from a backup: it holds something of which everybody else knows that it was taken back."""
    installation, server = mortal
    lost_with_changes_on_their_way(installation, server)
    made = httpx.post(f"{server.api_url}/stores", json={"name": "restored"}, trust_env=False).json()["id"]
    installation.settings.FILEGRAPH_OPENFGA_STORE_ID = made
    stages: list[str] = []

    def stage(title: str, total: int | None) -> None:
        stages.append(title)
        if title == "Copying":
            installation.put(REVOKED)
        if title == "Comparing":
            assert REVOKED in installation.stored()
            assert not RemoteStore.objects.get().is_whole

    report = store_migration.to_openfga(NO_STRUCTURE, new_store=True, progress=Progress(stage=stage))
    assert stages == ["Copying", "Delivering", "Comparing"]
    assert report.found[reconciliation.Kind.STALE] == 1
    noted = RemoteStore.objects.get()
    assert (noted.store_id, noted.is_whole) == (made, True)
    assert installation.stored() == record()


def test_a_store_of_the_settings_that_is_not_there_takes_no_place(mortal: tuple[Installation, OpenFGA]) -> None:
    installation, server = mortal
    lost_with_changes_on_their_way(installation, server)
    noted = RemoteStore.objects.get().store_id
    installation.settings.FILEGRAPH_OPENFGA_STORE_ID = noted
    with pytest.raises(Unusable, match="names a store that the OpenFGA server does not have"):
        store_migration.to_openfga(NO_STRUCTURE, new_store=True)
    assert RemoteStore.objects.get().store_id == noted
    assert TupleChange.objects.filter(delivery=Delivery.PENDING).count() == 2


def another_process(installation: Installation) -> tuple[Remote, InstallationClient]:
    """What a process that serves keeps: the store that it asks, and its client."""
    installation.choose("openfga")
    assert decisions.check(asked(KEPT))
    return remote_engine.remote(), client.configured_client()


def test_who_still_knows_a_store_takes_nothing_from_the_one_in_its_place(installation: Installation) -> None:
    """Another process that reaches the old one still: what it delivered there the new one would never hear of."""
    write(grants(3))
    store_migration.to_openfga(NO_STRUCTURE)
    old, _ = another_process(installation)
    with transaction.atomic():
        RemoteStore.objects.update(store_id="01ARZ3NDEKTSV4RRFFQ69G5FAV")
        relationships.write(deletes=[KEPT])
    assert Courier(old, "default").deliver(Deadline())
    assert TupleChange.objects.filter(delivery=Delivery.PENDING).count() == 1
    assert KEPT in old.read_all([{}])[0]


def test_a_process_that_serves_follows_to_the_new_store(mortal: tuple[Installation, OpenFGA]) -> None:
    """Until it has, it answers nothing; nobody has to restart it."""
    installation, server = mortal
    write(grants(3))
    store_migration.to_openfga(NO_STRUCTURE)
    _, before = another_process(installation)
    assert not client.follow_store()
    lose(server)
    store_migration.to_openfga(NO_STRUCTURE, new_store=True)
    with pytest.raises(AuthorizationUnavailable, match="hear of changes"):
        before.check(asked(KEPT))
    assert not client.follow_store()
    assert decisions.check(asked(KEPT))
    kept = remote_engine.remote()
    RemoteStore.objects.update(store_id="01ARZ3NDEKTSV4RRFFQ69G5FAV")
    assert remote_engine.remote() is kept
    assert client.follow_store()
    with pytest.raises(AuthorizationUnavailable, match="does not have the authorization model"):
        remote_engine.remote()


def test_back_to_the_embedded_engine_when_the_store_is_lost(mortal: tuple[Installation, OpenFGA]) -> None:
    installation, server = mortal
    lost_with_changes_on_their_way(installation, server)
    begin = time.monotonic()
    report = store_migration.to_embedded(NO_STRUCTURE)
    assert time.monotonic() - begin < 5
    assert (report.lost, report.is_clean) == (True, True)
    assert not RemoteStore.objects.exists()
    assert not TupleChange.objects.filter(delivery__gt="").exists()
    assert remote_engine.unready() is Unready.ELSEWHERE
    installation.choose("embedded")
    assert [decisions.check(asked(each)) for each in (REVOKED, KEPT, LATER)] == [False, True, True]
    assert store_migration.to_openfga(NO_STRUCTURE).is_clean
    assert installation.stored() == record()
