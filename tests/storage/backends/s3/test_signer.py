"""Our signer against botocore's: the same links, to the byte of the signature."""

import os
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from unittest import mock
from urllib.parse import parse_qsl, urlsplit

import botocore.auth
import botocore.credentials
import pytest
from botocore.awsrequest import AWSRequest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.backends.s3.client import S3Connection
from storage.backends.s3.config import AddressingStyle, S3Config
from storage.backends.s3.signer import Credentials, QuerySigner

SIZE = 50 if os.environ.get("FILEGRAPH_TEST_SIZE") == "full" else 1
NOW = datetime(2026, 5, 1, 23, 59, 59, 999_999, tzinfo=UTC)
TEXT = st.text(st.characters(min_codepoint=32, exclude_categories=("Cs", "Cc")), max_size=40)
KEYS = st.lists(TEXT.filter(lambda part: part not in (".", "..")), min_size=1, max_size=4).map("/".join)
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)
CREDENTIALS = st.builds(
    Credentials,
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/+=", min_size=1, max_size=20),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40),
    st.text("abcABC0123456789+/=", max_size=80),
)
BASES = st.sampled_from(
    [
        "https://bucket.s3.eu-central-1.amazonaws.com",
        "https://s3.amazonaws.com/bucket",
        "http://127.0.0.1:8333/my.bucket",
        "http://LOCALHOST:80/bucket",
        "https://[::1]:443/bucket",
        "https://[fe80::1]:9000/bucket",
        "https://bucket.s3.cn-north-1.amazonaws.com.cn",
    ]
)
REGIONS = st.sampled_from(["us-east-1", "eu-central-1", "auto", "garage"])
QUERIES = st.dictionaries(
    st.sampled_from(
        ["response-content-type", "response-content-disposition", "response-cache-control", "versionid", "x-id"]
    ),
    VALUES.filter(bool),
)
HEADERS = st.dictionaries(
    st.sampled_from(["content-length", "content-type", "if-none-match", "x-amz-checksum-sha256", "x-amz-meta-a"]),
    VALUES,
)


def of_botocore(
    url: str,
    method: str,
    region: str,
    credentials: Credentials,
    headers: dict[str, str],
    expires_in: int,
    now: datetime,
) -> str:
    request = AWSRequest(method=method, url=url, headers=headers)
    keys = botocore.credentials.Credentials(
        credentials.access_key_id, credentials.secret_access_key, credentials.token or None
    )
    with mock.patch.object(botocore.auth, "get_current_datetime", return_value=now.replace(tzinfo=None)):
        botocore.auth.S3SigV4QueryAuth(keys, "s3", region, expires=expires_in).add_auth(request)
    return str(request.url)


@settings(max_examples=100 * SIZE)
@given(
    base=BASES,
    region=REGIONS,
    method=st.sampled_from(["GET", "PUT", "HEAD"]),
    key=KEYS,
    credentials=CREDENTIALS,
    query=QUERIES,
    headers=HEADERS,
    expires_in=st.integers(1, 604_800),
    now=st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),
)
def test_equal_to_botocore(
    base: str,
    region: str,
    method: str,
    key: str,
    credentials: Credentials,
    query: dict[str, str],
    headers: dict[str, str],
    expires_in: int,
    now: datetime,
) -> None:
    signer = QuerySigner(base, region)
    ours = signer.sign(method, key, credentials, query=query, headers=headers, expires_in=expires_in, now=now)
    # botocore signs a URL whose path is encoded already; ours is, and its own parameters are taken off again.
    path, _, text = ours.partition("?")
    further = "&".join(pair for pair in text.split("&") if not pair.startswith("X-Amz-"))
    theirs = of_botocore(f"{path}?{further}", method, region, credentials, headers, expires_in, now)
    assert path == theirs.partition("?")[0]
    assert sorted(text.split("&")) == sorted(theirs.partition("?")[2].split("&"))


@cache
def connection(style: AddressingStyle, region: str, endpoint: str, bucket: str, token: str) -> S3Connection:
    return S3Connection(S3Config(bucket, "", endpoint, "", region, style, "AKID", "secret", token))


@pytest.mark.parametrize(
    ("style", "region", "endpoint", "bucket", "token"),
    [
        ("auto", "us-east-1", "", "bucket", ""),
        ("auto", "cn-north-1", "", "my.bucket", "to+ken/=="),
        ("virtual", "eu-central-1", "https://s3.example.com", "bucket", "to+ken/=="),
        ("path", "eu-central-1", "", "bucket", ""),
        ("path", "us-east-1", "http://127.0.0.1:8333", "my.bucket", ""),
        ("auto", "us-east-1", "http://127.0.0.1:8333", "bucket", ""),
    ],
)
@settings(max_examples=10 * SIZE)
@given(key=KEYS.filter(lambda key: key.strip("/") and not key.startswith("/") and "//" not in key))
def test_equal_to_the_link_of_a_whole_client(
    style: AddressingStyle, region: str, endpoint: str, bucket: str, token: str, key: str
) -> None:
    """Address, encoding of the key and all: against ``generate_presigned_url``."""
    made = connection(style, region, endpoint, bucket, token)
    credentials, ends = made.credentials()
    assert ends is None
    ours = made.signer().sign(
        "GET", key, credentials, query={"response-content-type": "image/png"}, headers={}, expires_in=300, now=NOW
    )
    with mock.patch.object(botocore.auth, "get_current_datetime", return_value=NOW.replace(tzinfo=None)):
        theirs = made.steady.generate_presigned_url(
            "get_object", Params={"Bucket": bucket, "Key": key, "ResponseContentType": "image/png"}, ExpiresIn=300
        )
    assert urlsplit(ours)[:3] == urlsplit(theirs)[:3]
    assert sorted(parse_qsl(urlsplit(ours).query)) == sorted(parse_qsl(urlsplit(theirs).query))


def test_the_key_of_a_day_ends_with_it_and_with_its_secret() -> None:
    signer = QuerySigner("https://s3.example.com/b", "eu-central-1")
    first, second = Credentials("A", "one"), Credentials("A", "two")
    later = NOW + timedelta(seconds=1)
    links = [
        signer.sign("GET", "k", credentials, query={}, headers={}, expires_in=60, now=now)
        for credentials, now in ((first, NOW), (second, NOW), (first, later), (first, NOW))
    ]
    assert links[0] == links[3]
    assert len({link.rpartition("=")[2] for link in links}) == 3


def test_the_time_is_told_in_utc() -> None:
    signer = QuerySigner("https://s3.example.com/b", "eu-central-1")
    east = datetime(2026, 5, 2, 1, 59, 59, tzinfo=timezone(timedelta(hours=2)))
    link = signer.sign("GET", "k", Credentials("A", "s"), query={}, headers={}, expires_in=60, now=east)
    assert "X-Amz-Date=20260501T235959Z" in link


def test_secrets_are_not_shown() -> None:
    assert "hush" not in repr(Credentials("A", "hush", "hush"))
    assert "hush" not in repr(S3Config("bucket", access_key_id="A", secret_access_key="hush", session_token="hush"))


@pytest.mark.parametrize("count", [100])
def test_a_page_of_links_is_quick(count: int) -> None:
    """By work and not by the clock: the key of the day and the common parameters are made once."""
    signer = QuerySigner("https://s3.example.com/b", "eu-central-1")
    with mock.patch("storage.backends.s3.signer.hmac.digest", wraps=__import__("hmac").digest) as digest:
        for number in range(count):
            signer.sign("GET", f"k{number}", Credentials("A", "s"), query={}, headers={}, expires_in=60, now=NOW)
    assert digest.call_count == count + 4
