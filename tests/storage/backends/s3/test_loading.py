"""What is not configured is not loaded: boto3 alone is a third of a second and 30 MB."""

import subprocess
import sys

from tests.components.server import ROOT

_PROGRAM = """
import sys
import filegraph.asgi
from storage.backends.local import LocalBackend
print([name for name in ("boto3", "botocore", "s3transfer", "storage.backends.s3.backend") if name in sys.modules])
"""


def test_a_server_without_a_bucket_does_not_load_boto3() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
