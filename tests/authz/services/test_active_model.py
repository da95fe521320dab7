"""One version answers a request from its first question to its end; the next request sees another at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from authz.errors import AuthorizationUnavailable, InvalidModel
from authz.models import AuthorizationModelVersion, ModelActivation
from authz.services import active_model, decisions, relationships
from authz.services.client import configured_client
from authz.types import ORGANIZATION, CheckRequest, TupleKey

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 2, tzinfo=UTC)
TEXT = "model\n  schema 1.1\ntype user\ntype organization\n  relations\n    define {}: [user]\n"


def activate(text: str) -> str:
    version = AuthorizationModelVersion.objects.create(text=text, json={}, schema_version="1.1", created_at=NOW)
    ModelActivation.objects.create(id=ModelActivation.objects.count() + 1, version=version, activated_at=NOW)
    return version.pk


def test_the_next_question_sees_an_activation_at_once() -> None:
    relationships.write(writes=[TupleKey("user:ann", "auditor", ORGANIZATION)])
    question = CheckRequest("user:ann", "can_read_audit", ORGANIZATION)
    assert decisions.check(question)
    activate(TEXT.format("can_read_audit"))
    assert not decisions.check(question)
    activate(TEXT.format("auditor").replace("[user]", "[user]\n    define can_read_audit: auditor"))
    assert decisions.check(question)


def test_a_request_keeps_the_version_of_its_first_question() -> None:
    with active_model.pinned():
        before = active_model.active()
        version_id = activate(TEXT.format("a"))
        assert active_model.active() is before
        with active_model.pinned():
            assert active_model.active() is before
        assert active_model.active() is before
        assert configured_client() is configured_client()
    assert active_model.active_version_id() == version_id


def test_what_the_door_read_is_the_version_of_the_request() -> None:
    old = active_model.active_version_id()
    active_model.note_active("no request")
    with active_model.pinned():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {active_model.active_version_sql()}")
            active_model.note_active(cursor.fetchone()[0])
        activate(TEXT.format("a"))
        active_model.note_active("whatever comes later")
        with CaptureQueriesContext(connection) as queries:
            assert active_model.active_version_id() == old
        assert len(queries) == 0
    assert active_model.active_version_id() != old


def test_each_thread_has_its_own_request() -> None:
    seen: list[str | None] = []
    with active_model.pinned():
        active_model.note_active("mine")
        thread = threading.Thread(target=lambda: seen.append(active_model._PIN.version_id))
        thread.start()
        thread.join()
    assert seen == [None]


def test_equal_texts_are_one_model() -> None:
    text = TEXT.format("a")
    first, second = activate(text), activate(text)
    assert first != second
    assert active_model.of_version(first) is active_model.of_version(second)


def test_without_an_active_version_nothing_is_answered() -> None:
    ModelActivation.objects.all().delete()
    with pytest.raises(AuthorizationUnavailable):
        decisions.check(CheckRequest("user:ann", "can_administer", ORGANIZATION))


def test_a_version_that_cannot_be_read_answers_nothing() -> None:
    activate("nonsense")
    with pytest.raises(InvalidModel):
        decisions.check(CheckRequest("user:ann", "can_administer", ORGANIZATION))


@pytest.mark.django_db(transaction=True)
def test_who_waits_for_an_activation_holds_the_new_one() -> None:

    def hold() -> str:
        try:
            with transaction.atomic():
                return active_model.hold_active().version_id
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            active_model.hold_active()
            version_id = activate(TEXT.format("a"))
            waiting = pool.submit(hold)
            with pytest.raises(NotYet):
                waiting.result(0.5)
        assert waiting.result(10) == version_id
