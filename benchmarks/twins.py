"""Two installations of different size, each in a process of its own, measured in turns.

A module that is measured so runs as ``python -m MODULE ARGUMENTS``: it fills its installation, says so, and then
answers each line that it is sent with one round of figures.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

Figures = Mapping[str, float]
_ROOT = Path(__file__).resolve().parents[1]


def serve(measure: Callable[[], Figures]) -> None:
    """Answer rounds until there is nobody who asks. The other side of ``medians``."""
    print(json.dumps({}), flush=True)
    for _ in sys.stdin:
        print(json.dumps(measure()), flush=True)


def medians(module: str, sizes: Mapping[str, Sequence[str]], rounds: int) -> dict[str, dict[str, float]]:
    """Run a module once for each entry of ``sizes``, its arguments; return the median figures of each by name."""
    found: dict[str, list[Figures]] = {name: [] for name in sizes}
    with ExitStack() as stack:
        children = {name: stack.enter_context(_child(module, arguments)) for name, arguments in sizes.items()}
        for _ in range(rounds):
            for name, ask in children.items():
                found[name].append(ask())
    return {
        name: {key: statistics.median(figures[key] for figures in told) for key in told[0]}
        for name, told in found.items()
    }


@contextmanager
def _child(module: str, arguments: Sequence[str]) -> Iterator[Callable[[], Figures]]:
    command = [sys.executable, "-m", module, *arguments]
    child = subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdin is not None
    assert child.stdout is not None
    stdin, stdout = child.stdin, child.stdout

    def read() -> Figures:
        line = stdout.readline()
        assert line, f"{module} ended with {child.wait()}"
        figures: Figures = json.loads(line)
        return figures

    def ask() -> Figures:
        stdin.write("\n")
        stdin.flush()
        return read()

    try:
        read()
        yield ask
    finally:
        stdin.close()
        child.wait()
