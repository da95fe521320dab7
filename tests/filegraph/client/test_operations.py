from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

from filegraph.client import operations

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTS = {name: text for name, text in vars(operations).items() if name.isupper() and not name.startswith("_")}


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_every_operation_is_valid(name: str) -> None:
    schema = build_schema((ROOT / "schema.graphql").read_text())
    assert [error.message for error in validate(schema, parse(DOCUMENTS[name]))] == []


def test_there_are_operations() -> None:
    assert len(DOCUMENTS) > 15
