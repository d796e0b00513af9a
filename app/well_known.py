"""Addresses that password managers, security researchers and crawlers look for (RFC 8615, 9116, 9309)."""

from datetime import UTC, datetime, timedelta
from typing import Any

from litestar import MediaType, Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.response import Redirect

from app.access import anyone
from app.applications import Application, all_applications
from app.links import links_of
from app.pages import see
from app.visitor import CurrentVisitor

# Pages of a person are nothing for a search engine; neither are the ways to them.
NOT_FOR_CRAWLERS = (
    *("sign_in", "register", "account", "forgotten_password", "reset_password"),
    *("confirm_email", "undo_email_change"),
)


@get("/.well-known/change-password", name="change_password_address", guards=[anyone], status_code=303)
async def change_password_address(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Redirect:
    """Leads password managers to where a password is changed (W3C, A Well-Known URL for Changing Passwords)."""
    has_account_pages = visitor.is_signed_in and not visitor.application.is_back_office
    return see(request, "password" if has_account_pages else "forgotten_password")


@get("/.well-known/security.txt", name="security_txt", guards=[anyone], media_type=MediaType.TEXT)
async def security_txt(visitor: CurrentVisitor) -> str:
    """Whom to tell of a security problem; 404 while the shop names nobody (`security_contact`)."""
    application = visitor.application
    if not application.security_contact:
        raise NotFoundException
    expires = (datetime.now(UTC) + timedelta(days=180)).replace(microsecond=0).isoformat()
    canonical = links_of(application).url("security_txt")
    return f"Contact: {application.security_contact}\nExpires: {expires}\nCanonical: {canonical}\n"


@get("/robots.txt", name="robots_txt", guards=[anyone], media_type=MediaType.TEXT)
async def robots_txt(visitor: CurrentVisitor) -> Response[str]:
    """What search engines may read: the catalogs of the shops, nothing of a person.

    They ask at the root of a host and nowhere else (RFC 9309, 2.3), so that the file is the same in all applications
    of a host and speaks for all of them.
    """
    origin = visitor.application.origin
    here = [one for one in all_applications() if one.origin == origin]
    closed = [f"Disallow: {path}\n" for one in here for path in _closed_in(one)]
    sitemaps = [
        f"Sitemap: {links_of(one).url('sitemap')}\n" for one in here if "sitemap" in links_of(one).names
    ]
    text = "".join(["User-agent: *\n", *closed, *sitemaps])
    return Response(text, media_type=MediaType.TEXT, headers={"Cache-Control": "public, max-age=86400"})


def _closed_in(application: Application) -> list[str]:
    links = links_of(application)
    if application.is_back_office:
        # Its pages say in a header that nobody may keep them (app/headers.py), which a crawler that is kept out never
        # sees. A line here would only show everybody where the back office is.
        return []
    return [links.path(name) for name in NOT_FOR_CRAWLERS if name in links.names]


routes = [change_password_address, security_txt, robots_txt]
