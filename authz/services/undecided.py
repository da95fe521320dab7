"""Conditions that could not be decided, told to the operator: who asked reads a sentence that names no relationship."""

from __future__ import annotations

import logging

from authz.errors import ConditionFailed
from authz.services.throttle import Throttle

logger = logging.getLogger("filegraph.authz")

LINES = Throttle(60.0)
"""One relationship of everybody's fails with every request: one line a minute."""


def tell(failure: ConditionFailed) -> None:
    """Write the condition and the relationship that carries it, unless one was written within the minute."""
    if LINES.admits():
        logger.warning("A permission could not be decided, so nothing was allowed (%s): %s", failure.code, failure)
