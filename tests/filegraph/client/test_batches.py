from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from filegraph.client import operations
from filegraph.client.batches import Labelled, apply_to_each
from filegraph.client.errors import NotFoundOrDenied
from filegraph.client.graphql_client import MAX_BATCH, GraphQLClient

if TYPE_CHECKING:
    from tests.filegraph.client.conftest import ScriptedServer

ERROR = {"code": "NOT_FOUND", "message": "Not here.", "path": None, "retryable": False}


@pytest.fixture(autouse=True)
def refusing_odd_ids(scripted: ScriptedServer) -> None:
    def answer(request: dict[str, Any]) -> tuple[int, bytes]:
        ids = request["variables"]["input"]["ids"]
        results = [{"errors": [ERROR] if int(each) % 2 else []} for each in ids]
        return 200, json.dumps({"data": {"trash": {"results": results}}}).encode()

    scripted.answer = answer


def test_many_items_go_in_several_requests_and_each_has_its_answer(
    client: GraphQLClient, scripted: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    items = [Labelled(f"Work:/{number}", str(number)) for number in range(MAX_BATCH + 2)]
    done = apply_to_each(client, operations.TRASH, items, alone=False)
    assert [item for item, _ in done] == items[::2]
    assert [len(request["variables"]["input"]["ids"]) for request in scripted.requests] == [MAX_BATCH, 2]
    assert capsys.readouterr().err.splitlines() == [f"filegraph: {item.label}: Not here." for item in items[1::2]]


def test_the_refusal_of_the_only_item_is_raised(client: GraphQLClient) -> None:
    with pytest.raises(NotFoundOrDenied, match=r"Not here\."):
        apply_to_each(client, operations.TRASH, [Labelled("Work:/1", "1")], alone=True)
