"""The table that the demonstration prints: step, items, bytes, seconds."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field

from filegraph.client.terminal import human_size


@dataclass(slots=True)
class Step:
    """One line of the table. ``items`` and ``size`` (bytes) are filled in by the step itself."""

    title: str
    items: int = 0
    size: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Report:
    """Steps as they are made; each is told when it ends."""

    steps: list[Step] = field(default_factory=list)
    _started: float = 0.0

    def begin(self, title: str) -> Step:
        """Start the next step; the one before it is over."""
        if self.steps:
            self.finish()
        self._started = time.monotonic()
        step = Step(title)
        self.steps.append(step)
        return step

    def finish(self) -> None:
        """End the step that is being made, and say so."""
        step = self.steps[-1]
        if not step.seconds:
            step.seconds = time.monotonic() - self._started
            sys.stderr.write(f"  done in {step.seconds:6.2f} s  {step.title}\n")

    def table(self) -> str:
        """The whole as text."""
        width = max(len(step.title) for step in self.steps)
        lines = [f"{'step':<{width}}  {'items':>7}  {'bytes':>11}  {'seconds':>8}"]
        for step in self.steps:
            size = human_size(step.size) if step.size else "-"
            lines.append(f"{step.title:<{width}}  {step.items or '-':>7}  {size:>11}  {step.seconds:>8.2f}")
        seconds = sum(step.seconds for step in self.steps)
        lines.append(f"{'all':<{width}}  {'':>7}  {'':>11}  {seconds:>8.2f}")
        return "\n".join(lines)
