"""A statement that a parser could refuse is not made."""

from __future__ import annotations

import pytest

from authz.clients.sql.dialect import Sql
from authz.clients.sql.nesting import MAX_NESTING, require_shallow
from authz.errors import UnplannableRelation


def nested(levels: int) -> Sql:
    return Sql("1 = 1" if not levels else f"EXISTS (SELECT 1 FROM t WHERE {nested(levels - 1).text})")


def test_what_is_too_deep() -> None:
    require_shallow(nested(MAX_NESTING // 8))
    with pytest.raises(UnplannableRelation):
        require_shallow(nested(MAX_NESTING // 8 + 1))
    require_shallow(Sql(" AND ".join(["(a = 1)"] * 1000)))
