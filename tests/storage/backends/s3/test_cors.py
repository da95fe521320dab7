"""The rules on a real store: a page of a named origin may send and read, others may not."""

from datetime import UTC, datetime
from hashlib import sha256

import httpx
import pytest

from storage.backends.s3.backend import S3Backend
from storage.backends.s3.cors import cors_rules
from tests.components.seaweedfs import SeaweedFS

PAGE = "https://app.example.com"


@pytest.fixture
def backend(seaweed: SeaweedFS) -> S3Backend:
    client = seaweed.client()
    client.create_bucket(Bucket="for-browsers")
    client.put_bucket_cors(Bucket="for-browsers", CORSConfiguration=cors_rules([PAGE, PAGE]))  # type: ignore[arg-type]
    return S3Backend(backend_config=seaweed.config(bucket="for-browsers"))


def test_a_browser_may_send_what_a_link_asks_for(backend: S3Backend) -> None:
    data = b"hello"
    made = backend.presigned_put("a/b", size=5, sha256=sha256(data).hexdigest(), expires_in=60, now=datetime.now(UTC))
    assert made is not None
    ask = {
        "origin": PAGE,
        "access-control-request-method": made.method,
        "access-control-request-headers": ",".join(made.headers),
    }
    answer = httpx.options(made.url, headers=ask, trust_env=False)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == PAGE
    allowed = {name.strip().lower() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert set(made.headers) <= allowed
    assert httpx.put(made.url, content=data, headers={**made.headers, "origin": PAGE}, trust_env=False).is_success
    link = backend.presigned_get("a/b", expires_in=60, now=datetime.now(UTC))
    assert link is not None
    answer = httpx.get(link.url, headers={"origin": PAGE}, trust_env=False)
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "etag" in answer.headers["access-control-expose-headers"].lower()
    other = httpx.options(made.url, headers={**ask, "origin": "https://evil.example.com"}, trust_env=False)
    assert "access-control-allow-origin" not in other.headers
