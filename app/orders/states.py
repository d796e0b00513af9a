"""States of an order: new, confirmed, shipped, returned, or cancelled before it was shipped (domain.md 9)."""

from collections.abc import Awaitable, Callable, Mapping

from app.audit import record
from app.errors import Conflict
from app.languages import gettext as _
from app.languages import text
from app.marketing.promotion_uses import give_back_promotions
from app.orders.invoices import number_invoice
from app.orders.mails import mail_order_moved
from app.orders.order import StoredOrder, order_of_number
from app.orders.payment import give_back
from app.orders.withdrawal import right_of_withdrawal
from app.segments.segmentation_services import update_segments_of
from app.visitor import Visitor
from tables.engine import DB
from tables.orders import OrderState

# From which states an order comes into one.
BEFORE = {
    OrderState.CONFIRMED: frozenset({OrderState.NEW}),
    OrderState.SHIPPED: frozenset({OrderState.CONFIRMED}),
    OrderState.CANCELLED: frozenset({OrderState.NEW, OrderState.CONFIRMED}),
    OrderState.RETURNED: frozenset({OrderState.SHIPPED}),
}
_UNDONE = (OrderState.CANCELLED, OrderState.RETURNED)
STATE_NAMES = {
    OrderState.NEW: text("New"),
    OrderState.CONFIRMED: text("Confirmed"),
    OrderState.SHIPPED: text("Shipped"),
    OrderState.CANCELLED: text("Cancelled"),
    OrderState.RETURNED: text("Returned"),
}


def state_words(state: OrderState, *, is_withdrawn: bool) -> str:
    """What a list says of an order, in the language of the request: who has withdrawn sees that it was taken note of,
    whatever the shop has still to do."""
    name = _(STATE_NAMES[state])
    return _("%(state)s, withdrawn", state=name) if is_withdrawn else name


_MOVE = """
    UPDATE orders SET state = $2::text, version = version + 1,
                      shipped_at = CASE WHEN $2::text = 'shipped' THEN now() ELSE shipped_at END
    WHERE id = $1
"""


class StateRefused(Conflict):
    """The order cannot come into that state from the one that it is in; `order` is what it is now."""

    def __init__(self, order: StoredOrder) -> None:
        super().__init__(order.number)
        self.order = order


def next_states(order: StoredOrder) -> list[OrderState]:
    """The states that an order can come into.

    From which its buyer has withdrawn is not delivered any more: it is cancelled, or comes back.
    """
    possible = [state for state, before in BEFORE.items() if order.state in before]
    return possible if order.withdrawn_at is None else [one for one in possible if one in _UNDONE]


async def confirm_order(number: str, *, visitor: Visitor | None = None, reason: str = "") -> None:
    """Accepts an order. Raises OrderMissing, StateRefused."""
    await _move(number, OrderState.CONFIRMED, visitor, reason)


async def ship_order(number: str, *, visitor: Visitor | None = None, reason: str = "") -> None:
    """Notes that the goods are on their way. Raises OrderMissing, StateRefused."""
    await _move(number, OrderState.SHIPPED, visitor, reason)


async def cancel_order(number: str, *, visitor: Visitor | None = None, reason: str = "") -> None:
    """Cancels an order that was not shipped: its pieces are in stock again, its promotions were not used, and what
    a provider holds for it is given back.

    Raises OrderMissing, StateRefused.
    """

    async def undo(order: StoredOrder) -> None:
        await _put_back_in_stock(order)
        await give_back_promotions(number)
        await give_back(order.id)

    await _move(number, OrderState.CANCELLED, visitor, reason, undo=undo)


async def return_order(
    number: str,
    *,
    back_to_stock: bool = False,
    pay_back: bool = False,
    visitor: Visitor | None = None,
    reason: str = "",
) -> None:
    """Notes that the goods came back. People judge whether the pieces can be sold again (`back_to_stock`), and
    whether what a provider holds of the payment is given back as a whole (`pay_back`).

    Raises OrderMissing, StateRefused.
    """

    async def undo(order: StoredOrder) -> None:
        if back_to_stock:
            await _put_back_in_stock(order)
        if pay_back:
            await give_back(order.id)

    judged = {"back_to_stock": back_to_stock, "pay_back": pay_back}
    await _move(number, OrderState.RETURNED, visitor, reason, judged, undo=undo)


async def _move(
    number: str,
    state: OrderState,
    visitor: Visitor | None,
    reason: str,
    noted: Mapping[str, object] | None = None,
    *,
    undo: Callable[[StoredOrder], Awaitable[None]] | None = None,
) -> None:
    """Brings the order into the state and tells the buyer by mail. `undo` takes back what placing it has done, in the
    same transaction."""
    async with DB.transaction():
        order = await order_of_number(number, lock=True)
        if state not in next_states(order):
            raise StateRefused(order)
        await DB.execute(_MOVE, order.id, state.value)
        await record(
            f"order {state.value}",
            visitor=visitor,
            customer_id=order.customer,
            before={"number": number, "state": order.state.value},
            after={"number": number, "state": state.value, **(noted or {})},
            reason=reason,
        )
        if undo is not None:
            # Products come before segments, as where the order was placed (tables/lock_order.py).
            await undo(order)
        if order.customer is not None:
            # Cancelled and returned orders no longer count in rules of segments.
            await update_segments_of(order.customer)
        moved = await order_of_number(number)
        # As late as can be: others wait for their numbers until this transaction ends.
        moved = await number_invoice(moved)
        right = await right_of_withdrawal(moved)
        await mail_order_moved(moved, right.last_day if right is not None else None)


async def _put_back_in_stock(order: StoredOrder) -> None:
    # In the order of ids, as placing an order locks them.
    await DB.execute(
        """
        SELECT FROM products WHERE id IN (SELECT product FROM order_lines WHERE "order" = $1)
        ORDER BY id FOR NO KEY UPDATE
        """,
        order.id,
    )
    await DB.execute(
        """
        UPDATE products p SET stock = p.stock + l.quantity
        FROM (SELECT product, sum(quantity) AS quantity FROM order_lines WHERE "order" = $1 GROUP BY product) l
        WHERE p.id = l.product
        """,
        order.id,
    )
