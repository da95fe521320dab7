"""The production stack: the demonstration says the same as on the embedded one, and each part may go and come back."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest

from tests.components.api import become_administrator, get, put, sha256
from tests.components.patient import PatientApi, Sender, patiently
from tests.components.production import PartMissing, Production, production, require_parts
from tests.components.server import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.postgresql, pytest.mark.timeout(600)]

SENDERS = 2
AWAY_SECONDS = 4.0
OUTAGES = {
    "DATABASE_UNAVAILABLE",
    "DATABASE_BUSY",
    "AUTHORIZATION_UNAVAILABLE",
    "BACKEND_UNAVAILABLE",
    "SERVICE_UNAVAILABLE",
}
Act = Callable[[Production], None]

PARTS: dict[str, tuple[Act, Act]] = {
    "PostgreSQL": (lambda stack: stack.database.stop(), lambda stack: stack.database.start()),
    "OpenFGA": (lambda stack: stack.engine.kill(), lambda stack: stack.engine.start()),
    "SeaweedFS": (lambda stack: stack.store.stop(), lambda stack: stack.store.start()),
    "one process": (lambda stack: stack.servers[0].kill(), lambda stack: stack.servers[0].start()),
}


@pytest.fixture(scope="module")
def stack() -> Iterator[Production]:
    _require_parts()
    with production() as running:
        yield running


@pytest.fixture(scope="module")
def ada(stack: Production) -> PatientApi:
    return PatientApi(stack.url, become_administrator(stack.servers[0]).token)


def _require_parts() -> None:
    """On CI they have to be there; elsewhere the report of the run says what was not tested."""
    try:
        require_parts()
    except PartMissing as missing:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"!!! THE PRODUCTION STACK IS NOT TESTED: {missing}")


def test_each_step_of_an_upload_at_another_process(stack: Production, ada: PatientApi) -> None:
    one, two = (replace(ada, url=server.url) for server in stack.servers)
    content = os.urandom(200_000)
    upload = one.begin(one.drive(), "a.bin", len(content), sha256=sha256(content))
    url, headers = upload["transport"]["url"], upload["transport"]["headers"]
    assert url.startswith(stack.store.endpoint_url)
    assert put(url, content, headers={each["name"]: each["value"] for each in headers}).is_success
    file = two.finalize(upload["id"])
    assert patiently(lambda: get(one.link(file["id"]))).content == content


@pytest.mark.parametrize("part", PARTS)
def test_a_part_goes_and_comes_back_under_load(stack: Production, ada: PatientApi, part: str) -> None:
    stop, start = PARTS[part]
    drive = ada.drive()
    senders = [
        Sender([ada], drive, number, declares_hash=number == 0, chance=random.Random(number))
        for number in range(SENDERS)
    ]
    with ThreadPoolExecutor(SENDERS) as pool:
        runs = [pool.submit(sender.run) for sender in senders]
        try:
            time.sleep(2.0)
            stop(stack)
            try:
                time.sleep(AWAY_SECONDS)
            finally:
                start(stack)
            before = sum(len(sender.kept) for sender in senders)
            deadline = time.monotonic() + 90
            while sum(len(sender.kept) for sender in senders) < before + 2 * SENDERS and time.monotonic() < deadline:
                time.sleep(0.2)
        finally:
            for sender in senders:
                sender.stopping.set()
        for run in runs:
            run.result(200)
    assert set().union(*(sender.codes for sender in senders)) <= OUTAGES
    kept = [found for sender in senders for found in sender.kept.values()]
    assert len(kept) >= before + 2 * SENDERS, f"Work does not go on after {part} came back."
    judge = Sender([ada], drive)
    listed = judge.query("query($id: ID!) { drive(id: $id) { children { totalCount } } }", {"id": drive})
    assert listed["drive"]["children"]["totalCount"] == len(kept)
    for file_id, content in kept:
        link = ada.link(file_id)
        assert patiently(partial(get, link)).content == content


def test_the_demonstration_prints_the_same_table_on_both_stacks() -> None:
    _require_parts()
    embedded, whole = (_table(name) for name in ("embedded", "production"))
    assert whole == embedded
    assert any("Cleo sees nothing" in row for row in embedded)


def _table(stack: str) -> list[str]:
    """The rows without their seconds."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FILEGRAPH_")}
    done = subprocess.run(
        [sys.executable, "-m", "scripts.demo", "--big", "8M", "--small"],
        cwd=ROOT,
        env={**environment, "STACK": stack},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Everything is as it has to be." in done.stdout
    rows = [line for line in done.stdout.splitlines() if re.search(r"\d+\.\d\d$", line)]
    return [re.sub(r"\s+\d+\.\d\d$", "", row) for row in rows]
