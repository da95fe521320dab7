"""Something in the demonstration that is not as it has to be."""

from __future__ import annotations


class Mismatch(Exception):
    """A claim that does not hold; the message is the sentence for people."""


def require(condition: bool, sentence: str) -> None:
    """Raise ``Mismatch`` with ``sentence`` unless ``condition``."""
    if not condition:
        raise Mismatch(sentence)
