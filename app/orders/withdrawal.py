"""Withdrawal of consumers from a contract, by a button (EU directive 2011/83, article 11a).

A withdrawal is a declaration: it is recorded with its time and its receipt is mailed at once. What follows,
cancelling or taking back, staff do.
"""

from app.applications import application_by_id
from app.audit import record
from app.customers.emails import canonical_email
from app.customers.types import Extension, all_customer_types
from app.orders.mails import mail_withdrawal_received
from app.orders.order import OrderMissing, StoredOrder, order_of_number
from app.visitor import Visitor
from tables.engine import DB
from tables.orders import OrderState


class WithdrawalRefused(Exception):
    """The order cannot be withdrawn from: it is cancelled or returned, or a company has placed it."""


async def may_withdraw(order: StoredOrder) -> bool:
    """Whether the order's buyer can still declare a withdrawal: a consumer, once, while something is to be undone."""
    if order.withdrawn_at is not None or order.state in (OrderState.CANCELLED, OrderState.RETURNED):
        return False
    return await _is_of_consumer(order)


async def withdraw(order: StoredOrder, *, visitor: Visitor | None = None) -> StoredOrder:
    """Records the withdrawal and mails the receipt; a second one changes nothing. Raises WithdrawalRefused."""
    async with DB.transaction():
        order = await order_of_number(order.number, lock=True)
        if order.withdrawn_at is not None:
            return order
        if not await may_withdraw(order):
            raise WithdrawalRefused
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
