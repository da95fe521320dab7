"""The state machine of uploads, driven at random: after every step all invariants hold, and what was acknowledged is
readable, byte for byte, until somebody deletes it."""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule, run_state_machine_as_test

from storage.errors import StorageError
from storage.models import ConflictPolicy, Item, NodeKind, NodeRef, Tombstone, Upload, UploadState
from storage.services import trash, uploads
from storage.services.uploads import SinglePut, StartedUpload, receive
from tests.components.uploads import World, given, make_world, sha256

FULL = os.environ.get("FILEGRAPH_TEST_SIZE") == "full"
DATA = st.sampled_from([b"", b"one", b"two", b"three" * 100])
NAMES = st.sampled_from(["a.txt", "b.txt", "\u00e9", "e\u0301"])
WHO = st.sampled_from(["olga", "ed", "up"])


class Uploads(RuleBasedStateMachine):
    begun = Bundle("begun")
    arriving = Bundle("arriving")

    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.world: World = make_world("", driver="memory", quota=2000)
        self.folder = self.world.folder()
        self.acknowledged: dict[str, bytes] = {}
        self.sent: dict[str, bytes] = {}

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undo.__exit__(None, None, None)

    @rule(
        target=begun,
        who=WHO,
        name=NAMES,
        data=DATA,
        policy=st.sampled_from(ConflictPolicy),
        declared=st.booleans(),
        key=st.none() | st.sampled_from(["k1", "k2"]),
        below=st.booleans(),
    )
    def begin(self, who: str, name: str, data: bytes, declared: bool, below: bool, **more: Any) -> Any:
        policy, key = more["policy"], more["key"]
        try:
            started = self.world.begin(
                who,
                name,
                data,
                on_conflict=policy,
                sha256=sha256(data) if declared else "",
                idempotency_key=key,
                parent_id=self.folder.id if below else self.world.drive.id,
            )
        except StorageError:
            return multiple()
        self.sent.setdefault(started.upload.id, data)
        return (who, started)

    @rule(target=arriving, begun=begun, wrong=st.sampled_from([None, None, None, b"wrong", b"eno"]))
    def start(self, begun: tuple[str, StartedUpload], wrong: bytes | None) -> Any:
        _, started = begun
        if not isinstance(started.transport, SinglePut):
            return multiple()
        try:
            arriving = self.world.start(started, content_length=None)
        except StorageError:
            return multiple()
        data = self.sent[started.upload.id] if wrong is None else wrong
        arriving.writer.write(data)
        return (arriving, data)

    @rule(arriving=arriving)
    def finish(self, arriving: tuple[receive.Receiving, bytes]) -> None:
        one, data = arriving
        before = Upload.objects.filter(id=one.upload_id).first()
        try:
            self.world.finish(one, data)
        except StorageError:
            return
        assert before is not None
        assert (before.state, before.attempt) == (UploadState.RECEIVING, one.attempt)
        self.sent[one.upload_id] = data

    @rule(arriving=arriving)
    def interrupt(self, arriving: tuple[receive.Receiving, bytes]) -> None:
        receive.interrupt(arriving[0], now=self.world.now)

    @rule(begun=begun, wrong=st.sampled_from([False, False, False, True]))
    def finalize(self, begun: tuple[str, StartedUpload], wrong: bool) -> None:
        who, started = begun
        try:
            answer = self.world.finalize(who, started, "f" * 64 if wrong else "")
        except StorageError:
            return
        assert not wrong
        assert answer.upload.state == UploadState.READY
        assert (who == "up") == (answer.file is None) or Item.objects.filter(trash__isnull=False).exists()
        file = Item.objects.filter(id=answer.upload.file_id).first()
        if file is not None and Upload.objects.get(id=started.upload.id).finished_at == self.world.now:
            self.acknowledged[file.id] = self.sent[started.upload.id]

    @rule(begun=begun)
    def abort(self, begun: tuple[str, StartedUpload]) -> None:
        who, started = begun
        try:
            upload = uploads.abort(self.world.actor(who), started.upload.id, now=self.world.now)
        except StorageError:
            return
        assert upload.state in (UploadState.ABORTED, UploadState.EXPIRED, UploadState.FAILED)

    @rule(hours=st.sampled_from([1, 5, 13, 25]))
    def pass_time(self, hours: int) -> None:
        self.world.pass_time(hours=hours)

    @rule()
    def sweep(self) -> None:
        self.world.sweep()
        live = Upload.objects.filter(state__in=["open", "receiving", "verifying"], expires_at__lte=self.world.now)
        assert not live.exists()
        assert not Tombstone.objects.filter(delete_after__lte=self.world.now).exists()

    @rule(data=st.data())
    def purge(self, data: st.DataObject) -> None:
        ids = sorted(Item.objects.filter(drive=self.world.drive, kind="file").values_list("id", flat=True))
        if not ids:
            return
        file_id = ids[data.draw(st.integers(0, len(ids) - 1))]
        reference = [NodeRef(NodeKind.FILE, file_id)]
        olga = self.world.actor("olga")
        given(trash.trash(olga, olga.partition(":")[2], reference, now=self.world.now)[0])
        given(trash.purge(olga, reference, now=self.world.now)[0])
        self.acknowledged.pop(file_id, None)

    @invariant()
    def nothing_is_lost_and_nothing_is_a_lie(self) -> None:
        self.world.check()
        for file_id, data in self.acknowledged.items():
            file = Item.objects.get(id=file_id)
            assert self.world.read("olga", file) == data
        for upload in Upload.objects.filter(drive=self.world.drive, state=UploadState.READY):
            assert upload.received_size == upload.declared_size


@pytest.mark.django_db
def test_uploads_in_any_order() -> None:
    run_state_machine_as_test(
        Uploads,
        settings=settings(
            max_examples=1000 if FULL else 8,
            stateful_step_count=50 if FULL else 20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
