"""Measurements: ours and a reference, interleaved in one run; only ratios mean anything.

``make bench``, or ``python -m benchmarks [NAME ...] [--size short|full]``. One file per benchmark, with ``NAME`` and
``run(size) -> list[Row]``; each asserts that what it measured was right. This is no part of the service.
"""
