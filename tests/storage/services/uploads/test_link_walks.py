"""Direct uploads, driven at random with links that outlive them: at no moment does the store hold more than the quota.

What was a file and was purged is not counted: its bytes stay for the grace period beside the quota, in every store, and
as long its link may bring them again.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from pytest_django.fixtures import Settings

from storage.errors import StorageError
from storage.models import Blob, ConflictPolicy, Item, NodeKind, NodeRef, Tombstone, Upload, UploadState
from storage.services import trash, uploads
from storage.services.uploads import PresignedPut, StartedUpload, states
from storage.services.uploads.states import LINK_MARGIN
from tests.components.linked_store import DRIVER, Put, Refused, begin_put, make_linked_world, send
from tests.components.uploads import World, given, sha256

FULL = os.environ.get("FILEGRAPH_TEST_SIZE") == "full"
QUOTA = 100
DATA = st.sampled_from([b"", b"x" * 30, b"y" * 60, b"z" * 90])


class Links(RuleBasedStateMachine):
    begun = Bundle("begun")
    arriving = Bundle("arriving")

    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.world: World = make_linked_world(QUOTA)
        self.folders = 0
        self.place = self.world.folder("folder-0")
        self.files: dict[str, str] = {}
        """Of each upload that became a file: its key, and that file. A second copy is one too, without a blob."""
        self.behind = timedelta(0)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undo.__exit__(None, None, None)

    @initialize(minutes=st.sampled_from([0, 15, -10]))
    def set_clock_of_store(self, minutes: int) -> None:
        self.behind = timedelta(minutes=minutes)

    @rule(target=begun, data=DATA, key=st.none() | st.sampled_from(["k1", "k2"]), below=st.booleans())
    def begin(self, data: bytes, key: str | None, below: bool) -> Any:
        try:
            started = self.world.begin(
                "ed",
                "a.txt",
                data,
                sha256=sha256(data),
                on_conflict=ConflictPolicy.RENAME,
                idempotency_key=key,
                parent_id=self.place.id if below else self.world.drive.id,
            )
        except StorageError:
            return multiple()
        return (started, data)

    @rule(target=begun, begun=begun)
    def take_another_link(self, begun: tuple[StartedUpload, bytes]) -> Any:
        started, data = begun
        ed = self.world.actor("ed")
        found = uploads.get_many(ed, [started.upload.id])
        plan = uploads.transports(ed, list(found.values()), now=self.world.now).get(started.upload.id)
        return (StartedUpload(started.upload, plan), data) if isinstance(plan, PresignedPut) else multiple()

    @rule(begun=begun)
    def send(self, begun: tuple[StartedUpload, bytes]) -> None:
        started, data = begun
        if isinstance(started.transport, PresignedPut):
            send(self.world, started.transport, data, behind=self.behind)

    @rule(target=arriving, begun=begun)
    def start(self, begun: tuple[StartedUpload, bytes]) -> Any:
        started, data = begun
        if not isinstance(started.transport, PresignedPut):
            return multiple()
        try:
            return (begin_put(self.world, started.transport, data, behind=self.behind), started.transport)
        except Refused:
            return multiple()

    @rule(arriving=arriving)
    def finish(self, arriving: tuple[Put, PresignedPut]) -> None:
        put, plan = arriving
        # One that takes longer than that is a thing of its own: it is found, but later.
        if self.world.now < plan.expires_at + LINK_MARGIN:
            try:
                put.finish()
            except Refused:
                return

    @rule(begun=begun, wrong=st.sampled_from([False, False, True]))
    def finalize(self, begun: tuple[StartedUpload, bytes], wrong: bool) -> None:
        try:
            answer = self.world.finalize("ed", begun[0], "f" * 64 if wrong else "")
        except StorageError:
            return
        assert not wrong
        assert answer.upload.state == UploadState.READY

    @rule(begun=begun)
    def abort(self, begun: tuple[StartedUpload, bytes]) -> None:
        try:
            uploads.abort(self.world.actor("ed"), begun[0].upload.id, now=self.world.now)
        except StorageError:
            return

    @rule(data=DATA, end=st.sampled_from(["abort", "fail", "purge", "expire"]))
    def attack(self, data: bytes, end: str) -> None:
        """What the rules above and below do one by one: begin, end, and send all the same."""
        begun = self.begin(data, None, end == "purge")
        if not isinstance(begun, tuple):
            return
        if end == "abort":
            self.abort(begun)
        elif end == "fail":
            self.send(begun)
            self.finalize(begun, wrong=True)
        elif end == "purge":
            self.purge_folder()
        else:
            # Where she has a file with these bytes already there is no link, and the upload ends.
            plan = begun[0].transport
            self.world.now = plan.expires_at if isinstance(plan, PresignedPut) else begun[0].upload.expires_at
            self.world.sweep()
        self.send(begun)

    @rule(begun=begun)
    def arrive_and_get_lost(self, begun: tuple[StartedUpload, bytes]) -> None:
        """The bytes are found; before they become a file the store loses them, as a restored one would."""
        upload = Upload.objects.filter(id=begun[0].upload.id, state=UploadState.OPEN).select_related("drive").first()
        if upload is not None and self.world.store.exists(states.key_of(upload, upload.drive)):
            upload.received_size, upload.received_sha256 = upload.declared_size, upload.declared_sha256
            upload.received_type = "text/plain"
            assert states.arrive([upload])
            self.world.store.delete(states.key_of(upload, upload.drive))
            with pytest.raises(StorageError):
                self.world.finalize("ed", begun[0])

    @rule(amount=st.sampled_from([{"minutes": 15}, {"hours": 1}, {"hours": 13}, {"hours": 24}]))
    def pass_time(self, amount: dict[str, int]) -> None:
        self.world.pass_time(**amount)

    @rule()
    def sweep(self) -> None:
        self.world.sweep()
        assert not Tombstone.objects.filter(delete_after__lte=self.world.now).exists()

    @rule()
    def purge_folder(self) -> None:
        olga, reference = self.world.actor("olga"), [NodeRef(NodeKind.FOLDER, self.place.id)]
        given(trash.trash(olga, olga.partition(":")[2], reference, now=self.world.now)[0])
        given(trash.purge(olga, reference, now=self.world.now)[0])
        self.folders += 1
        self.place = self.world.folder(f"folder-{self.folders}")

    @invariant()
    def the_store_holds_no_more_than_the_quota(self) -> None:
        ready = Upload.objects.filter(drive=self.world.drive, state=UploadState.READY).select_related("drive")
        self.files |= {states.key_of(upload, upload.drive): upload.file_id for upload in ready}
        standing = set(Item.objects.filter(id__in=self.files.values()).values_list("id", flat=True))
        kept = set(Blob.objects.filter(drive=self.world.drive).values_list("key", flat=True))
        purged = {key for key, file_id in self.files.items() if file_id not in standing} - kept
        store = self.world.store
        assert sum(store.size(key) for key in list(store.keys()) if key not in purged) <= QUOTA

    @invariant()
    def rows_and_store_agree(self) -> None:
        # A lost object is the store's doing; ``arrive_and_get_lost`` ends with the row knowing of it.
        self.world.check()


@pytest.fixture
def linked(settings: Settings) -> None:
    settings.FILEGRAPH_STORAGE_BACKEND_CLASSES = DRIVER


@pytest.mark.django_db
@pytest.mark.usefixtures("linked")
def test_links_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    # What follows a commit: a walk is one transaction, which is taken back at its end.
    monkeypatch.setattr(transaction, "on_commit", lambda function, **_: function())
    run_state_machine_as_test(
        Links,
        settings=settings(
            max_examples=250 if FULL else 20,
            stateful_step_count=60 if FULL else 25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
