"""What goes wrong with a store is told in one sentence that names what to change, and no secret."""

import logging
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest import mock

import botocore.auth
import pytest
from botocore.exceptions import ClientError

from storage.backends.s3.backend import S3Backend
from storage.backends.s3.errors import translated
from storage.backends.s3.writer import PART
from storage.errors import BackendFull, BackendUnavailable, Conflict
from storage.testing.backend_contract import KEY, put
from tests.components.seaweedfs import SeaweedFS

SECRET = "a-secret-that-must-not-be-seen"


def problem(backend: S3Backend, caplog: pytest.LogCaptureFixture) -> BackendUnavailable:
    """Return what the probe raises; the same comes of a write, and neither tells the secret."""
    with caplog.at_level(logging.DEBUG, logger="filegraph"), pytest.raises(BackendUnavailable) as caught:
        backend.probe()
    with pytest.raises(BackendUnavailable) as again:
        put(backend, KEY, b"x")
    assert again.value.setting == caught.value.setting
    assert caught.value.reason.endswith(".")
    assert caught.value.reason in caplog.text
    for text in (caplog.text, str(caught.value), repr(caught.value), caught.value.reason):
        assert SECRET not in text
    # Everybody reads the message; the reason is the administrator's.
    assert str(caught.value) == BackendUnavailable.default_message
    return caught.value


def test_there_is_no_such_bucket(seaweed: SeaweedFS, caplog: pytest.LogCaptureFixture) -> None:
    found = problem(S3Backend(backend_config=seaweed.config(bucket="no-such-bucket")), caplog)
    assert (found.setting, found.reason) == ("bucket", "There is no bucket of this name.")


def test_the_key_is_unknown(seaweed: SeaweedFS, caplog: pytest.LogCaptureFixture) -> None:
    found = problem(S3Backend(backend_config=seaweed.config(access_key_id="unknown")), caplog)
    assert (found.setting, found.reason) == ("access_key_id", "The store does not know this access key.")


def test_the_secret_is_wrong(seaweed: SeaweedFS, caplog: pytest.LogCaptureFixture) -> None:
    found = problem(S3Backend(backend_config=seaweed.config(secret_access_key=SECRET)), caplog)
    assert (found.setting, found.reason) == ("secret_access_key", "The secret does not belong to the access key.")


def test_the_clock_is_off(seaweed: SeaweedFS, caplog: pytest.LogCaptureFixture) -> None:
    past = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=1)
    with mock.patch.object(botocore.auth, "get_current_datetime", return_value=past):
        found = problem(S3Backend(backend_config=seaweed.config()), caplog)
    assert found.setting == "clock"
    assert "clock" in found.reason


def test_nobody_listens(seaweed: SeaweedFS, caplog: pytest.LogCaptureFixture) -> None:
    config = seaweed.config(endpoint_url="http://127.0.0.1:9", secret_access_key=SECRET)
    found = problem(S3Backend(backend_config=config), caplog)
    assert (found.setting, found.reason) == ("endpoint_url", "The store does not answer at this address.")


def test_somebody_listens_and_says_nothing(seaweed: SeaweedFS) -> None:
    """A store that hangs holds nobody for long."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        config = seaweed.config(endpoint_url=f"http://127.0.0.1:{mute.getsockname()[1]}")
        with mock.patch("storage.backends.s3.client.QUESTION_SECONDS", 0.3):
            backend = S3Backend(backend_config=config)
        begun = time.monotonic()
        with pytest.raises(BackendUnavailable) as caught:
            backend.stat(KEY)
        assert time.monotonic() - begun < 5
    assert caught.value.setting == "endpoint_url"


def test_what_answers_is_no_store(seaweed: SeaweedFS) -> None:
    with pytest.raises(BackendUnavailable) as caught:
        S3Backend(backend_config=seaweed.config(endpoint_url=f"http://127.0.0.1:{seaweed.ports['master']}")).probe()
    assert caught.value.reason


class Stranger(BaseHTTPRequestHandler):
    """A web server that finds everything well and knows nothing of objects, as a proxy's page of its own."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def do_HEAD(self) -> None:
        self.do_POST()

    def do_PUT(self) -> None:
        self.do_POST()

    def log_message(self, *_: object) -> None:
        pass


def test_what_answers_everything_with_nothing_is_no_store(seaweed: SeaweedFS) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            backend = S3Backend(backend_config=seaweed.config(endpoint_url=f"http://127.0.0.1:{server.server_port}"))
            with pytest.raises(BackendUnavailable) as stat:
                backend.stat(KEY)
            with pytest.raises(BackendUnavailable) as write:
                put(backend, KEY, b"x" * (PART + 1))
        finally:
            server.shutdown()
    assert stat.value.setting == write.value.setting == "endpoint_url"
    assert stat.value.reason == "What answers at this address is no store: it tells no LastModified."


def test_there_are_no_keys_at_all(seaweed: SeaweedFS, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    config = {name: value for name, value in seaweed.config().items() if "access_key" not in name}
    backend = S3Backend(backend_config=config)
    with pytest.raises(BackendUnavailable) as caught:
        backend.probe()
    assert caught.value.setting == "access_key_id"
    with pytest.raises(BackendUnavailable) as caught:
        backend.presigned_get(KEY, expires_in=60, now=datetime.now(UTC))
    assert caught.value.setting == "access_key_id"


def test_keys_come_from_where_boto3_looks(seaweed: SeaweedFS, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", seaweed.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", seaweed.secret_key)
    config = {name: value for name, value in seaweed.config().items() if "access_key" not in name}
    S3Backend(backend_config=config).probe()


def answer(code: str, status: int, operation: str = "PutObject") -> ClientError:
    said: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(said, operation)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("QuotaExceeded", 403, BackendFull),
        ("InsufficientStorage", 507, BackendFull),
        ("", 507, BackendFull),
        ("XMinioStorageFull", 507, BackendFull),
        ("SlowDown", 503, BackendUnavailable),
        ("InternalError", 500, BackendUnavailable),
        ("AccessDenied", 403, BackendUnavailable),
        ("Strange\nThing", 418, BackendUnavailable),
        ("PreconditionFailed", 412, Conflict),
        ("NoSuchKey", 404, FileNotFoundError),
        ("404", 404, FileNotFoundError),
    ],
)
def test_codes(code: str, status: int, kind: type[Exception]) -> None:
    with pytest.raises(kind) as caught, translated(KEY):
        raise answer(code, status)
    assert type(caught.value) is kind
    if isinstance(caught.value, BackendUnavailable):
        assert caught.value.retryable
        assert "\n" not in caught.value.reason


@pytest.mark.parametrize(
    ("operation", "right"),
    [("UploadPart", "s3:PutObject"), ("ListObjectsV2", "s3:ListBucket"), ("DeleteObject", "s3:DeleteObject")],
)
def test_a_right_that_is_missing(operation: str, right: str) -> None:
    with pytest.raises(BackendUnavailable) as caught, translated():
        raise answer("AccessDenied", 403, operation)
    assert (caught.value.setting, right in caught.value.reason) == ("access_key_id", True)
    # A refusal without a body may mean the key itself.
    with pytest.raises(BackendUnavailable) as caught, translated():
        raise answer("403", 403, operation)
    assert right not in caught.value.reason


def test_absence_means_something_only_where_a_key_was_asked_for() -> None:
    with pytest.raises(BackendUnavailable), translated():
        raise answer("404", 404)
