"""A key that may not do all that is needed is told by the right that it lacks, whatever way the bytes go."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from storage.backends.s3 import rights
from storage.backends.s3.backend import S3Backend
from storage.errors import BackendUnavailable
from tests.components.seaweedfs import SeaweedFS


def test_nothing_is_left_behind(seaweed: SeaweedFS) -> None:
    backend = S3Backend(backend_config=seaweed.config(prefix=f"rights/{uuid4().hex}"))
    rights.verify(backend)
    assert list(backend.keys()) == []


@pytest.mark.parametrize("direct", [True, False])
def test_the_right_to_write_is_missing(seaweed: SeaweedFS, direct: bool) -> None:
    backend = S3Backend(backend_config=seaweed.config(**seaweed.reader(), direct=direct))
    backend.probe()
    with pytest.raises(BackendUnavailable) as caught:
        backend.verify(now=datetime.now(UTC))
    assert caught.value.setting == "access_key_id"
    assert caught.value.reason == "The access key lacks the right s3:PutObject, to write into the bucket."
