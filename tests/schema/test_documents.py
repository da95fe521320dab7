from __future__ import annotations

import pytest

from schema import documents
from schema.documents import DocumentCache
from schema.executor import core_schema
from schema.limits import Limits
from schema.root import schema


@pytest.fixture
def cache() -> DocumentCache:
    return DocumentCache(core_schema(schema), Limits(), size=3, max_text=100)


def test_a_repeated_document_is_judged_once(cache: DocumentCache, monkeypatch: pytest.MonkeyPatch) -> None:
    first = cache.get("{ viewer { actor } }")

    def fail(*_args: object) -> None:
        raise AssertionError("judged twice")

    monkeypatch.setattr(documents, "judge", fail)
    assert cache.get("{ viewer { actor } }") is first


def test_a_refusal_is_remembered_too(cache: DocumentCache) -> None:
    refused = cache.get("{ nothing }")
    assert refused.document is None
    assert refused.errors[0].extensions == {"code": "GRAPHQL_VALIDATION_FAILED"}
    assert cache.get("{ nothing }") is refused


def test_the_oldest_text_is_forgotten_first(cache: DocumentCache) -> None:
    kept = cache.get("{ viewer { actor } }")
    for number in range(2):
        cache.get(f"{{ a{number}: viewer {{ actor }} }}")
    assert cache.get("{ viewer { actor } }") is kept
    cache.get("{ b: viewer { actor } }")
    assert len(cache) == 3
    assert cache.get("{ viewer { actor } }") is kept


def test_a_long_text_is_not_kept(cache: DocumentCache) -> None:
    cache.get("{ viewer { actor } } #" + "x" * 100)
    assert len(cache) == 0


def test_nothing_is_suggested(cache: DocumentCache) -> None:
    (error,) = cache.get("{ viewr { actor } }").errors
    assert "Did you mean" not in error.message
