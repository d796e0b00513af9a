"""Orders in the back office: search, look at one, bring it into another state, cancel it (domain.md 9)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, QueryParameter

from app.access import staff
from app.back_office.branch import branch_of
from app.back_office.privileges import Privilege
from app.back_office.selling_lists import ON_A_PAGE, offset_of, page_asked_for, pages_of
from app.flash import Flash
from app.forms import FilledForm, Flag, Form, Text, asked_for, blank, read_form
from app.languages import datetime_text, money_text
from app.languages import gettext as _
from app.orders.invoice_routes import download
from app.orders.invoice_text import Paper
from app.orders.invoices import NOT_YET
from app.orders.order import OrderMissing, StoredOrder, lines_of, order_of_number
from app.orders.payment import payment_of
from app.orders.states import (
    STATE_NAMES,
    StateRefused,
    cancel_order,
    confirm_order,
    next_states,
    return_order,
    ship_order,
)
from app.pages import Page, see
from app.visitor import CurrentVisitor
from tables.engine import DB
from tables.orders import OrderState

ORDERS = staff(Privilege.ORDERS)
# In the search: what buyers have withdrawn from, and nobody has cancelled or taken back yet.
WITHDRAWN = "withdrawn"
MOVES: Mapping[OrderState, Callable[..., Awaitable[None]]] = {
    OrderState.CONFIRMED: confirm_order,
    OrderState.SHIPPED: ship_order,
    OrderState.CANCELLED: cancel_order,
    OrderState.RETURNED: return_order,
}
BADGES = {
    OrderState.NEW: "warning",
    OrderState.CONFIRMED: "info",
    OrderState.SHIPPED: "success",
    OrderState.CANCELLED: "neutral",
    OrderState.RETURNED: "neutral",
}


class OrderSearchForm(Form):
    """The search above the list of orders."""

    q: Annotated[str, Text(required=False)]
    state: Annotated[str, Text(required=False)]


class MoveForm(Form):
    """Bringing an order into another state; the reason stands in the audit log.

    `back_to_stock` and `pay_back` count where goods came back: whether they can be sold again, and whether the whole
    payment is given back, people judge.
    """

    reason: Annotated[str, Text(required=False, multiline=True, max_length=1000)]
    back_to_stock: Annotated[bool, Flag()]
    pay_back: Annotated[bool, Flag()]


# Of more orders the older ones are not listed; nobody turns so many pages, and to count all of them takes seconds.
MOST_LISTED = 10_000

_FOUND = f"""
    WITH found AS MATERIALIZED (
        SELECT o.id, o.placed_at FROM orders o LEFT JOIN customers c ON c.id = o.customer
        WHERE ($1 = '' OR o.number ILIKE $2 || '%' OR o.email_canonical = lower($1) OR c.number = $1
               OR strpos(lower(c.search_name), lower($1)) > 0 OR strpos(lower(o.buyer_name), lower($1)) > 0)
          AND ($3 = '' OR o.state = $3
               OR $3 = '{WITHDRAWN}' AND o.withdrawn_at IS NOT NULL AND o.state NOT IN ('cancelled', 'returned'))
          AND ($6::uuid IS NULL OR EXISTS (
               SELECT FROM organisations g WHERE g.id = c.organisation AND $6 = ANY(g.path)))
        ORDER BY o.placed_at DESC, o.id DESC LIMIT {MOST_LISTED})
    SELECT o.number, o.placed_at, o.state, o.buyer_name, o.email, o.gross_total, o.currency, o.withdrawn_at,
           c.number AS customer_number, c.search_name AS customer_name, (SELECT count(*) FROM found) AS count
    FROM (SELECT * FROM found ORDER BY placed_at DESC, id DESC LIMIT $4 OFFSET $5) f
    JOIN orders o ON o.id = f.id LEFT JOIN customers c ON c.id = o.customer
    ORDER BY o.placed_at DESC, o.id DESC
"""


@get("/orders", name="back_office_orders", guards=[ORDERS])
async def orders(
    visitor: CurrentVisitor,
    wanted_state: Annotated[str, QueryParameter(name="state")] = "",
    q: FromQuery[str] = "",
    page: FromQuery[int] = 1,
) -> Page:
    """Orders that fit the search, the newest first; of who is limited to a branch, those of its customers."""
    wanted, number = asked_for(q), page_asked_for(page)
    states = [(one.value, _(name)) for one, name in STATE_NAMES.items()]
    states.append((WITHDRAWN, _("Withdrawn, to be settled")))
    chosen = wanted_state if wanted_state in dict(states) else ""
    # % and _ in a number that is searched for are no wildcards.
    begins = wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    branch = branch_of(visitor)
    rows = await DB.fetch(_FOUND, wanted, begins, chosen, ON_A_PAGE, offset_of(number), branch)
    return Page(
        "back_office/selling/orders.html",
        search=blank(OrderSearchForm, q=wanted, state=chosen),
        q=wanted,
        state=chosen,
        states=[("", _("All")), *states],
        orders=[
            {
                "number": row["number"],
                "placed": datetime_text(row["placed_at"]),
                "customer_number": row["customer_number"],
                "who": row["customer_name"] or row["buyer_name"] or row["email"],
                "total": money_text(row["gross_total"], row["currency"]),
                "state": _(STATE_NAMES[OrderState(row["state"])]),
                "badge": BADGES[OrderState(row["state"])],
                "is_withdrawn": row["withdrawn_at"] is not None,
            }
            for row in rows
        ],
        page=number,
        pages=pages_of(rows[0]["count"] if rows else 0),
        most=MOST_LISTED if rows and rows[0]["count"] >= MOST_LISTED else 0,
    )


@get("/orders/{number:str}", name="back_office_order", guards=[ORDERS])
async def order(number: FromPath[str]) -> Page:
    """An order; 404 where there is none."""
    return await _page(number, blank(MoveForm, pay_back="on"))


@get("/orders/{number:str}/invoice", name="back_office_invoice", guards=[ORDERS])
async def invoice(number: FromPath[str]) -> Response[bytes]:
    """The invoice of an order as its buyer gets it; 404 before there is one."""
    return await download(await _order(number), Paper.INVOICE)


@get("/orders/{number:str}/cancellation-invoice", name="back_office_cancellation_invoice", guards=[ORDERS])
async def cancellation_invoice(number: FromPath[str]) -> Response[bytes]:
    """The invoice that cancels that of a cancelled order; 404 where there is none."""
    return await download(await _order(number), Paper.CANCELLATION)


@get("/orders/{number:str}/credit-note", name="back_office_credit_note", guards=[ORDERS])
async def credit_note(number: FromPath[str]) -> Response[bytes]:
    """What corrects the invoice of a returned order; 404 where there is none."""
    return await download(await _order(number), Paper.CREDIT_NOTE)


@post("/orders/{number:str}/{to_state:str}", name="move_order", guards=[ORDERS])
async def move(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, number: FromPath[str], to_state: FromPath[str]
) -> Response[Any]:
    """Brings an order into another state; 404 for a state that there is not."""
    wanted = next((one for one in MOVES if one.value == to_state), None)
    if wanted is None:
        raise NotFoundException
    form = await read_form(request, MoveForm)
    if not form.is_valid:
        return await _page(number, form, status_code=422)
    try:
        data = form.data
        judged = {"back_to_stock": data.back_to_stock, "pay_back": data.pay_back}
        judged = judged if wanted is OrderState.RETURNED else {}
        await MOVES[wanted](number, visitor=visitor, reason=data.reason, **judged)
    except OrderMissing:
        raise NotFoundException from None
    except StateRefused as error:
        now = _(STATE_NAMES[error.order.state])
        told = _("That cannot be done. The state of the order is by now: %(state)s.", state=now)
        if error.order.withdrawn_at is not None:
            told = _("That cannot be done: the buyer has withdrawn from this order.")
        form.add_error("", told)
        return await _page(number, form, status_code=409)
    told = _("The order is now: %(state)s.", state=_(STATE_NAMES[wanted]))
    return see(request, "back_office_order", number=number, flash=Flash(told))


async def _page(number: str, form: FilledForm[MoveForm], status_code: int = 200) -> Page:
    found = await _order(number)
    customer = await DB.fetch_row("SELECT number, search_name FROM customers WHERE id = $1", found.customer)
    return Page(
        "back_office/selling/order.html",
        status_code=status_code,
        order=found,
        lines=await lines_of(found),
        customer=customer,
        state=_(STATE_NAMES[found.state]),
        badge_kind=BADGES[found.state],
        moves=[(one.value, _verbs()[one], one is OrderState.CANCELLED) for one in next_states(found)],
        form=form,
        not_yet=NOT_YET,
        may_return=OrderState.RETURNED in next_states(found),
        payment=await payment_of(found.id),
    )


async def _order(number: str) -> StoredOrder:
    try:
        return await order_of_number(number)
    except OrderMissing:
        raise NotFoundException from None


def _verbs() -> dict[OrderState, str]:
    return {
        OrderState.CONFIRMED: _("Confirm the order"),
        OrderState.SHIPPED: _("Note that it is shipped"),
        OrderState.CANCELLED: _("Cancel the order"),
        OrderState.RETURNED: _("Note that it came back"),
    }


routes = [orders, order, invoice, cancellation_invoice, credit_note, move]
