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
@pytest.mark.parametrize(
    ("lacking", "told"),
    [
        ("Write", "s3:PutObject, to write into the bucket"),
        ("Read", "s3:GetObject, to read from the bucket"),
        ("List", "s3:ListBucket, to list the bucket"),
    ],
)
def test_a_right_that_is_missing(seaweed: SeaweedFS, lacking: str, told: str, direct: bool) -> None:
    backend = S3Backend(backend_config=seaweed.config(**seaweed.key_without(lacking), direct=direct))
    with pytest.raises(BackendUnavailable) as caught:
        backend.verify(now=datetime.now(UTC))
    assert caught.value.setting == "access_key_id"
    assert caught.value.reason == f"The access key lacks the right {told}."
