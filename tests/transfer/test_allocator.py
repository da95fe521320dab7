from __future__ import annotations

import platform

from transfer.allocator import pad_heap_top


def test_it_takes_effect_on_glibc_and_is_harmless_elsewhere() -> None:
    assert pad_heap_top() is (platform.libc_ver()[0] == "glibc")
