"""What counts as one address, where something is counted for each. No Django, no database."""

from __future__ import annotations

import ipaddress


def network(address: str) -> str:
    """Return an IPv4 address, the /64 network of an IPv6 one, or a text that is no address as it is."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
