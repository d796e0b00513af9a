"""What guests see of their orders: the confirmation, and withdrawal by number and e-mail (pages.md)."""

from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.access import anyone
from app.customers.emails import Email
from app.customers.types import Extension
from app.flash import Flash
from app.forms import FilledForm, Form, Text, blank, read_form
from app.languages import date_text
from app.languages import gettext as _
from app.orders.history import order_seen_by
from app.orders.invoices import NOT_YET
from app.orders.order import OrderMissing, StoredOrder, lines_of, order_of_number
from app.orders.seen_by_guest import numbers_seen_by
from app.orders.withdrawal import RightOfWithdrawal, WithdrawalRefused, order_of_buyer, withdraw
from app.pages import Page, see
from app.sign_in.limits import count_client
from app.visitor import CurrentVisitor, Visitor


class WithdrawalForm(Form):
    """Which contract: its number, and the e-mail that it was placed with."""

    number: Annotated[str, Text(max_length=40)]
    email: Annotated[str, Email()]


@get("/orders/{number:str}/thanks", name="order_thanks", guards=[anyone])
async def thanks_page(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, number: FromPath[str]
) -> Page:
    """Says that the order has arrived; only to who has placed it."""
    try:
        order = await own_order(request, visitor, number)
    except OrderMissing:
        raise NotFoundException from None
    return Page("orders/thanks.html", order=order, lines=await lines_of(order), not_yet=NOT_YET)


@get("/withdrawal", name="withdrawal", guards=[anyone])
async def withdrawal_page(visitor: CurrentVisitor) -> Page:
    """Tells about the right of withdrawal, and asks for number and e-mail where consumers shop."""
    return _withdrawal_page(visitor, blank(WithdrawalForm))


@post("/withdrawal", name="withdrawal_post", guards=[anyone])
async def declare_withdrawal(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Records the withdrawal; the receipt goes to the e-mail of the order."""
    await count_client(request.scope, "withdrawal")
    form = await read_form(request, WithdrawalForm)
    if form.is_valid:
        try:
            order = await order_of_buyer(visitor.application.id, form.data.number, form.data.email)
            await withdraw(order, visitor=visitor)
        except OrderMissing:
            form.add_error("", _("We found no order with this number and e-mail address."))
        except WithdrawalRefused as refused:
            form.add_error("", _told(refused.right))
        else:
            said = _("We have received your withdrawal and sent you a receipt by mail.")
            return see(request, "withdrawal", flash=Flash(said))
    return _withdrawal_page(visitor, form, 422)


async def own_order(request: Request[Any, Any, Any], visitor: Visitor, number: str) -> StoredOrder:
    """The order if the person sees it, or a guest has placed it in this browser. Raises OrderMissing."""
    if visitor.is_signed_in:
        return await order_seen_by(visitor, number)
    if number not in numbers_seen_by(request, visitor.application):
        raise OrderMissing(number)
    return await order_of_number(number)


def _withdrawal_page(visitor: Visitor, form: FilledForm[WithdrawalForm], status_code: int = 200) -> Page:
    return Page(
        "orders/withdrawal.html",
        status_code=status_code,
        form=form,
        is_for_consumers=_has_consumers(visitor),
        days=visitor.application.withdrawal_days,
    )


def _told(right: RightOfWithdrawal | None) -> str:
    if right is None or right.last_day is None:
        return _("This order can no longer be withdrawn from.")
    return " ".join(
        (
            _("The last day to withdraw from this order here was %(day)s.", day=date_text(right.last_day)),
            _("If the goods have arrived late, please write to us."),
        )
    )


def _has_consumers(visitor: Visitor) -> bool:
    return any(not one.applies(Extension.COMPANY) for one in visitor.application.login)


routes = [thanks_page, withdrawal_page, declare_withdrawal]
