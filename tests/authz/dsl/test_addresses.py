"""Addresses: one spelling for each, and networks that hold them; OpenFGA's own answers are asked beside the engine."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from authz.dsl.addresses import canonical_address, in_network


@given(st.ip_addresses())
def test_every_spelling_of_an_address_is_the_same(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    spellings = {str(address), address.exploded, address.exploded.upper()}
    if address.version == 4:
        spellings |= {f"::ffff:{address}", f"::ffff:{address.packed[:2].hex()}:{address.packed[2:].hex()}"}
    assert len({canonical_address(spelling) for spelling in spellings}) == 1


@given(st.ip_addresses(), st.ip_addresses(v=4) | st.ip_addresses(v=6), st.integers(0, 128))
def test_a_network_holds_what_shares_its_prefix(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
    base: ipaddress.IPv4Address | ipaddress.IPv6Address,
    bits: int,
) -> None:
    assume(not any(isinstance(each, ipaddress.IPv6Address) and each.ipv4_mapped for each in (address, base)))
    bits = min(bits, base.max_prefixlen)
    assert in_network(canonical_address(str(base)), f"{base}/{bits}")
    expected = address in ipaddress.ip_network(f"{base}/{bits}", strict=False)
    assert in_network(canonical_address(str(address)), f"{base}/{bits}") is expected


def test_a_wrapped_address_is_the_one_inside() -> None:
    assert in_network(canonical_address("::ffff:10.0.0.1"), "10.0.0.0/8")
    assert in_network(canonical_address("10.0.0.1"), "::ffff:10.0.0.0/104")
    assert not in_network(canonical_address("::ffff:10.0.0.1"), "::/0")


def test_an_address_with_a_zone_is_in_no_network() -> None:
    assert not in_network(canonical_address("fe80::1%eth0"), "fe80::/10")
    assert canonical_address("fe80::1%eth0") != canonical_address("fe80::1")


@pytest.mark.parametrize("text", ["", "10.0.0", "10.0.0.01", "10.0.0.1/8", " ::1", "::1%", "x"])
def test_no_address(text: str) -> None:
    with pytest.raises(ValueError):
        canonical_address(text)


@pytest.mark.parametrize("text", ["", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/255.0.0.0", "fe80::%a/10"])
def test_no_network(text: str) -> None:
    with pytest.raises(ValueError):
        in_network(b"10.0.0.1", text)


def test_a_long_text_is_not_looked_through() -> None:
    long = "fe80::1%" + "z" * 92
    assert canonical_address(long) == long.encode()
    with pytest.raises(ValueError, match="not an address"):
        canonical_address(long + "z")
    with pytest.raises(ValueError, match="not a network"):
        in_network(b"10.0.0.1", "10.0.0.0/8" + "/" * 100)
    with pytest.raises(ValueError, match="not a network"):
        in_network(b"::1", ":" * 100 + "::/64")
