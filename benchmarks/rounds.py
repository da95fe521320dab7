"""Interleaved rounds: each contestant once per round, medians over the rounds."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping


def interleave(contestants: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """The figures of every contestant, one per round. The order turns, so that nobody is always first."""
    names = list(contestants)
    figures: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            figures[name].append(contestants[name]())
    return figures


def medians(figures: Mapping[str, list[float]]) -> dict[str, float]:
    """The median of every contestant."""
    return {name: statistics.median(values) for name, values in figures.items()}
