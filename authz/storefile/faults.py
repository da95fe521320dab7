"""What is wrong with a store file, told with its place. An answer that was not expected is no fault but a result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong: the file it stands in, a sentence, line and column (1-based, 0 where unknown), and a code.

    ``code`` is that of a model's problem or of an error of ``authz.errors``; empty for the shape of the file.
    """

    file: Path
    message: str
    line: int = 0
    column: int = 0
    code: str = ""

    @property
    def place(self) -> str:
        """``file:line:column`` as editors understand it, as far as it is known."""
        numbers = [str(number) for number in (self.line, self.column) if number]
        return ":".join([str(self.file), *numbers])

    @property
    def text(self) -> str:
        """The place, the sentence and the code in one line."""
        return f"{self.place}: {self.message}" + (f" [{self.code}]" if self.code else "")


class InvalidStoreFile(ValueError):
    """The file is not a store file, or its model, tuples or what it names are wrong; ``faults`` holds every one."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(fault.text for fault in self.faults))
