from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaver.core.addresses import is_public, is_within
from palaver.settings import EVERYWHERE

_V4 = st.integers(0, 2**32 - 1).map(IPv4Address)
_V6 = st.integers(0, 2**128 - 1).map(IPv6Address)


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "8.8.8.8", "93.184.216.34", "172.15.255.255", "172.32.0.1", "100.63.255.255",
     "100.128.0.1", "223.255.255.255", "2606:4700:4700::1111", "2a00:1450:4001:82b::200e",
     "64:ff9b::808:808", "2001:4860:4860::8888"],
)  # fmt: skip
def test_an_address_of_the_open_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    ["", "localhost", "fe80::1%eth0", "2001:4860:4860::8888%1", "127.1", "0x7f000001", "1.1.1.1 ",
     "[::1]", "1.1.1.1:80", "::", "::1", "fc00::1", "fe80::1", "ff02::1", "4000::1", "3fff::1"],
)  # fmt: skip
def test_what_is_no_address_or_a_special_one_is_not(address: str) -> None:
    assert not is_public(address)


@given(_V4, st.sampled_from(["::ffff:0:0", "::", "64:ff9b:1::", "::ffff:0:0:0", "2002::"]))
def test_an_ipv4_address_in_other_clothes_is_not(inner: IPv4Address, prefix: str) -> None:
    shift = 80 if prefix == "2002::" else 0
    assert not is_public(str(IPv6Address(int(IPv6Address(prefix)) | int(inner) << shift)))


@given(_V4, st.sampled_from(["64:ff9b::", "2606:4700::5efe:0:0", "2606:4700::200:5efe:0:0"]))
def test_a_translated_address_is_as_public_as_what_it_carries(
    inner: IPv4Address, prefix: str
) -> None:
    outer = IPv6Address(int(IPv6Address(prefix)) | int(inner))
    assert is_public(str(outer)) is is_public(str(inner))


@given(_V4 | _V6)
def test_nothing_is_public_that_the_standard_library_knows_to_be_private(
    address: IPv4Address | IPv6Address,
) -> None:
    if is_public(str(address)) and address not in ip_network("64:ff9b::/96"):
        assert address.is_global and not address.is_multicast and not address.is_reserved


@given(_V4 | _V6)
def test_everywhere_is_everywhere(address: IPv4Address | IPv6Address) -> None:
    assert is_within(str(address), EVERYWHERE)


def test_a_mapped_address_is_within_the_networks_of_the_one_it_maps() -> None:
    assert is_within("::ffff:10.0.0.1", [ip_network("10.0.0.0/8")])
    assert not is_within("10.0.0.1", [ip_network("11.0.0.0/8")])
    assert not is_within("localhost", EVERYWHERE)
