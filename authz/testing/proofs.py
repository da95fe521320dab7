"""What a test asks of a proof."""

from __future__ import annotations

from authz.engine.explain import Proof
from authz.types import TupleKey


def tuples_of(proof: Proof) -> tuple[TupleKey, ...]:
    """Return the tuples of a proof, each once, in its order."""
    return tuple(dict.fromkeys(reason.tuple for step in proof for reason in step.reasons if reason.tuple is not None))
