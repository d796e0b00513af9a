"""The headers of every answer (security.md, Input and output)."""

from typing import Any

from litestar.types import Message, Scope, Send

from app.applications import Application

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
PERMISSIONS_POLICY = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()"

_ALWAYS: list[tuple[bytes, bytes]] = [
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", PERMISSIONS_POLICY.encode()),
]
# Of the back office nothing is for a search engine, not even its address: robots.txt alone does not keep out an
# address that somebody has linked.
_NOT_INDEXED = (b"x-robots-tag", b"noindex, nofollow")
_HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")


def with_headers(scope: Scope, send: Send, request_id: str, application: Application | None) -> Send:
    """A `send` that adds the security headers, the request id and what caches must know."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            names = {name.lower() for name, _ in headers}
            headers += _ALWAYS
            headers.append((b"x-request-id", request_id.encode()))
            if application is not None and application.is_secure:
                headers.append(_HSTS)
            if application is not None and application.is_back_office:
                headers.append(_NOT_INDEXED)
            if b"referrer-policy" not in names:
                headers.append((b"referrer-policy", _referrer_policy(scope)))
            if b"cache-control" not in names:
                # Pages are made for one visitor; nothing keyed by less than the audience is ever cached.
                headers.append(
                    (b"cache-control", b"no-store" if _is_personal(scope) else b"private, no-cache")
                )
                headers.append((b"vary", b"Cookie, Accept-Language, HX-Request, HX-Request-Type"))
            if scope.get("flash_shown") and application is not None:
                headers.append((b"set-cookie", _deleted(application, "flash")))
            message["headers"] = headers
        await send(message)

    return send_with_headers


def _referrer_policy(scope: Scope) -> bytes:
    # The address of a page with a token in it is told to nobody (security.md, Tokens in links).
    return (
        b"no-referrer" if b"token=" in scope.get("query_string", b"") else b"strict-origin-when-cross-origin"
    )


def _is_personal(scope: Scope) -> bool:
    visitor: Any = scope.get("visitor")
    return visitor is None or visitor.session is not None or b"token=" in scope.get("query_string", b"")


def _deleted(application: Application, purpose: str) -> bytes:
    name = application.cookie_name(purpose)
    secure = "; Secure" if application.is_secure else ""
    return f"{name}=; Path={application.cookie_path}; Max-Age=0; HttpOnly; SameSite=Lax{secure}".encode()
