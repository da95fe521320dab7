"""IP addresses as conditions know them: values that can be compared, and networks that hold them.

The rules are those of Go's ``net/netip``, which OpenFGA's ``ipaddress`` stands on, with one of its own: an IPv6 address
that only wraps an IPv4 one *is* that IPv4 address.
"""

from __future__ import annotations

import ipaddress
import re

_NETWORK = re.compile(r"([^/%]+)/(0|[1-9][0-9]{0,2})")
_LONGEST = 100
"""Characters of a text that is read as an address or a network: more than any of them needs."""
_WRAPPING_BITS = 96
"""Bits in front of the IPv4 address in an IPv6 address that wraps one."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def canonical_address(text: str) -> bytes:
    """Return the one way to write an address, in ASCII: equal addresses have equal bytes, however they were written.

    Raises ValueError for what is no address.
    """
    if len(text) > _LONGEST:
        raise ValueError("not an address")
    address = ipaddress.ip_address(text)
    return str(_unwrapped(address)).encode()


def in_network(address: bytes, network: str) -> bool:
    """Tell whether a canonical address lies in ``network`` (``10.0.0.0/8``; bits beyond the prefix do not matter).

    An address with a zone lies in no network. Raises ValueError for what is no network in CIDR notation.
    """
    parts = _NETWORK.fullmatch(network) if len(network) <= _LONGEST else None
    if parts is None:
        raise ValueError("not a network in CIDR notation")
    base, bits = ipaddress.ip_address(parts[1]), int(parts[2])
    if bits > base.max_prefixlen:
        raise ValueError("the prefix of a network is longer than its address")
    if bits >= _WRAPPING_BITS and _unwrapped(base) is not base:
        base, bits = _unwrapped(base), bits - _WRAPPING_BITS
    found = ipaddress.ip_address(address.decode())
    if found.version != base.version or b"%" in address:
        return False
    shift = base.max_prefixlen - bits
    return int(found) >> shift == int(base) >> shift


def _unwrapped(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one wraps, any other as it is."""
    wrapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return wrapped if wrapped is not None else address
