"""A person's companies: those for which they act, invitations that wait, and ways to another one (pages.md).

In every shop, since a shopper's login can join or add a company too (domain.md 4).
"""

import uuid
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException

from app.access import signed_in
from app.company_users.invitations_accepting import (
    InvitationRefused,
    SomebodyElse,
    accept_as_known_user,
    waiting_for,
)
from app.company_users.joining import ask_to_join, joinable_companies, own_companies
from app.errors import Conflict
from app.flash import Flash
from app.forms import Form, Text, read_form
from app.languages import gettext as _
from app.pages import Page, see
from app.registration.add_company import addable_types
from app.visitor import CurrentVisitor


class AcceptForm(Form):
    """The button of an invitation."""

    invitation: Annotated[str, Text(max_length=40)]


class AskForm(Form):
    """The company that somebody asks, and what they say."""

    customer: Annotated[str, Text(max_length=40)]
    comment: Annotated[str, Text(max_length=500, required=False)]


@get("/account/companies", name="own_companies", guards=[signed_in])
async def companies_page(visitor: CurrentVisitor) -> Page:
    """The companies of the signed-in person."""
    user_id = visitor.account.user_id if visitor.account is not None else uuid.UUID(int=0)
    return Page(
        "company_users/own_companies.html",
        companies=await own_companies(user_id),
        invitations=await waiting_for(user_id),
        joinable=await joinable_companies(visitor),
        addable=addable_types(),
    )


@post("/account/companies/accept", name="accept_own_invitation", guards=[signed_in])
async def accept(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Accepts an invitation that was sent to the person's e-mail."""
    form = await read_form(request, AcceptForm)
    try:
        joined = await accept_as_known_user(_key(form.value("invitation")), visitor)
    except (LookupError, SomebodyElse):
        # An invitation of somebody else and a missing one are the same.
        raise NotFoundException from None
    except InvitationRefused:
        said = Flash(_("This invitation no longer works. Please ask the company for a new one."), "danger")
        return see(request, "own_companies", flash=said)
    said = Flash(_("You can act for %(company)s now.", company=joined.company))
    return see(request, "own_companies", flash=said)


@post("/account/companies/join", name="ask_to_join", guards=[signed_in])
async def ask(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Asks a company of the person's e-mail domain to let them join."""
    form = await read_form(request, AskForm)
    if not form.is_valid:
        said = Flash(_("Please write at most 500 characters to the company."), "danger")
        return see(request, "own_companies", flash=said)
    try:
        name = await ask_to_join(visitor, form.data.customer, form.data.comment)
    except LookupError:
        raise NotFoundException from None
    except Conflict:
        said = Flash(_("The company has refused a moment ago. You can ask again in a week."), "warning")
        return see(request, "own_companies", flash=said)
    said = Flash(_("%(company)s is asked. You get a mail once somebody has decided.", company=name))
    return see(request, "own_companies", flash=said)


def _key(typed: str) -> uuid.UUID:
    try:
        return uuid.UUID(typed)
    except ValueError:
        raise NotFoundException from None


routes = [companies_page, accept, ask]
