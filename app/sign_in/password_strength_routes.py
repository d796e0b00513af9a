"""The fragment below the field for a new password: how strong it is so far."""

from typing import Any

from litestar import Request, post

from app.access import anyone
from app.errors import TooManyTries
from app.pages import Page
from app.sign_in.limits import count_client
from app.sign_in.password_strength import Strength, strength_of
from app.sign_in.passwords import SHORTEST, SHORTEST_WITH_SECOND_FACTOR
from app.visitor import CurrentVisitor, Visitor

# Pauses while typing, in 5 minutes. Beyond it there is no help and no error: nobody asked for anything.
PAUSES_OF_CLIENT = 200
# What a registration asks that others know of a person.
_KNOWN = ("email", "login", "first_name", "last_name", "company_name")


@post("/password-strength", name="password_strength", guards=[anyone])
async def password_strength(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Page:
    """Says how strong a typed password is. By POST, so that no address and no log ever holds it."""
    return Page("sign_in/password_strength.html", strength=await _strength(request, visitor))


async def _strength(request: Request[Any, Any, Any], visitor: Visitor) -> Strength | None:
    try:
        await count_client(request.scope, "password-strength", PAUSES_OF_CLIENT)
    except TooManyTries:
        return None
    sent = await request.form()
    typed = {name: value for name in (*_KNOWN, "password") if isinstance(value := sent.get(name), str)}
    about = [typed.get(name, "") for name in _KNOWN]
    if visitor.account is not None and visitor.is_signed_in:
        account = visitor.account
        about += [account.email, account.login, account.first_name, account.last_name, account.company_name]
    is_shorter = request.query_params.get("at_least") == str(SHORTEST_WITH_SECOND_FACTOR)
    return await strength_of(
        typed.get("password", ""),
        [*about, visitor.application.name],
        SHORTEST_WITH_SECOND_FACTOR if is_shorter else SHORTEST,
    )


routes = [password_strength]
