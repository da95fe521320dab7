from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from transfer.pace import Pace


def pace() -> Pace:
    return Pace(idle_timeout=60, min_rate=1024, grace=10)


def test_the_first_bytes_must_come_within_the_grace_period() -> None:
    assert pace().allowance == 10


def test_bytes_in_time_earn_time_but_no_more_than_the_idle_timeout() -> None:
    body = pace()
    body.account(waited=0.01, size=100 * 1024 * 1024)
    assert body.allowance == 60


def test_a_drip_ends_even_after_a_fast_start() -> None:
    body = pace()
    body.account(waited=1, size=100 * 1024 * 1024)
    seconds = 0
    while body.allowance > 1:
        body.account(waited=1, size=1)
        seconds += 1
    assert 55 <= seconds <= 65


@given(st.lists(st.tuples(st.floats(0.1, 5), st.integers(1, 64 * 1024)), min_size=1))
def test_whoever_keeps_twice_the_rate_is_never_ended(messages: list[tuple[float, int]]) -> None:
    body = pace()
    for waited, extra in messages:
        assert waited <= body.allowance
        body.account(waited=waited, size=int(waited * 2048) + extra)


def test_without_a_minimum_rate_only_silence_counts() -> None:
    body = Pace(idle_timeout=60, min_rate=0, grace=10)
    for _ in range(1000):
        assert body.allowance == 60
        body.account(waited=59, size=1)
