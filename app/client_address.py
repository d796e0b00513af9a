"""The client's address: from the socket; from X-Forwarded-For only behind configured proxies (security.md)."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from litestar.types import Scope

from app.settings import settings

Address = IPv4Address | IPv6Address


def client_address(scope: Scope) -> Address | None:
    """The address of the client, or None on a socket that has none.

    The forwarded list is read from the right: each hop is believed only if the one behind it is a trusted proxy.
    """
    client = scope.get("client")
    address = _parsed(client[0]) if client else None
    if address is None or not _is_trusted(address):
        return address
    for hop in reversed(_forwarded(scope)):
        found = _parsed(hop)
        if found is None:
            return address
        address = found
        if not _is_trusted(address):
            return address
    return address


def client_key(scope: Scope) -> str:
    """What limits count by: an IPv4 address, or the /64 of an IPv6 one (security.md, Sign-in)."""
    address = client_address(scope)
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


def _forwarded(scope: Scope) -> list[str]:
    sent = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
    return [part.strip() for part in sent.decode("latin-1").split(",") if part.strip()]


def _is_trusted(address: Address) -> bool:
    return any(address in network for network in settings().trusted_proxies)


def _parsed(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
