import json
from collections.abc import Callable, MutableMapping
from typing import Any

import pytest

from filegraph.health import Health
from storage.errors import BackendUnavailable


async def _run(work: Callable[[], Any]) -> Any:
    return work()


async def _get(app: Health, path: str, method: str = "GET") -> tuple[int, Any]:
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await app({"type": "http", "method": method, "path": path, "headers": []}, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"])


async def test_ready_when_every_part_works() -> None:
    status, content = await _get(Health(_run, {"database": lambda: None}), "/readyz")
    assert status == 200
    assert content["parts"]["database"]["ok"] is True


async def test_unavailable_with_a_broken_part_whose_error_is_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> None:
        raise OSError("hunter2")

    app = Health(_run, {"database": lambda: None, "stores": broken})
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

    assert (await _get(Health(_run, {"stores": away}), "/readyz"))[0] == 503
    assert "The probe of stores failed: The store does not answer at this address." in caplog.text
    assert "Traceback" not in caplog.text


async def test_many_who_ask_cause_one_probe() -> None:
    calls: list[int] = []
    app = Health(_run, {"database": lambda: calls.append(1)})
    for _ in range(10):
        await _get(app, "/readyz")
    assert len(calls) == 1


async def test_other_methods_are_refused() -> None:
    assert (await _get(Health(_run, {}), "/healthz", "POST"))[0] == 405
