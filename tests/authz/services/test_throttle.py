from __future__ import annotations

from authz.services.throttle import Throttle


def test_it_admits_once_in_its_time_and_anew_after_a_reset() -> None:
    now = [0.0]
    throttle = Throttle(60.0, lambda: now[0])
    admitted = []
    for now[0] in (0.0, 59.0, 60.0, 61.0):
        admitted.append(throttle.admits())
    assert admitted == [True, False, True, False]
    throttle.reset()
    assert throttle.admits()
