"""Choosing for which company to act; only where customers have many users (pages.md)."""

from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromQuery, QueryParameter

from app.access import signed_in
from app.account.switching import choices_of, switch_customer
from app.cross_site import give_up_open_forms
from app.flash import Flash
from app.forms import Form, Text, blank, read_form
from app.languages import gettext as _
from app.links import path_within
from app.pages import Page, see, see_path
from app.visitor import CurrentVisitor, Visitor


class SwitchForm(Form):
    """The choice: the customer's number, and the page where the person goes on."""

    customer: Annotated[str, Text(max_length=40)]
    next: Annotated[str, Text(max_length=2000, required=False)]


@get("/switch-customer", name="switch_customer", guards=[signed_in])
async def switch_page(
    request: Request[Any, Any, Any],
    visitor: CurrentVisitor,
    customer: FromQuery[str] = "",
    wanted: Annotated[str, QueryParameter(name="next")] = "",
) -> Response[Any]:
    """The companies of the person, to choose one; or the one that a link in a mail is meant for.

    Opening the link changes nothing. A company that is not the person's is missing, as if there were none.
    """
    if not customer:
        return await _page(visitor)
    choice = next((one for one in await choices_of(visitor) if one.number == customer), None)
    if choice is None or choice.refusal is not None:
        raise NotFoundException
    after = path_within(visitor.application, wanted)
    if choice.is_current:
        return see_path(request, after) if after is not None else see(request, "account")
    return Page("account/switch_to_customer.html", choice=choice, wanted=after or "")


@post("/switch-customer", name="switch_customer_post", guards=[signed_in])
async def switch(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Acts for the chosen company from now on: its basket, prices, orders, addresses and permissions."""
    form = await read_form(request, SwitchForm)
    name = await switch_customer(visitor, form.data.customer) if form.is_valid else None
    if name is None:
        return await _page(visitor, is_refused=True)
    flash = Flash(_("You now act for %(company)s.", company=name))
    after = path_within(visitor.application, form.data.next)
    answer = (
        see_path(request, after, flash=flash) if after is not None else see(request, "account", flash=flash)
    )
    # What stands in another tab was meant for the company before.
    give_up_open_forms(answer, visitor.application)
    return answer


async def _page(visitor: Visitor, *, is_refused: bool = False) -> Page:
    return Page(
        "account/switch_customer.html",
        status_code=422 if is_refused else 200,
        form=blank(SwitchForm),
        choices=await choices_of(visitor),
        is_refused=is_refused,
    )


routes = [switch_page, switch]
