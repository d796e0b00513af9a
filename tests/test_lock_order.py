"""Transactions do not wait where they need not, and never in a circle (tables/lock_order.py says how)."""

import asyncio
import uuid

import pytest

from tables.engine import DB
from tables.keys import new_key
from tests import people

pytestmark = pytest.mark.usefixtures("database")

# What is changed, and what names the changed row meanwhile.
CHANGES = {
    "a login": (
        "UPDATE users SET login_canonical = 'later@example.com' WHERE id = $1",
        'INSERT INTO sign_in_attempts (id, "user", application, outcome, attempted_at)'
        " VALUES ($2, $1, 'shop', 'confirmed', now())",
    ),
    "the number of a customer": (
        "UPDATE customers SET number = 'another' WHERE id = $1",
        "INSERT INTO addresses (id, customer, street, postal_code, city, country)"
        " VALUES ($2, $1, 'Ring 1', '10115', 'Berlin', 'DE')",
    ),
    "the number of an invoice": (
        "UPDATE orders SET invoice_number = 'INV-1', cancellation_number = 'CAN-1', credit_note_number = 'CRE-1'"
        " WHERE id = $1",
        'INSERT INTO order_lines (id, "order", position, sku, name, quantity, unit_price, line_total, tax_rate)'
        " VALUES ($2, $1, 1, 'TEA', 'Tea', 1, 100, 100, 19)",
    ),
}


async def row_to_change(what: str) -> uuid.UUID:
    known = await people.shopper()
    if what == "a login":
        return known.user_id
    assert known.customer_id is not None
    if what == "the number of a customer":
        return known.customer_id
    key = new_key()
    await DB.execute(
        "INSERT INTO orders (id, number, application, email, email_canonical, placed_at)"
        " VALUES ($1, '200001', 'shop', 'a@example.com', 'a@example.com', now())",
        key,
    )
    return key


@pytest.mark.parametrize("what", CHANGES)
async def test_who_names_a_row_does_not_wait_for_a_change_of_its_login_or_number(what: str) -> None:
    key = await row_to_change(what)
    change, name = CHANGES[what]

    async def named() -> int:
        async with DB.transaction():
            await DB.execute("SET LOCAL lock_timeout = '100ms'")
            return await DB.execute(name, key, new_key())

    async with DB.transaction():
        assert await DB.execute(change, key) == 1
        # A task of its own has a connection of its own.
        assert await asyncio.create_task(named()) == 1
