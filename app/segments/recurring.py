"""New and recurring customers (domain.md 7).

A customer becomes recurring at a sign-in in a later session than the one in which its first order was placed:
not when the order is placed, and never goes back. Any user's order and any user's later sign-in count. Who acts for
several customers has signed in for each of them, and is asked of each when they begin to act for it: at the sign-in
for the one that is chosen then (app/sign_in/sessions.py), for the others when they switch (app/account/switching.py).
"""

import uuid
from datetime import datetime

from app.segments.segmentation_services import update_segments_of
from tables.engine import DB

# A sign-in after the first order begins a later session than the one that the order was placed in: sessions are
# never signed in to twice. An order that was placed while this sign-in runs was placed in another session.
# The statement that begins a session has it among its parts: the customer is null where nobody comes for one, and
# the sign-in is now.
_COMES_BACK = "id = {customer} AND recurring_since IS NULL AND first_order_at < {signed_in_at}"
LOCK_WHO_COMES_BACK = f"SELECT FROM customers WHERE {_COMES_BACK} FOR NO KEY UPDATE"
RECURRING_FROM_NOW = f"UPDATE customers SET recurring_since = now() WHERE {_COMES_BACK}"
_OF_SESSION = {"customer": "$1", "signed_in_at": "$2"}
_FIRST_ORDER = "UPDATE customers SET first_order_at = now() WHERE id = $1 AND first_order_at IS NULL"

_LOCK_NEW = "SELECT FROM customers WHERE id = $1 AND first_order_at IS NULL FOR NO KEY UPDATE"


async def lock_for_first_order(customer_id: uuid.UUID) -> None:
    """Locks a customer who has not ordered yet until the current transaction ends: who places an order notes the
    first one at the end, and customers are locked before memberships and products (tables/lock_order.py)."""
    await DB.execute(_LOCK_NEW, customer_id)


async def lock_who_comes_back(customer_id: uuid.UUID, signed_in_at: datetime) -> None:
    """Locks a customer who becomes recurring by a session that was signed in to then (UTC): customers are locked
    before memberships and sessions (tables/lock_order.py)."""
    await DB.execute(LOCK_WHO_COMES_BACK.format(**_OF_SESSION), customer_id, signed_in_at)


async def note_who_comes_back(customer_id: uuid.UUID, signed_in_at: datetime) -> None:
    """Makes a customer recurring whose first order was placed before that sign-in (UTC), and brings its segments up
    to date, as at a sign-in. In the transaction in which somebody of the session begins to act for it."""
    await DB.execute(RECURRING_FROM_NOW.format(**_OF_SESSION), customer_id, signed_in_at)
    await update_segments_of(customer_id)


async def note_first_order(customer_id: uuid.UUID) -> None:
    """Notes that an order was placed for a customer, in the transaction that places it. Only the first counts.

    Called with every order, after its row was written: rules that ask for orders are judged anew.
    """
    await DB.execute(_FIRST_ORDER, customer_id)
    await update_segments_of(customer_id)
