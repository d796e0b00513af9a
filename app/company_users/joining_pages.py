"""Who may ask to join the company, and deciding on those who did (pages.md)."""

import uuid
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.company_users.invitations_pages import MANAGERS, grantable_roles
from app.company_users.joining import (
    DomainRefused,
    join_domain_of,
    let_domain_ask,
    let_join,
    own_domain,
    refuse_to_let_join,
    wishes_of,
)
from app.company_users.managing import ChangeRefused, limits_to_give
from app.company_users.proving_to_grant import asks_elsewhere, asks_password, prove_within
from app.company_users.roles import roles_of
from app.flash import Flash
from app.forms import FilledForm, Flag, Form, Secret, Several, blank, read_form
from app.languages import gettext as _
from app.pages import Page, see
from app.visitor import CurrentVisitor, Visitor


class DomainForm(Form):
    """The switch."""

    is_on: Annotated[bool, Flag()]


class AcceptForm(Form):
    """The roles of somebody who asked, and the proof that some roles need."""

    roles: Annotated[list[str], Several(at_most=60)]
    current_password: Annotated[str, Secret(required=False)]


@get("/account/users/joining", name="joining", guards=MANAGERS)
async def joining_page(visitor: CurrentVisitor) -> Page:
    """The switch for the e-mail domain, and who waits for an answer."""
    return await _page(visitor)


@post("/account/users/joining", name="joining_post", guards=MANAGERS)
async def switch_domain(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Lets people of the visitor's e-mail domain ask to join, or nobody."""
    form = await read_form(request, DomainForm)
    try:
        domain = await let_domain_ask(visitor, is_on=form.is_valid and form.data.is_on)
    except DomainRefused:
        return await _page(visitor, 422, domain_is_refused=True)
    if domain:
        said = _("People with a verified e-mail of %(domain)s may ask to join.", domain=domain)
    else:
        said = _("Nobody may ask to join any more.")
    return see(request, "joining", flash=Flash(said))


@post("/account/users/joining/{wish:uuid}/accept", name="accept_wish", guards=MANAGERS)
async def accept(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, wish: FromPath[uuid.UUID]
) -> Response[Any]:
    """Lets somebody join with the ticked roles."""
    form = await read_form(request, AcceptForm)
    if not form.is_valid or not await prove_within(request, visitor, form):
        return await _page(visitor, 422, wish=wish, form=form)
    try:
        name = await let_join(visitor, wish, form.data.roles)
    except LookupError:
        raise NotFoundException from None
    except ChangeRefused:
        form.add_error(
            "roles", _("Please choose roles that you may grant: nobody grants more than they have.")
        )
        return await _page(visitor, 422, wish=wish, form=form)
    return see(request, "joining", flash=Flash(_("%(name)s acts for your company now.", name=name)))


@post("/account/users/joining/{wish:uuid}/refuse", name="refuse_wish", guards=MANAGERS)
async def refuse(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, wish: FromPath[uuid.UUID]
) -> Response[Any]:
    """Refuses somebody who asked."""
    try:
        name = await refuse_to_let_join(visitor, wish)
    except LookupError:
        raise NotFoundException from None
    return see(request, "joining", flash=Flash(_("%(name)s is told that they cannot join.", name=name)))


async def _page(
    visitor: Visitor,
    status_code: int = 200,
    *,
    domain_is_refused: bool = False,
    wish: uuid.UUID | None = None,
    form: FilledForm[AcceptForm] | None = None,
) -> Page:
    form = form or blank(AcceptForm)
    customer_id = visitor.account.customer_id if visitor.account is not None else None
    return Page(
        "company_users/joining.html",
        status_code=status_code,
        domain=await join_domain_of(customer_id),
        own_domain=await own_domain(visitor),
        wishes=await wishes_of(customer_id),
        roles=grantable_roles(visitor, await roles_of(customer_id)),
        is_limited=not (await limits_to_give(visitor)).is_unlimited,
        domain_is_refused=domain_is_refused,
        answered=wish,
        form=form,
        asks_password=asks_password(form),
        asks_elsewhere=await asks_elsewhere(visitor, form),
    )


routes = [joining_page, switch_domain, accept, refuse]
