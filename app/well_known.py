"""Addresses that password managers, security researchers and crawlers look for (RFC 8615, 9116, 9309)."""

from datetime import UTC, datetime, timedelta
from typing import Any

from litestar import MediaType, Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.response import Redirect

from app.access import anyone
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
    """What search engines may read: the catalog of a shop, nothing of the back office."""
    links = links_of(visitor.application)
    if visitor.application.is_back_office:
        closed = [links.path("home")]
    else:
        closed = [links.path(name) for name in NOT_FOR_CRAWLERS if name in links.names]
    text = "User-agent: *\n" + "".join(f"Disallow: {path}\n" for path in closed)
    if "sitemap" in links.names:
        text += f"Sitemap: {links.url('sitemap')}\n"
    return Response(text, media_type=MediaType.TEXT, headers={"Cache-Control": "public, max-age=86400"})


routes = [change_password_address, security_txt, robots_txt]
