"""How long a client may let us wait for the next bytes of a body. Pure: seconds and bytes in, seconds out.

A client has a credit of seconds. Waiting uses it up; each byte earns ``1 / min_rate`` seconds. It starts at the
grace period and never grows beyond the idle time-out, so bytes sent fast do not pay for a slow drip later on. Time that
passes while the disk is busy is not the client's and is not counted. Without a minimum rate (0) only silence counts.
"""

from __future__ import annotations


class Pace:
    """The credit of one body."""

    __slots__ = ("_cap", "_credit", "_rate")

    def __init__(self, *, idle_timeout: float, min_rate: int, grace: float) -> None:
        self._cap = idle_timeout
        self._rate = min_rate
        self._credit = min(grace, idle_timeout) if min_rate else idle_timeout

    @property
    def allowance(self) -> float:
        """Seconds that the next message may take."""
        return self._credit

    def account(self, *, waited: float, size: int) -> None:
        """Book a message of ``size`` bytes that took ``waited`` seconds."""
        if self._rate:
            self._credit = min(self._cap, max(0.0, self._credit - waited) + size / self._rate)
