"""Orders of a signed-in person: history, detail, ordering again, withdrawal (pages.md)."""

import uuid
from dataclasses import replace
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.access import NotPermitted, signed_in
from app.basket.owner import owner_of
from app.customers.permissions import Permission, visitor_may
from app.flash import Flash
from app.forms import Day, FilledForm, Form, asked_for, fill
from app.languages import date_text, money_text, ngettext
from app.languages import gettext as _
from app.links import Links, links_of
from app.orders.claiming import claim_guest_orders
from app.orders.history import ListedOrder, Wanted, history_of, order_seen_by
from app.orders.invoices import NOT_YET
from app.orders.order import OrderMissing, StoredOrder, lines_of
from app.orders.reorder import reorder, told
from app.orders.states import STATE_NAMES, state_words
from app.orders.withdrawal import RightOfWithdrawal, WithdrawalRefused, right_of_withdrawal, withdraw
from app.other_customers import look_elsewhere
from app.pages import Page, see
from app.visitor import CurrentVisitor, Visitor
from tables.orders import OrderState

# What an address of the history may pick out; its pages keep all of it.
FILTERS = ("q", "state", "buyer", "from", "to")
STATES_BY_VALUE = {one.value: one for one in OrderState}


class DaysForm(Form):
    """The days from which and to which orders are shown."""

    first: Annotated[Any, Day()]
    last: Annotated[Any, Day()]


@get("/account/orders", name="orders", guards=[signed_in])
async def orders_page(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Page:
    """The history, newest first."""
    asked = {name: asked_for(request.query_params.get(name, "")) for name in FILTERS}
    days = fill(DaysForm, {"first": [asked["from"]], "last": [asked["to"]]})
    # What is no day cannot stand in a field for days; the message above the list says so.
    refused = {field for field, _message in days.errors}
    asked |= {name: "" for name, field in (("from", "first"), ("to", "last")) if field in refused}
    wanted = _wanted(request.query_params.get("page", ""), asked["buyer"], days)
    wanted = replace(wanted, text=asked["q"], state=STATES_BY_VALUE.get(asked["state"]))
    links = links_of(visitor.application)

    def url_of(page: int) -> str:
        return links.path("orders", page=page if page > 1 else None, **asked)

    history = await history_of(visitor, wanted, with_buyers=True)
    return Page(
        "orders/orders.html",
        history=history,
        rows=[_row(order, links) for order in history.orders],
        asked=asked,
        states=STATE_NAMES,
        problems=[message for _field, message in days.errors],
        url_of=url_of,
    )


def _row(order: ListedOrder, links: Links) -> tuple[str, ...]:
    """What the row of an order says, in the order of its holes. Worked out here, since a template takes longer."""
    return (
        links.path("order", number=order.number),
        order.number,
        date_text(order.placed_at),
        order.buyer_name,
        state_words(order.state, is_withdrawn=order.is_withdrawn),
        str(order.pieces),
        money_text(order.gross_total, order.currency),
    )


@get("/account/orders/{number:str}", name="order", guards=[signed_in])
async def order_page(visitor: CurrentVisitor, number: FromPath[str]) -> Page:
    """An order as it was placed. Mails link here, also to people who act for another of their companies now."""
    try:
        order = await order_seen_by(visitor, number)
    except OrderMissing:
        await look_elsewhere(visitor, lambda other: order_seen_by(other, number), OrderMissing)
        raise NotFoundException from None
    return Page(
        "orders/order.html",
        order=order,
        lines=await lines_of(order),
        state=STATE_NAMES[order.state],
        right=await right_of_withdrawal(order),
        may_reorder=visitor_may(visitor, Permission.PURCHASE),
        not_yet=NOT_YET,
    )


@post("/account/orders/{number:str}/reorder", name="reorder", guards=[signed_in])
async def order_again(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, number: FromPath[str]
) -> Response[Any]:
    """Puts what is available into the basket and tells what is not."""
    if not visitor_may(visitor, Permission.PURCHASE):
        raise NotPermitted
    done = await reorder(visitor, owner_of(visitor, request), await _order(visitor, number))
    return see(request, "basket", flash=told(done))


@get("/account/orders/{number:str}/withdraw", name="withdraw_order", guards=[signed_in])
async def withdraw_page(visitor: CurrentVisitor, number: FromPath[str]) -> Page:
    """Asks once more before a withdrawal is declared, or says that it is too late."""
    order = await _order(visitor, number)
    return await _withdraw_page(order, await right_of_withdrawal(order))


@post("/account/orders/{number:str}/withdraw", name="withdraw_order_post", guards=[signed_in])
async def declare_withdrawal(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, number: FromPath[str]
) -> Response[Any]:
    """Records the withdrawal; the receipt goes out by mail."""
    order = await _order(visitor, number)
    try:
        await withdraw(order, visitor=visitor)
    except WithdrawalRefused as refused:
        return await _withdraw_page(order, refused.right, 409)
    said = _("We have received your withdrawal and sent you a receipt by mail.")
    return see(request, "order", number=number, flash=Flash(said))


@post("/account/orders/claim", name="claim_orders", guards=[signed_in])
async def claim(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Takes orders that were placed as a guest with the person's e-mail into the account."""
    count = await claim_guest_orders(visitor)
    if not count:
        return see(request, "orders", flash=Flash(_("There is nothing to take over."), "info"))
    said = ngettext("One order is now in your account.", "%(n)s orders are now in your account.", count)
    return see(request, "orders", flash=Flash(said))


async def _order(visitor: Visitor, number: str) -> StoredOrder:
    try:
        return await order_seen_by(visitor, number)
    except OrderMissing:
        raise NotFoundException from None


async def _withdraw_page(order: StoredOrder, right: RightOfWithdrawal | None, status_code: int = 200) -> Page:
    if right is None:
        raise NotFoundException
    return Page(
        "orders/withdraw.html",
        status_code=status_code,
        order=order,
        lines=await lines_of(order),
        right=right,
    )


def _wanted(page: str, buyer: str, days: FilledForm[DaysForm]) -> Wanted:
    try:
        user = uuid.UUID(buyer) if buyer else None
    except ValueError:
        # Nobody has this id, so nobody's orders are found.
        user = uuid.UUID(int=0)
    return Wanted(
        page=min(int(page), 100_000) if page.isascii() and page.isdigit() and len(page) < 9 else 1,
        buyer=user,
        first=days.data.first if days.is_valid else None,
        last=days.data.last if days.is_valid else None,
    )


routes = [
    orders_page,
    order_page,
    order_again,
    withdraw_page,
    declare_withdrawal,
    claim,
]
