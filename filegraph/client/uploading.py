"""Sending many files: hash, begin in batches, PUT in parallel, finalize in batches. Knows no paths of destinations.

Two batches are under way at a time, so that requests for one overlap with the bytes of the other.
"""

from __future__ import annotations

import mimetypes
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filegraph.client import operations
from filegraph.client.errand import Errand
from filegraph.client.errors import CommandError
from filegraph.client.graphql_client import MAX_BATCH, UserError, user_errors
from filegraph.client.hashing import sha256_of
from filegraph.client.nodes import RemoteFile, RemoteItem
from filegraph.client.outcome import TAKEN, OnConflict
from filegraph.client.wire import PutTarget

_LANES = 2
_PAUSES = (0.5, 2.0, 5.0)


@dataclass(slots=True)
class UploadJob:
    """A file to send. ``present`` is what the target folder has under that name already."""

    path: Path
    label: str
    parent_id: str
    name: str
    size: int
    present: RemoteItem | None = None
    sha256: str = ""
    upload_id: str = ""
    target: PutTarget | None = None
    key: str = field(default_factory=lambda: uuid.uuid4().hex)


class Uploader:
    """Sends the files of an errand."""

    def __init__(self, errand: Errand) -> None:
        self._errand = errand
        self._client = errand.client

    def run(self, work: Sequence[UploadJob]) -> None:
        """Send everything. A failing item is counted; what concerns all (signed out, no server) is raised."""
        self._errand.expect(job.size for job in work)
        with (
            ThreadPoolExecutor(self._errand.jobs) as carriers,
            ThreadPoolExecutor(_LANES) as lanes,
            self._errand.ending(lanes, carriers),
        ):
            for result in [lanes.submit(self._run_batch, batch, carriers) for batch in _batches(work)]:
                result.result()

    def _run_batch(self, batch: Sequence[UploadJob], carriers: Executor) -> None:
        wanted = self._each(self._prepare, batch, carriers)
        begun = self._begin(wanted) if wanted else []
        arrived = self._each(self._send, begun, carriers)
        if arrived:
            self._finalize(arrived)

    def _each(
        self, step: Callable[[UploadJob], bool], jobs: Sequence[UploadJob], carriers: Executor
    ) -> list[UploadJob]:
        """Run ``step`` for all at once; the jobs that go on."""
        results = [carriers.submit(self._guarded, step, job) for job in jobs]
        # Not ``concurrent.futures.wait``: it never hears of what ``run`` cancels before it begins.
        return [job for job, result in zip(jobs, results, strict=True) if result.result()]

    def _guarded(self, step: Callable[[UploadJob], bool], job: UploadJob) -> bool:
        if self._errand.is_stopping:
            return False
        try:
            return step(job)
        except CommandError as error:
            self._errand.fail(job.label, error.message)
        except OSError as error:
            self._errand.fail(job.label, error.strerror or "cannot be read")
        return False

    def _prepare(self, job: UploadJob) -> bool:
        """Hash the file and decide whether it has to be sent at all."""
        if job.present is not None and self._errand.on_conflict is OnConflict.SKIP:
            return self._skip(job)
        job.sha256, job.size = sha256_of(job.path)
        present = job.present
        if isinstance(present, RemoteFile) and (present.sha256, present.size) == (job.sha256, job.size):
            return self._skip(job)
        return True

    def _send(self, job: UploadJob) -> bool:
        if job.target is None:  # The server has these bytes already.
            self._errand.advance(job.size)
            return True
        try:
            self._errand.carrier.put(job.target, job.path, job.size, self._errand.advance)
        except (CommandError, OSError):
            self._abort(job)
            raise
        return True

    def _begin(self, jobs: Sequence[UploadJob]) -> list[UploadJob]:
        begun: list[UploadJob] = []
        for job, result in self._settled(operations.BEGIN_UPLOADS, jobs, self._begin_input):
            upload = result.get("upload")
            if upload is None:
                self._errand.fail(job.label, "the server began no upload.")
                continue
            job.upload_id, job.target = upload["id"], _target(upload.get("transport"))
            begun.append(job)
        return begun

    def _finalize(self, jobs: Sequence[UploadJob]) -> None:
        finals = self._settled(
            operations.FINALIZE_UPLOADS, jobs, lambda job: {"uploadId": job.upload_id, "sha256": job.sha256}
        )
        for job, _ in finals:
            self._errand.finish(job.size)

    def _settled(
        self, document: str, jobs: Sequence[UploadJob], describe: Callable[[UploadJob], dict[str, Any]]
    ) -> list[tuple[UploadJob, dict[str, Any]]]:
        """Ask for all jobs at once; those refused for a passing reason are asked again, others fail."""
        settled: list[tuple[UploadJob, dict[str, Any]]] = []
        for pause in (*_PAUSES, None):
            results = self._client.results(document, "uploads", [describe(job) for job in jobs])
            again: list[UploadJob] = []
            reason = ""
            for job, result in zip(jobs, results, strict=True):
                errors = user_errors(result)
                if not errors:
                    settled.append((job, result))
                elif errors[0].retryable and pause is not None:
                    again.append(job)
                    reason = errors[0].message
                else:
                    self._refused(job, errors[0])
            if not again or pause is None:
                break
            self._client.patience.wait(pause, reason)
            jobs = again
        return settled

    def _refused(self, job: UploadJob, error: UserError) -> None:
        if error.code == "NAME_TAKEN" and self._errand.on_conflict is OnConflict.SKIP:
            self._skip(job)
        elif error.code == "NAME_TAKEN":
            self._errand.fail(job.label, f"It {TAKEN}")
        else:
            self._errand.fail(job.label, error.message)

    def _begin_input(self, job: UploadJob) -> dict[str, Any]:
        policy = OnConflict.FAIL if self._errand.on_conflict is OnConflict.SKIP else self._errand.on_conflict
        described = {
            "parentId": job.parent_id,
            "name": job.name,
            "size": str(job.size),
            "sha256": job.sha256,
            "onConflict": policy.name,
            "idempotencyKey": job.key,
        }
        guessed = mimetypes.guess_type(job.name)[0]
        return described | ({"contentType": guessed} if guessed else {})

    def _abort(self, job: UploadJob) -> None:
        """Give the reserved room back; if that fails too, the upload expires by itself."""
        try:
            self._client.batch(operations.ABORT_UPLOAD, {"uploadId": job.upload_id}, repeatable=False)
        except CommandError:
            return

    def _skip(self, job: UploadJob) -> bool:
        self._errand.skip(job.size)
        return False


def _batches(work: Sequence[UploadJob]) -> Iterator[Sequence[UploadJob]]:
    for start in range(0, len(work), MAX_BATCH):
        yield work[start : start + MAX_BATCH]


def _target(transport: dict[str, Any] | None) -> PutTarget | None:
    """None when the server has the bytes. Raises ``CommandError`` for a transport this program does not know."""
    kind = (transport or {}).get("__typename")
    if transport is not None and kind == "SinglePut":
        headers = tuple((header["name"], header["value"]) for header in transport["headers"])
        return PutTarget(transport["url"], transport["method"], headers)
    if kind == "AlreadyThere":
        return None
    raise CommandError(f"the server asks for the unknown transport {kind!r}.")
