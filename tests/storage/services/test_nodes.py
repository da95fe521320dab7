"""What holds still while somebody changes the tree: whoever loses the right meanwhile has changed nothing after it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction

import accounts.permissions
import storage.permissions
from accounts.permissions import remove_group_member
from accounts.services import groups, users
from authz.services import relationships
from authz.types import SYSTEM, Actor, TupleKey
from storage.errors import NotFound, PermissionDenied
from storage.models import Item
from storage.permissions import Role
from storage.services import drives, folders, items, sharing, trash
from storage.services import relationships as edited
from tests.storage.tree import NOW, Place, grant, name_of, person, ref, user_id

pytestmark = pytest.mark.django_db(transaction=True)
NEEDS = storage.permissions.NEEDS.joined(accounts.permissions.NEEDS)


class Scene:
    """A drive that ``max`` owns as a member of a group, an installation that she administers as one too."""

    def __init__(self) -> None:
        self.place = Place.make()
        self.max, self.eve = person("max"), person("eve")
        grant(self.max, "member", "group:g")
        grant("group:g#member", "owner", self.place.drive)
        grant("group:g#member", "admin", "organization:default")
        grant(self.eve, "viewer", self.place.drive)
        self.target, self.item = self.place.folder("target"), self.place.folder("item")
        self.trashed = self.place.folder("trashed")
        trash.trash(self.place.owner, None, [ref(self.trashed)], now=NOW)


def _raised(results: list[object]) -> None:
    (result,) = results
    if isinstance(result, Exception):
        raise result


MUTATIONS: Mapping[str, Callable[[Scene], object]] = {
    "share": lambda s: sharing.share(s.max, ref(s.place.drive), s.eve, Role.OWNER),
    "unshare": lambda s: sharing.unshare(s.max, ref(s.place.drive), s.eve),
    "rename": lambda s: items.rename(s.max, ref(s.item), "other", now=NOW),
    "move": lambda s: items.move(s.max, None, ref(s.item), ref(s.target), now=NOW),
    "trash": lambda s: _raised([*trash.trash(s.max, None, [ref(s.item)], now=NOW)]),
    "restore": lambda s: _raised([*trash.restore(s.max, [ref(s.trashed)], now=NOW)]),
    "purge": lambda s: _raised([*trash.purge(s.max, [ref(s.trashed)], now=NOW)]),
    "create folder": lambda s: folders.create(s.max, None, ref(s.place.drive), "new", now=NOW),
    "create drive": lambda s: drives.create(s.max, None, "new", backend_id=s.place.drive.backend_id, now=NOW),
    "change drive": lambda s: drives.change(s.max, s.place.drive.id, quota_bytes=7, archived=False, now=NOW),
}


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture(params=MUTATIONS)
def mutation(request: pytest.FixtureRequest) -> Callable[[Scene], object]:
    return MUTATIONS[request.param]


def _close(person: Actor) -> None:
    get_user_model().objects.filter(pk=user_id(person)).update(is_active=False)


def _end_membership(person: Actor) -> None:
    remove_group_member(SYSTEM, "g", person)


@pytest.fixture(params=[_close, _end_membership])
def shut_out(request: pytest.FixtureRequest) -> Callable[[Actor], None]:
    """A way to take every right from somebody that holds no drive."""
    way: Callable[[Actor], None] = request.param
    return way


def _in_background(work: Callable[[], object]) -> threading.Thread:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    return threading.Thread(target=run)


@contextmanager
def _before_the_first_change(rival: threading.Thread) -> Iterator[list[bool]]:
    """Start ``rival`` where the block begins to write; the list then says whether it had to wait."""
    waited: list[bool] = []

    def watch(execute: Callable[..., object], sql: str, *more: object) -> object:
        if sql.startswith(("INSERT", "UPDATE", "DELETE")) and not waited:
            rival.start()
            rival.join(0.3)
            waited.append(rival.is_alive())
        return execute(sql, *more)

    with connection.execute_wrapper(watch):
        yield waited


def test_a_right_that_was_asked_for_lasts_until_the_commit(
    scene: Scene, mutation: Callable[[Scene], object], shut_out: Callable[[Actor], None]
) -> None:
    rival = _in_background(lambda: shut_out(scene.max))
    with _before_the_first_change(rival) as waited:
        mutation(scene)
    rival.join()
    assert waited == [True]
    with pytest.raises((NotFound, PermissionDenied)):
        mutation(scene)


def test_who_was_let_in_and_is_shut_out_while_she_waits_changes_nothing(
    scene: Scene, mutation: Callable[[Scene], object], shut_out: Callable[[Actor], None]
) -> None:
    shut_out(scene.max)
    before = list(Item.objects.order_by("id").values()), relationships.read_all()
    with pytest.raises((NotFound, PermissionDenied)):
        mutation(scene)
    assert (list(Item.objects.order_by("id").values()), relationships.read_all()) == before


@pytest.mark.postgresql
def test_who_is_being_shut_out_is_waited_for(
    scene: Scene, mutation: Callable[[Scene], object], shut_out: Callable[[Actor], None]
) -> None:
    begun, refused = threading.Event(), []

    def change() -> None:
        begun.set()
        try:
            mutation(scene)
        except (NotFound, PermissionDenied) as error:
            refused.append(error)

    rival = _in_background(change)
    with transaction.atomic():
        shut_out(scene.max)
        rival.start()
        begun.wait(10)
        rival.join(0.3)
        assert rival.is_alive()
    rival.join()
    assert len(refused) == 1


@pytest.mark.postgresql
def test_those_who_only_change_things_do_not_wait_for_each_other(scene: Scene) -> None:
    """Their drives are others, and nothing else of theirs is the same. SQLite has one writer."""
    other = Place.make()
    rival = _in_background(lambda: other.folder("new"))
    with _before_the_first_change(rival) as waited:
        scene.place.folder("new")
    rival.join()
    assert waited == [False]


def test_nobody_waits_in_a_circle(scene: Scene) -> None:
    """Those who change things, and those who take rights away, at once and again: each comes to an end."""
    failures: list[BaseException] = []
    admin, owner, drive = scene.place.admin, scene.place.owner, scene.place.drive
    group = groups.create(admin, "Design team")

    def again(work: Callable[[int], object]) -> threading.Thread:
        def run() -> None:
            for n in range(8):
                try:
                    work(n)
                except (NotFound, PermissionDenied):
                    pass
                except BaseException as error:
                    failures.append(error)

        return _in_background(run)

    def join_and_leave(_: int) -> None:
        relationships.write(writes=[TupleKey(scene.max, "member", "group:g")], on_duplicate="ignore")
        remove_group_member(SYSTEM, "g", scene.max)
        groups.add_member(admin, group.pk, user_id(scene.eve))
        groups.remove_member(admin, group.pk, user_id(scene.eve))

    def edit(_: int) -> None:
        second = [TupleKey(scene.max, "owner", name_of(drive))]
        edited.write(admin, writes=second, deletes=[], needs=NEEDS)
        edited.write(admin, writes=[], deletes=second, needs=NEEDS)

    def make_and_close_an_account(n: int) -> None:
        made = users.create(admin, f"made{n}", "correct horse battery", administrator=True)
        users.deactivate(admin, made.pk, now=NOW)

    def share_and_unshare(_: int) -> None:
        sharing.share(owner, ref(drive), scene.eve, Role.EDITOR)
        sharing.unshare(owner, ref(drive), scene.eve)

    def close_and_open(n: int) -> None:
        get_user_model().objects.filter(pk=user_id(scene.max)).update(is_active=bool(n % 2))

    works: list[Callable[[int], object]] = [
        lambda n: folders.create(scene.max, user_id(scene.max), ref(drive), f"max {n}", now=NOW),
        lambda n: folders.create(owner, user_id(owner), ref(drive), f"owner {n}", now=NOW),
        share_and_unshare,
        join_and_leave,
        edit,
        make_and_close_an_account,
        close_and_open,
    ]
    threads = [again(work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
