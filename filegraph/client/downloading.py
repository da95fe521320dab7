"""Fetching many files: links in batches, GETs in parallel, each verified before it gets its name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from filegraph.client import operations
from filegraph.client.errand import Errand
from filegraph.client.errors import CommandError, NotFoundOrDenied
from filegraph.client.graphql_client import MAX_BATCH
from filegraph.client.hashing import sha256_of
from filegraph.client.local_names import part_name
from filegraph.client.nodes import RemoteFile
from filegraph.client.outcome import TAKEN, OnConflict

_RENEWALS = 20
"""New links for one file whose link ended before its bytes were there: how long one lives is the operator's choice."""


@dataclass(slots=True)
class DownloadJob:
    """A file to fetch, and the local name it gets once it is whole."""

    file: RemoteFile
    target: Path
    label: str
    url: str = ""

    @property
    def part(self) -> Path:
        """Where the bytes gather."""
        return self.target.with_name(part_name(self.target.name, self.file.sha256))


class Downloader:
    """Fetches the files of an errand."""

    def __init__(self, errand: Errand) -> None:
        self._errand = errand
        self._client = errand.client

    def run(self, work: Sequence[DownloadJob]) -> None:
        """Fetch everything. A failing item is counted; what concerns all is raised."""
        self._errand.expect(job.file.size for job in work)
        with ThreadPoolExecutor(self._errand.jobs) as pool, self._errand.ending(pool):
            for start in range(0, len(work), MAX_BATCH):
                self._run_batch(work[start : start + MAX_BATCH], pool)

    def _run_batch(self, batch: Sequence[DownloadJob], pool: ThreadPoolExecutor) -> None:
        checks = [pool.submit(self._is_wanted, job) for job in batch]
        wait(checks)
        wanted = [job for job, check in zip(batch, checks, strict=True) if check.result()]
        if not wanted:
            return
        self._link(wanted)
        fetches = [pool.submit(self._fetch, job) for job in wanted]
        wait(fetches)
        for fetch in fetches:
            fetch.result()

    def _link(self, jobs: Sequence[DownloadJob]) -> None:
        """Give every job a fresh link, empty for what may not be downloaded."""
        nodes = self._client.execute(operations.DOWNLOAD_URLS, {"ids": [job.file.id for job in jobs]})["nodes"]
        urls = {node["id"]: node["downloadUrl"]["url"] for node in nodes if node and node.get("downloadUrl")}
        for job in jobs:
            job.url = urls.get(job.file.id, "")

    def _is_wanted(self, job: DownloadJob) -> bool:
        """Decide what a file that is there already means; may change the job's target."""
        try:
            if not os.path.lexists(job.target):
                return True
            if self._errand.on_conflict is OnConflict.SKIP or self._is_same(job):
                self._errand.skip(job.file.size)
                return False
            if job.target.is_dir():
                self._errand.fail(job.label, f"{job.target} is a folder.")
                return False
            if self._errand.on_conflict is OnConflict.FAIL:
                self._errand.fail(job.label, f"{job.target} {TAKEN}")
                return False
        except OSError as error:
            self._errand.fail(job.label, error.strerror or "cannot be read")
            return False
        if self._errand.on_conflict is OnConflict.RENAME:
            job.target = _free_name(job.target)
        return True

    def _is_same(self, job: DownloadJob) -> bool:
        if not job.target.is_file() or job.target.stat().st_size != job.file.size:
            return False
        return sha256_of(job.target)[0] == job.file.sha256

    def _fetch(self, job: DownloadJob) -> None:
        if self._errand.is_stopping:
            return
        try:
            self._get(job)
            os.replace(job.part, job.target)
        except CommandError as error:
            self._errand.fail(job.label, error.message)
        except OSError as error:
            self._errand.fail(job.label, error.strerror or "cannot be written")
        else:
            self._errand.finish(job.file.size)

    def _get(self, job: DownloadJob) -> None:
        """Fetch the part, with another link whenever one ends under way."""
        for left in reversed(range(_RENEWALS + 1)):
            if not job.url:
                raise NotFoundOrDenied("you may not download this.")
            try:
                self._errand.carrier.get(job.url, job.part, job.file.size, job.file.sha256, self._errand.advance)
                return
            except CommandError as error:
                if error.code != "TOKEN_EXPIRED" or not left:
                    raise
            self._link([job])


def _free_name(target: Path) -> Path:
    number = 2
    while os.path.lexists(candidate := target.with_name(f"{target.stem} ({number}){target.suffix}")):
        number += 1
    return candidate
