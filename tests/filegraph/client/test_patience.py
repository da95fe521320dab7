from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from filegraph.client.patience import Patience


def test_a_pause_that_is_noticed_is_explained_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("filegraph.client.patience.time.sleep", pauses.append)
    patience = Patience()
    patience.wait(0.2, "The connection broke.")
    assert capsys.readouterr().err == ""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: patience.wait(1.5, "The store is away."), range(50)))
    assert capsys.readouterr().err == "The store is away. Trying again.\n"
    assert pauses == [0.2, *[1.5] * 50]
