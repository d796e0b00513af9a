"""Cross-site requests: who may change something from where (security.md, Cross-site).

Litestar's CSRF token is one lock; this check of what the browser says of the request's origin is the other.
Both must open.
"""

from typing import Any

from litestar import Response
from litestar.types import HTTPScope

from app.applications import Application

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# What a mail program presses wherever it runs (RFC 8058). The signed token in the address is the whole authority
# there, no cookie is looked at, and it does nothing but end a newsletter.
PRESSED_FROM_ANYWHERE = frozenset({"/newsletter/unsubscribe"})


def give_up_open_forms(answer: Response[Any], application: Application) -> None:
    """Lets the browser forget the token, so that no form can be sent that was opened before; the next page brings
    another one. Litestar never replaces a token by itself (stack.md)."""
    answer.delete_cookie(application.cookie_name("csrf"), path=application.cookie_path)


def is_from_elsewhere(scope: HTTPScope, application: Application) -> bool:
    """Whether a changing request was made by another site.

    What the browser sends of `Sec-Fetch-Site` and `Origin` must both be ours. A client that sends neither is
    no browser of a victim, and still needs the token.
    """
    if scope["method"] in SAFE_METHODS:
        return False
    if scope["path"].removeprefix(application.prefix) in PRESSED_FROM_ANYWHERE:
        return False
    headers = {name: value.decode("latin-1").lower() for name, value in scope["headers"]}
    site = headers.get(b"sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return True
    origin = headers.get(b"origin")
    if origin is None:
        return False
    if origin == "null" and site == "same-origin":
        # The pages of links in mails have `Referrer-Policy: no-referrer`, and then a browser keeps the origin
        # of their forms to itself as well (Fetch standard, "append a request Origin header"). What no page of
        # ours has sent, a sandboxed frame for example, is never same-origin.
        return False
    # The scheme is the configured one: behind a proxy that ends TLS the request itself came by http. Below
    # the host that was asked for, the dispatcher has found this application.
    scheme, _, _ = application.origin.partition("://")
    return origin not in (f"{scheme}://{headers.get(b'host', '')}", application.origin.lower())
