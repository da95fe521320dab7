"""How deeply pieces of SQL are nested. SQLite's parser has a stack of 100 places, and no statement may need more.

What one bracket takes cannot be known without the grammar: these weights are measured. Statements that were refused
begin at 56, counted so, with what lists put around them; some far above are taken.
"""

from __future__ import annotations

import re

from authz.clients.sql.dialect import Sql
from authz.errors import UnplannableRelation

MAX_NESTING = 50
_BRACKETS = re.compile(r"\(\s*(SELECT|WITH)?|\)")
_OF_A_SELECT = 8
_OF_A_BRACKET = 1


def require_shallow(sql: Sql) -> None:
    """Raise UnplannableRelation for a piece that could overflow the parser."""
    weights = [0]
    for found in _BRACKETS.finditer(sql.text):
        if found.group() == ")":
            weights.pop()
        else:
            weights.append(weights[-1] + (_OF_A_SELECT if found.group(1) else _OF_A_BRACKET))
            if weights[-1] > MAX_NESTING:
                raise UnplannableRelation("a statement for it would be nested too deeply")
