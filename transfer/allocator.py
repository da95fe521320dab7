"""Keeps glibc from giving the top of the heap back to the kernel after each message of a body.

A server allocates and frees some hundred KiB per message, right at the heap's top. By default each free trims the heap
and the next allocation faults every page in again, which costs more than the rest of the upload. A padding of the top
ends that, for a few MiB of resident memory. On other C libraries nothing happens.
"""

from __future__ import annotations

import ctypes
import platform
from typing import Final

M_TOP_PAD: Final = -2
TOP_PAD: Final = 16 * 1024 * 1024
"""Bytes kept at the top of the heap."""


def pad_heap_top(size: int = TOP_PAD) -> bool:
    """Set glibc's ``M_TOP_PAD`` to ``size`` bytes for this process. True if it took effect; never raises."""
    if platform.libc_ver()[0] != "glibc":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    mallopt.argtypes = (ctypes.c_int, ctypes.c_int)
    mallopt.restype = ctypes.c_int
    return bool(mallopt(M_TOP_PAD, size))
