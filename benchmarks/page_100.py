"""A page of 100 files with 8 fields, viewerCan and downloadUrl, against a JSON view of the same data written by hand.

Both find out who asks by the same bearer token, use the same selectors and permissions, and end in bytes of JSON. What
differs is GraphQL.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson

from benchmarks import installation
from benchmarks.rounds import interleave, medians
from benchmarks.row import Row, Size

installation.set_up()

# Models can be imported only now.
from accounts.services.door import identify  # noqa: E402
from benchmarks.population import add_files, new_drive, new_folder, new_person, share  # noqa: E402
from schema.context import Context  # noqa: E402
from schema.execution import Operation, execute  # noqa: E402
from storage import permissions  # noqa: E402
from storage.models import NodeKind, NodeRef  # noqa: E402
from storage.permissions import Permission  # noqa: E402
from storage.selectors import items  # noqa: E402
from storage.selectors.pages import PageRequest  # noqa: E402
from storage.services import downloads  # noqa: E402

NAME = "page_100"
ORIGIN = "http://127.0.0.1:8000"
DOCUMENT = """query Page {
  files(first: 100) {
    nodes {
      id name size contentType sha256 version createdAt updatedAt
      viewerCan { view download edit share delete upload }
      downloadUrl { url expiresAt }
    }
    pageInfo { hasNextPage endCursor }
  }
}"""
_FLAGS = (
    ("view", Permission.VIEW),
    ("download", Permission.DOWNLOAD),
    ("edit", Permission.EDIT),
    ("share", Permission.SHARE),
    ("delete", Permission.DELETE),
    ("upload", Permission.UPLOAD),
)


def run(size: Size) -> list[Row]:
    """Rounds of pages: 21 x 20 (full), 7 x 10 (short). The reader sees the files by a share of their folder."""
    rounds, pages = (21, 20) if size == "full" else (7, 10)
    owner, _ = new_person("owner", administrator=True)
    reader, token = new_person("reader")
    drive = new_drive(owner)
    folder = new_folder(owner, NodeRef(NodeKind.DRIVE, drive.id), "shared")
    add_files(owner, drive, folder.id, 300)
    share(owner, folder, reader)
    headers = {"authorization": f"Bearer {token}"}
    _assert_same(orjson.loads(by_graphql(headers)), orjson.loads(by_hand(headers)))
    contestants = {
        "ours": lambda: _milliseconds(lambda: by_graphql(headers), pages),
        "by hand": lambda: _milliseconds(lambda: by_hand(headers), pages),
    }
    time_per_page = medians(interleave(contestants, rounds))
    return [Row(NAME, time_per_page["ours"], time_per_page["by hand"], "ms CPU", 3.0, "at most", "by hand")]


def by_graphql(headers: dict[str, str]) -> bytes:
    """The answer of the service, from headers to bytes."""
    now = datetime.now(UTC)
    context = Context(now=now, origin=ORIGIN, request_id="0", principal=identify(headers, now=now))
    return orjson.dumps(execute(Operation(DOCUMENT, {}), context))


def by_hand(headers: dict[str, str]) -> bytes:
    """The same data as a view would write it."""
    now = datetime.now(UTC)
    actor = identify(headers, now=now).actor
    page = items.files(actor, PageRequest(first=100))
    flags = permissions.allowed(actor, [permission for _, permission in _FLAGS], page.rows)
    nodes = []
    for row in page.rows:
        allowed = flags[row.id]
        link = downloads.link(actor, row, expires_in=300, now=now) if Permission.DOWNLOAD in allowed else None
        nodes.append(
            {
                "id": f"file_{row.id}",
                "name": row.name,
                "size": str(row.size),
                "contentType": row.content_type,
                "sha256": row.sha256,
                "version": row.version_number,
                "createdAt": _time(row.created_at),
                "updatedAt": _time(row.updated_at),
                "viewerCan": {name: permission in allowed for name, permission in _FLAGS},
                "downloadUrl": link and {"url": link.url(ORIGIN), "expiresAt": _time(link.expires_at)},
            }
        )
    end = page.cursor(page.rows[-1]) if page.rows else None
    return orjson.dumps({"nodes": nodes, "pageInfo": {"hasNextPage": page.has_next_page, "endCursor": end}})


def _assert_same(ours: dict[str, Any], by_hand: dict[str, Any]) -> None:
    assert "errors" not in ours, ours
    found = ours["data"]["files"]
    assert len(found["nodes"]) == 100
    for mine, other in zip(found["nodes"], by_hand["nodes"], strict=True):
        assert mine["downloadUrl"]["url"].startswith(f"{ORIGIN}/d/")
        for varying in (mine, other):  # Links hold the second they were made in.
            varying.pop("downloadUrl")
        assert mine == other, (mine, other)
    assert found["pageInfo"] == by_hand["pageInfo"]


def _milliseconds(work: Callable[[], bytes], pages: int) -> float:
    started = time.process_time()
    for _ in range(pages):
        work()
    return (time.process_time() - started) * 1000 / pages


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
