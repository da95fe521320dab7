"""What a row may say about an S3 store."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from storage.backends.s3.config import S3Config, read_config

GOOD = {"bucket": "files", "access_key_id": "A", "secret_access_key": "hush-hush"}


def test_what_is_left_out_is_left_to_boto3() -> None:
    assert read_config({"bucket": "files"}) == S3Config("files")


def test_all_of_it() -> None:
    found = read_config(
        {
            **GOOD,
            "prefix": "a/b",
            "endpoint_url": "http://127.0.0.1:8333",
            "public_endpoint_url": "https://s3.example.com",
            "region": "eu-central-1",
            "addressing_style": "path",
            "session_token": "t",
            "direct": False,
        }
    )
    assert (found.addressing_style, found.direct, found.prefix) == ("path", False, "a/b")


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"bucket": ""}, "bucket"),
        ({"bucket": "No_Bucket"}, "bucket"),
        ({"bucket": 7}, "bucket"),
        ({"bucket": "a/b"}, "bucket"),
        ({"endpoint_url": "s3.example.com"}, "endpoint_url"),
        ({"endpoint_url": "ftp://s3.example.com"}, "endpoint_url"),
        ({"endpoint_url": "http://a:b@s3.example.com"}, "endpoint_url"),
        ({"endpoint_url": "http://s3.example.com:port"}, "endpoint_url"),
        ({"public_endpoint_url": "https://s3.example.com/bucket"}, "public_endpoint_url"),
        ({"addressing_style": "vhost"}, "addressing_style"),
        ({"secret_access_key": ""}, "secret_access_key"),
        ({"access_key_id": ""}, "access_key_id"),
        ({"prefix": "/a"}, "prefix"),
        ({"prefix": "../a"}, "prefix"),
        ({"direct": "yes"}, "direct"),
        ({"bukket": "x"}, "bukket"),
    ],
)
def test_mistakes_are_named_and_secrets_are_not(wrong: dict[str, Any], named: str) -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        read_config({**GOOD, **wrong})
    assert named in str(caught.value)
    assert "hush" not in str(caught.value)
