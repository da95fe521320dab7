"""Stores that cannot be used, by the names of their settings. The S3 server is a real one."""

from typing import Any

import pytest
from pytest_django.fixtures import Settings

from filegraph.first_store import STORE_NAME, FirstStore
from filegraph.problem import Problem
from filegraph.store_problems import of_store, of_stores
from storage.errors import BackendUnavailable, InvalidArgument
from storage.models import Backend
from tests.components.seaweedfs import SeaweedFS

pytestmark = pytest.mark.django_db


def store(seaweed: SeaweedFS, **changed: Any) -> None:
    Backend.objects.create(name="photos", driver="s3", config=seaweed.config(**changed))


def test_nothing_is_wrong(seaweed: SeaweedFS) -> None:
    store(seaweed)
    Backend.objects.create(name="memory", driver="memory", config={})
    assert of_stores() == []


def test_a_value_in_the_configuration(seaweed: SeaweedFS) -> None:
    store(seaweed, bucket="not-there")
    sentence = "bucket of store photos: There is no bucket of this name."
    assert of_stores() == [Problem(sentence, passing=False)]


def test_the_store_of_the_settings_is_told_by_their_variables(seaweed: SeaweedFS, settings: Settings) -> None:
    config = seaweed.config(bucket="not-there")
    settings.FIRST_STORE = FirstStore("s3", config, "a bucket")
    Backend.objects.create(name=STORE_NAME, driver="s3", config=config)
    (found,) = of_stores()
    assert found.sentence == "FILEGRAPH_S3_BUCKET: There is no bucket of this name."


def test_a_variable(seaweed: SeaweedFS, monkeypatch: pytest.MonkeyPatch) -> None:
    store(seaweed, secret_access_key={"env": "PHOTOS_SECRET"})
    (missing,) = of_stores()
    assert "PHOTOS_SECRET" in missing.sentence
    assert not missing.passing
    monkeypatch.setenv("PHOTOS_SECRET", "hunter2")
    sentence = "PHOTOS_SECRET: The secret does not belong to the access key."
    assert of_stores() == [Problem(sentence, passing=False)]


def test_a_store_that_is_away_may_come_back(seaweed: SeaweedFS) -> None:
    store(seaweed, endpoint_url="http://127.0.0.1:9")
    sentence = "endpoint_url of store photos: The store does not answer at this address."
    assert of_stores() == [Problem(sentence, passing=True)]


def test_one_that_takes_nothing_is_not_asked(seaweed: SeaweedFS) -> None:
    Backend.objects.create(name="old", driver="s3", config=seaweed.config(bucket="not-there"), writable=False)
    assert of_stores() == []


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (BackendUnavailable(reason="The clock.", setting="clock"), "Store x: The clock."),
        (BackendUnavailable(reason="No key.", setting="access_key_id"), "FILEGRAPH_S3_ACCESS_KEY_ID: No key."),
        (BackendUnavailable("Not configured."), "Store x: Not configured."),
        (InvalidArgument("There is no such driver."), "Store x: There is no such driver."),
    ],
)
def test_sentences(error: Exception, sentence: str) -> None:
    def fail() -> None:
        raise error

    found = of_store("x", {}, fail, wanted=FirstStore("s3", {}, "a bucket"))
    assert found is not None
    assert found.sentence == sentence
