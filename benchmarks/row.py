"""One result of a benchmark, and the table and JSON of many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol

Size = Literal["short", "full"]
Direction = Literal["at least", "at most"]


@dataclass(frozen=True, slots=True)
class Row:
    """A figure of ours, the reference's (None: there is none), and what it has to reach.

    ``target`` speaks about the ratio ours/reference when there is a reference, else about ``ours`` itself.
    """

    name: str
    ours: float
    reference: float | None
    unit: str
    target: float | None = None
    direction: Direction = "at least"
    reference_name: str = ""

    @property
    def ratio(self) -> float | None:
        """ours / reference."""
        return self.ours / self.reference if self.reference else None

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without a target."""
        if self.target is None:
            return None
        value = self.ours if self.ratio is None else self.ratio
        return value >= self.target if self.direction == "at least" else value <= self.target

    def as_json(self) -> dict[str, Any]:
        """Everything, computed values too."""
        return asdict(self) | {"ratio": self.ratio, "met": self.met}


class Benchmark(Protocol):
    """What a benchmark's module offers."""

    NAME: str
    run: Callable[[Size], list[Row]]


class Skipped(Exception):
    """The benchmark cannot run here; the message says what is missing."""


def table(rows: Sequence[Row]) -> str:
    """The rows as text, one line each."""
    cells = [("benchmark", "ours", "reference", "ratio", "target", "")]
    for row in rows:
        reference = "-" if row.reference is None else f"{_number(row.reference)} {row.reference_name}".strip()
        sign = ">=" if row.direction == "at least" else "<="
        target = "-" if row.target is None else f"{sign} {_number(row.target)}{'x' if row.ratio is not None else ''}"
        verdict = {None: "", True: "met", False: "NOT MET"}[row.met]
        ratio = "-" if row.ratio is None else f"{row.ratio:.2f}x"
        cells.append((row.name, f"{_number(row.ours)} {row.unit}", reference, ratio, target, verdict))
    widths = [max(len(line[column]) for line in cells) for column in range(6)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in cells
    )


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
