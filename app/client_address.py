"""The client's address: from the socket; from X-Forwarded-For only behind configured proxies (security.md)."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from litestar.types import Scope

from app.settings import Network, settings

Address = IPv4Address | IPv6Address


def client_address(scope: Scope) -> Address | None:
    """The address of the client, or None on a socket that has none.

    The forwarded list is read from the right: each hop is believed only if the one behind it is a trusted proxy.
    """
    client = scope.get("client")
    if not client:
        return None
    forwarded = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
    return _address_of(client[0], forwarded, settings().trusted_proxies)


@lru_cache(maxsize=1000)  # a request asks several times, and the same client often
def _address_of(socket: str, forwarded: bytes, trusted: tuple[Network, ...]) -> Address | None:
    address = _parsed(socket)
    if address is None or not _is_one_of(address, trusted):
        return address
    for hop in reversed([part.strip() for part in forwarded.decode("latin-1").split(",") if part.strip()]):
        found = _parsed(hop)
        if found is None:
            return address
        address = found
        if not _is_one_of(address, trusted):
            return address
    return address


def client_key(scope: Scope) -> str:
    """What limits count by: an IPv4 address, or the /64 of an IPv6 one (security.md, Sign-in)."""
    return _key_of(client_address(scope))


@lru_cache(maxsize=1000)
def _key_of(address: Address | None) -> str:
    if address is None:
        return "unknown"
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, 64), strict=False))
    return str(address)


def address_family(scope: Scope) -> str:
    """IPv4, IPv6, or "local" for this machine; "" on a socket that has no address.

    All that is kept of an address with a session: enough to tell an own device, and nothing to follow people by.
    """
    address = client_address(scope)
    if address is None:
        return ""
    return "local" if address.is_loopback else f"IPv{address.version}"


def _is_one_of(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks)


def _parsed(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
