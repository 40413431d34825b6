"""Which addresses belong to the open internet, and which to somebody's own network."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

# IANA's registries of special-purpose addresses, multicast, and what is reserved.
_CLOSED_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",  # where Azure tells its machines what nobody else may know
    )
)  # fmt: skip
_OPEN_V6 = IPv6Network("2000::/3")
_CLOSED_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocols of the IETF, Teredo among them
        "2001:db8::/32", "2002::/16", "3fff::/20",  # examples, and IPv4 in other clothes (6to4)
    )
)  # fmt: skip
_NAT64 = IPv6Network("64:ff9b::/96")
_ISATAP = 0x5EFE


def is_public(address: str) -> bool:
    """Whether an address is one of the open internet; nothing that is no address is.

    IPv6 addresses that carry an IPv4 address are as public as that one, or not at all.
    """
    found = _read(address)
    if found is None:
        return False
    if isinstance(found, IPv4Address):
        return not any(found in network for network in _CLOSED_V4)
    carried = IPv4Address(int(found) & 0xFFFFFFFF)
    if found in _NAT64:
        return is_public(str(carried))
    if found not in _OPEN_V6 or any(found in network for network in _CLOSED_V6):
        return False
    return not _is_isatap(found) or is_public(str(carried))


def is_within(address: str, networks: Sequence[Network]) -> bool:
    """Whether an address is in one of `networks`; an IPv4 address in IPv6 is taken for itself."""
    found = _read(address)
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return found is not None and any(found in network for network in networks)


def _read(address: str) -> Address | None:
    """The address that a text is; one with a zone (``fe80::1%eth0``) is none."""
    try:
        return ip_address(address) if "%" not in address else None
    except ValueError:
        return None


def _is_isatap(address: IPv6Address) -> bool:
    return int(address) >> 32 & 0xFDFFFFFF == _ISATAP
