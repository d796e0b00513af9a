"""Withdrawal of consumers from a contract, by a button (EU directive 2011/83, article 11a).

A withdrawal is a declaration: it is recorded with its time and its receipt is mailed at once. What follows,
cancelling or taking back, staff do. The button is there from the order on, until some days after it was shipped
(the setting `withdrawal_days`); the last of these days counts whole, in UTC (regulation 1182/71, article 3).
"""

from dataclasses import dataclass
from datetime import UTC, date, timedelta

from app.applications import DAYS_OF_WITHDRAWAL, application_by_id
from app.audit import record
from app.customers.emails import canonical_email
from app.customers.types import Extension, all_customer_types
from app.orders.mails import mail_withdrawal_received
from app.orders.order import OrderMissing, StoredOrder, order_of_number
from app.visitor import Visitor
from tables.engine import DB
from tables.orders import OrderState


@dataclass(frozen=True, slots=True)
class RightOfWithdrawal:
    """A consumer's right to undo an order. `last_day` is none while nothing was shipped: it has not begun to end.

    `days` is how many there are after shipping.
    """

    days: int
    last_day: date | None
    is_over: bool


class WithdrawalRefused(Exception):
    """The order cannot be withdrawn from: it is cancelled or returned, a company has placed it, or it is too late.

    `right` is the right that is over, none where there was none.
    """

    def __init__(self, right: RightOfWithdrawal | None) -> None:
        super().__init__()
        self.right = right


async def right_of_withdrawal(order: StoredOrder) -> RightOfWithdrawal | None:
    """What the order's buyer may still undo, or could; None where a company ordered, and where it is undone."""
    if order.withdrawn_at is not None or order.state in (OrderState.CANCELLED, OrderState.RETURNED):
        return None
    if not await _is_of_consumer(order):
        return None
    application = application_by_id(order.application)
    days = application.withdrawal_days if application is not None else DAYS_OF_WITHDRAWAL
    if order.state is not OrderState.SHIPPED:
        return RightOfWithdrawal(days, None, is_over=False)
    # Orders of old data say only when they were placed.
    last_day = (order.shipped_at or order.placed_at).astimezone(UTC).date() + timedelta(days=days)
    today: date = await DB.fetch_value("SELECT (now() AT TIME ZONE 'UTC')::date")
    return RightOfWithdrawal(days, last_day, is_over=today > last_day)


async def withdraw(order: StoredOrder, *, visitor: Visitor | None = None) -> StoredOrder:
    """Records the withdrawal and mails the receipt; a second one changes nothing. Raises WithdrawalRefused."""
    async with DB.transaction():
        order = await order_of_number(order.number, lock=True)
        if order.withdrawn_at is not None:
            return order
        right = await right_of_withdrawal(order)
        if right is None or right.is_over:
            raise WithdrawalRefused(right)
        await DB.execute(
            "UPDATE orders SET withdrawn_at = now(), version = version + 1 WHERE id = $1", order.id
        )
        withdrawn = await order_of_number(order.number)
        await record(
            "order withdrawn", visitor=visitor, customer_id=order.customer, after={"number": order.number}
        )
        await mail_withdrawal_received(withdrawn)
        return withdrawn


async def order_of_buyer(application_id: str, number: str, email: str) -> StoredOrder:
    """The order of that number and e-mail, both right. Raises OrderMissing, whichever of them is wrong."""
    order = await order_of_number(number.strip())
    if order.application != application_id or order.email_canonical != canonical_email(email):
        raise OrderMissing(number)
    return order


async def _is_of_consumer(order: StoredOrder) -> bool:
    """Companies have no right of withdrawal. A guest is a consumer wherever consumers may register."""
    if order.customer is None:
        application = application_by_id(order.application)
        types = application.login if application is not None else ()
        return any(not one.applies(Extension.COMPANY) for one in types)
    customer_type = await DB.fetch_value("SELECT customer_type FROM customers WHERE id = $1", order.customer)
    known = all_customer_types().get(customer_type)
    return known is not None and not known.applies(Extension.COMPANY)
