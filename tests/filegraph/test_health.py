import asyncio
import json
import threading
import time
from collections.abc import Callable, MutableMapping
from typing import Any

import pytest
from django.db import OperationalError

from authz.errors import AuthorizationUnavailable
from filegraph.health import Health
from filegraph.probes import Probe
from storage.errors import BackendUnavailable


async def _run(work: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(work)


def _health(**asked: Callable[[], object]) -> Health:
    return Health(_run, {name: Probe(ask) for name, ask in asked.items()})  # type: ignore[arg-type]


async def _get(app: Health, path: str, method: str = "GET") -> tuple[int, Any]:
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await app({"type": "http", "method": method, "path": path, "headers": []}, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"])


async def test_ready_when_every_part_works() -> None:
    status, content = await _get(_health(database=lambda: None), "/readyz")
    assert status == 200
    assert content["parts"]["database"]["ok"] is True


async def test_unavailable_with_a_broken_part_whose_error_is_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> None:
        raise OSError("hunter2")

    app = _health(database=lambda: None, stores=broken)
    status, content = await _get(app, "/readyz")
    assert status == 503
    assert content["parts"]["stores"] == {"ok": False}
    assert content["parts"]["database"]["ok"] is True
    assert "hunter2" not in json.dumps(content)
    assert "hunter2" in caplog.text
    assert (await _get(app, "/healthz"))[0] == 200


async def test_a_store_that_is_away_is_a_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    def away() -> None:
        raise BackendUnavailable(reason="The store does not answer at this address.")

    assert (await _get(_health(stores=away), "/readyz"))[0] == 503
    assert "The probe of stores failed: The store does not answer at this address." in caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (AuthorizationUnavailable("no answer in time"), "The probe of part failed: no answer in time"),
        (OperationalError("hunter2"), "The probe of part failed: The database is not available at the moment"),
    ],
)
async def test_an_outage_is_one_line_of_the_log(
    error: Exception, sentence: str, caplog: pytest.LogCaptureFixture
) -> None:
    def away() -> None:
        raise error

    assert (await _get(_health(part=away), "/readyz"))[0] == 503
    assert sentence in caplog.text
    assert caplog.text.count("\n") == 1
    assert "hunter2" not in caplog.text


async def test_all_parts_are_asked_at_once_and_the_slowest_is_not_waited_for() -> None:
    together, go_on = threading.Barrier(2), threading.Event()

    def meets() -> None:
        together.wait(5)

    def hangs() -> None:
        meets()
        go_on.wait(10)

    app = Health(_run, {"a": Probe(hangs), "b": Probe(meets)}, seconds=0.3)
    begin = time.monotonic()
    status, content = await _get(app, "/readyz")
    assert time.monotonic() - begin < 2
    assert (status, content["parts"]["a"], content["parts"]["b"]["ok"]) == (503, {"ok": False}, True)
    go_on.set()


async def test_a_part_that_hangs_is_not_asked_again_and_found_when_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filegraph.health.FRESH_SECONDS", 0.0)
    calls: list[int] = []
    go_on = threading.Event()

    def hangs() -> None:
        calls.append(1)
        go_on.wait(10)

    app = Health(_run, {"a": Probe(hangs)}, seconds=0.1)
    for _ in range(3):
        assert (await _get(app, "/readyz"))[0] == 503
    assert len(calls) == 1
    go_on.set()
    assert (await _get(app, "/readyz"))[0] == 200


async def test_what_needs_another_part_that_is_away_says_nothing_of_itself() -> None:
    def away() -> None:
        raise OperationalError

    probes = {"database": Probe(away), "stores": Probe(away, "database"), "other": Probe(lambda: None, "database")}
    _, content = await _get(Health(_run, probes), "/readyz")
    assert content["parts"]["database"] == {"ok": False}
    assert content["parts"]["stores"] == {"ok": False, "needs": "database"}
    assert set(content["parts"]["other"]) == {"ok", "milliseconds"}


async def test_many_who_ask_cause_one_probe() -> None:
    calls: list[int] = []
    app = _health(database=lambda: calls.append(1))
    answers = await asyncio.gather(*(_get(app, "/readyz") for _ in range(10)))
    answers += [await _get(app, "/readyz")]
    assert {status for status, _ in answers} == {200}
    assert len(calls) == 1


async def test_other_methods_are_refused() -> None:
    assert (await _get(Health(_run, {}), "/healthz", "POST"))[0] == 405
