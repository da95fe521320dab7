"""IP addresses as conditions know them: values that can be compared, and networks that hold them.

The rules are those of Go's ``net/netip``, which OpenFGA's ``ipaddress`` stands on, with one of its own: an IPv6 address
that only wraps an IPv4 one *is* that IPv4 address.
"""

from __future__ import annotations

import ipaddress
import re

_PREFIX = re.compile(r"([^/%]+)/(0|[1-9][0-9]{0,2})")
_MAPPED_BITS = 96
"""Bits in front of the IPv4 address in an IPv6 address that wraps one."""


def packed_address(text: str) -> bytes:
    """Return an address in network order, 4 or 16 bytes, with the zone of an IPv6 address behind them.

    Equal addresses have equal bytes, however they were written. Raises ValueError for what is no address.
    """
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv4Address):
        return address.packed
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped.packed
    return address.packed + (address.scope_id or "").encode()


def in_network(packed: bytes, network: str) -> bool:
    """Tell whether the address lies in ``network`` (``10.0.0.0/8``; bits beyond the prefix do not matter).

    An address with a zone lies in no network. Raises ValueError for what is no network in CIDR notation.
    """
    parts = _PREFIX.fullmatch(network)
    if parts is None:
        raise ValueError("not a network in CIDR notation")
    base, bits = ipaddress.ip_address(parts[1]), int(parts[2])
    if bits > base.max_prefixlen:
        raise ValueError("the prefix of a network is longer than its address")
    if isinstance(base, ipaddress.IPv6Address) and base.ipv4_mapped is not None and bits >= _MAPPED_BITS:
        base, bits = base.ipv4_mapped, bits - _MAPPED_BITS
    if len(packed) != base.max_prefixlen // 8:
        return False
    shift = base.max_prefixlen - bits
    return int.from_bytes(packed) >> shift == int(base) >> shift
