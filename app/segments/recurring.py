"""New and recurring customers (domain.md 7).

A customer becomes recurring at a sign-in in a later session than the one in which its first order was placed:
not when the order is placed, and never goes back. Any user's order and any user's later sign-in count.
"""

import uuid

from app.segments.segmentation_services import update_segments_of
from tables.engine import DB

# A sign-in after the first order begins a later session than the one that the order was placed in: sessions are
# never signed in to twice. An order that was placed while this sign-in runs was placed in another session.
# One part of the statement that begins a session (app/sign_in/sessions.py), which fills in the customer, null where
# nobody comes for one.
RECURRING_FROM_NOW = """
    UPDATE customers SET recurring_since = now()
    WHERE id = {customer} AND recurring_since IS NULL AND first_order_at < now()
"""
_FIRST_ORDER = "UPDATE customers SET first_order_at = now() WHERE id = $1 AND first_order_at IS NULL"

_LOCK_NEW = "SELECT FROM customers WHERE id = $1 AND first_order_at IS NULL FOR NO KEY UPDATE"


async def lock_for_first_order(customer_id: uuid.UUID) -> None:
    """Locks a customer who has not ordered yet until the current transaction ends: who places an order notes the
    first one at the end, and customers are locked before memberships and products (tables/lock_order.py)."""
    await DB.execute(_LOCK_NEW, customer_id)


async def note_first_order(customer_id: uuid.UUID) -> None:
    """Notes that an order was placed for a customer, in the transaction that places it. Only the first counts.

    Called with every order, after its row was written: rules that ask for orders are judged anew.
    """
    await DB.execute(_FIRST_ORDER, customer_id)
    await update_segments_of(customer_id)
