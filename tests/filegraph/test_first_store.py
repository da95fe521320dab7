import json
from pathlib import Path

import pytest

from filegraph.environment import Environment, read_environment, variable
from filegraph.first_store import first_store
from storage.backends.s3.config import read_config


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Environment.model_fields:
        monkeypatch.delenv(variable(name), raising=False)


def test_without_a_word_it_is_the_data_directory() -> None:
    found = first_store(read_environment(), Path("/data"))
    assert (found.driver, found.config) == ("local", {"root": "/data/objects"})


def test_keys_are_kept_by_the_names_of_their_variables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = {
        "STORE": "s3",
        "S3_BUCKET": "files",
        "S3_PREFIX": "main",
        "S3_ENDPOINT_URL": "http://127.0.0.1:8333/",
        "S3_REGION": "eu-central-1",
        "S3_ADDRESSING_STYLE": "path",
        "S3_ACCESS_KEY_ID": "key",
        "S3_SECRET_ACCESS_KEY": "hunter2",
        "S3_DIRECT": "false",
    }
    for name, value in given.items():
        monkeypatch.setenv(f"FILEGRAPH_{name}", value)
    found = first_store(read_environment(), Path("/data"))
    assert found.driver == "s3"
    assert found.config == {
        "bucket": "files",
        "prefix": "main",
        "region": "eu-central-1",
        "addressing_style": "path",
        "direct": False,
        "endpoint_url": "http://127.0.0.1:8333",
        "access_key_id": {"env": "FILEGRAPH_S3_ACCESS_KEY_ID"},
        "secret_access_key": {"env": "FILEGRAPH_S3_SECRET_ACCESS_KEY"},
    }
    assert "hunter2" not in json.dumps(found.config) + found.place


def test_what_a_row_says_otherwise_is_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"STORE": "s3", "S3_BUCKET": "new", "S3_DIRECT": "false", "S3_REGION": "r"}.items():
        monkeypatch.setenv(f"FILEGRAPH_{name}", value)
    wanted = first_store(read_environment(), Path("/data"))
    assert wanted.changes("s3", wanted.config) == {}
    row = {"bucket": "old", "direct": True, "addressing_style": "auto", "access_key_id": {"env": "KEY"}}
    assert wanted.changes("s3", row) == {
        "FILEGRAPH_S3_BUCKET": "old",
        "FILEGRAPH_S3_DIRECT": "true",
        "FILEGRAPH_S3_ACCESS_KEY_ID": "set",
        "FILEGRAPH_S3_REGION": "not set",
    }
    assert wanted.changes("local", {"root": "/data/objects"}) == {"FILEGRAPH_STORE": "local"}


def test_a_data_directory_that_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = first_store(read_environment(), Path("/new"))
    assert wanted.changes("local", {"root": "/old/objects"}) == {"FILEGRAPH_DATA_DIR": "/old/objects"}


def test_what_is_not_set_is_left_to_boto3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILEGRAPH_STORE", "s3")
    monkeypatch.setenv("FILEGRAPH_S3_BUCKET", "files")
    config = first_store(read_environment(), Path("/data")).config
    assert config == {"bucket": "files", "addressing_style": "auto", "direct": True}
    assert read_config(config).access_key_id == ""
