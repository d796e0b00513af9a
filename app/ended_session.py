"""What people see whose session has ended while they were buying: shops serve them as strangers, whose basket is
another one, so that they are told to sign in where that would look as if theirs was lost."""

from typing import Any

from litestar import Request
from litestar.response import Redirect

from app.flash import Flash
from app.languages import gettext as _
from app.languages import text
from app.links import links_of
from app.pages import see
from app.visitor import Visitor

BASKET_WAITS = text("You were signed out meanwhile. Please sign in: your basket waits for you.")
ANSWERS_WAIT = text(
    "You were signed out meanwhile. Please sign in: your basket waits for you, and so does what you have typed."
)


def session_has_ended(visitor: Visitor, request: Request[Any, Any, Any]) -> bool:
    """Whether the browser still names a session that is over: who signs out does not."""
    return visitor.session is None and visitor.application.cookie_name("session") in request.cookies


def sign_in_to(request: Request[Any, Any, Any], name: str, said: str = BASKET_WAITS) -> Redirect:
    """To the sign-in, and from there on to the page of that route name."""
    visitor: Visitor = request.scope["visitor"]  # type: ignore[typeddict-item]  # put there by app.main
    wanted = links_of(visitor.application).path(name)
    return see(request, "sign_in", next=wanted, flash=Flash(_(said), "warning"))
