"""Choosing for which company to act; only where customers have many users (pages.md)."""

from typing import Annotated, Any

from litestar import Request, Response, get, post

from app.access import customers_with
from app.account.switching import choices_of, switch_customer
from app.customers.types import Extension
from app.flash import Flash
from app.forms import Form, Text, blank, read_form
from app.languages import gettext as _
from app.pages import Page, see
from app.visitor import CurrentVisitor, Visitor


class SwitchForm(Form):
    """The choice: the customer's number."""

    customer: Annotated[str, Text(max_length=40)]


@get("/switch-customer", name="switch_customer", guards=[customers_with(Extension.GROUP)])
async def switch_page(visitor: CurrentVisitor) -> Page:
    """The companies of the person, to choose one."""
    return await _page(visitor)


@post("/switch-customer", name="switch_customer_post", guards=[customers_with(Extension.GROUP)])
async def switch(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Acts for the chosen company from now on: its basket, prices, orders, addresses and permissions."""
    form = await read_form(request, SwitchForm)
    name = await switch_customer(visitor, form.data.customer) if form.is_valid else None
    if name is None:
        return await _page(visitor, is_refused=True)
    return see(request, "account", flash=Flash(_("You now act for %(company)s.", company=name)))


async def _page(visitor: Visitor, *, is_refused: bool = False) -> Page:
    return Page(
        "account/switch_customer.html",
        status_code=422 if is_refused else 200,
        form=blank(SwitchForm),
        choices=await choices_of(visitor),
        is_refused=is_refused,
    )


routes = [switch_page, switch]
