"""The address of an application, spelt as browsers spell it, since what a request names is compared with it."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

# A prefix that every request spells alike: no encoded characters, no empty parts, no dots for a part.
_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)*/?")
# A host as browsers spell it in the header Host: ASCII (other letters in the form xn--…), no dot at the end.
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class ApplicationUrl:
    """`url` ends with a slash; `host` has no port, `prefix` no slash at its end."""

    url: str
    host: str
    prefix: str


def read_application_url(typed: str) -> ApplicationUrl | None:
    """An address that requests can have, or None."""
    try:
        parts = urlsplit(typed)
        port = parts.port
    except ValueError:
        return None
    is_plain = not (parts.query or parts.fragment or parts.username or parts.password or port == 0)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    if (
        parts.scheme not in _PORTS
        or not is_plain
        or not _HOST.fullmatch(host)
        or not _PATH.fullmatch(parts.path)
    ):
        return None
    prefix = parts.path.rstrip("/")
    return ApplicationUrl(f"{parts.scheme}://{host}{_port(parts)}{prefix}/", host, prefix)


def _port(parts: SplitResult) -> str:
    """The port as browsers write it in an origin: only where it is not the usual one (RFC 6454, 6.1)."""
    return "" if parts.port in (None, _PORTS[parts.scheme]) else f":{parts.port}"
