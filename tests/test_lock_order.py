"""Transactions do not wait where they need not, and never in a circle (tables/lock_order.py says how)."""

import asyncio
import uuid

import pytest

from app.customers.joining_rows import lock_customers
from app.segments.recurring import lock_for_first_order
from app.sign_in import sign_in
from app.sign_in.link_tokens import Purpose
from app.sign_in.passwords import password_matches
from app.sign_in.sessions import end_sessions_of
from tables.engine import DB
from tables.keys import new_key
from tests import people
from tests.browser_like import visit
from tests.other_connection import other_connection, until_somebody_waits
from tests.watched_locks import found

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


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("SELECT FROM users WHERE login_canonical = $1", "one_user_of_a_login"),
        (
            "SELECT FROM (SELECT $1::text AS login) AS typed LEFT JOIN users u ON u.login_canonical = typed.login",
            "one_user_of_a_login",
        ),
        ("SELECT FROM customers WHERE number = $1", "one_customer_of_a_number"),
        ("SELECT FROM customers WHERE number = ANY(ARRAY[$1::text])", "one_customer_of_a_number"),
    ],
)
async def test_they_are_found_by_their_indexes_whatever_is_looked_for(statement: str, index: str) -> None:
    async with DB.transaction():
        await DB.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await DB.execute("SET LOCAL enable_seqscan = off")
        plan = await DB.fetch(f"EXPLAIN {statement}", "someone@example.com")
    assert any(index in row["QUERY PLAN"] for row in plan), plan


async def test_tests_are_told_of_a_transaction_that_locks_rows_in_another_order() -> None:
    known = await people.company()
    async with DB.transaction():
        await lock_customers([known.customer_id])
        await end_sessions_of(known.user_id)
        # Locked already: that it is done once more says nothing of the order.
        await lock_for_first_order(known.customer_id)
    await end_sessions_of(known.user_id)
    await lock_for_first_order(known.customer_id)
    assert found == []
    async with DB.transaction():
        await end_sessions_of(known.user_id)
        await lock_for_first_order(known.customer_id)
    assert [one.partition(":")[0] for one in found] == ["customers (locked) after users"]
    found.clear()


async def test_a_sign_in_locks_the_place_in_the_company_before_the_user(database: str) -> None:
    """Who takes the place away holds it, and then ends the sessions of the user."""
    known = await people.company()
    async with other_connection(database) as other:
        await other.execute("BEGIN")
        await other.execute("SELECT FROM memberships WHERE id = $1 FOR UPDATE", known.membership_id)
        signing_in = asyncio.ensure_future(known.signed_in())
        await until_somebody_waits(signing_in)
        await other.execute("SELECT FROM users WHERE id = $1 FOR UPDATE NOWAIT", known.user_id)
        await other.execute("COMMIT")
        assert (await (await signing_in).get("/account", follow=False)).status == 200


async def test_the_first_sign_in_after_an_order_locks_the_customer_before_the_user(database: str) -> None:
    """Who disables the customer holds it, and then ends the sessions of its users."""
    known = await people.company()
    await DB.execute("UPDATE customers SET first_order_at = now() - interval '1 day'")
    async with other_connection(database) as other:
        await other.execute("BEGIN")
        await other.execute("SELECT FROM customers WHERE id = $1 FOR NO KEY UPDATE", known.customer_id)
        signing_in = asyncio.ensure_future(known.signed_in())
        await until_somebody_waits(signing_in)
        await other.execute("SELECT FROM users WHERE id = $1 FOR UPDATE NOWAIT", known.user_id)
        await other.execute("COMMIT")
        await signing_in
    assert await DB.fetch_value("SELECT recurring_since IS NOT NULL FROM customers")


@pytest.mark.parametrize("wrong_shop", [False, True], ids=["a session begins", "the wrong shop"])
async def test_a_right_password_locks_the_counter_of_the_client_before_that_of_the_account(
    database: str, monkeypatch: pytest.MonkeyPatch, *, wrong_shop: bool
) -> None:
    """Who tries the same account from the same client meanwhile counts in this order."""
    known = await people.shopper()
    locked = asyncio.Event()
    async with other_connection(database) as other:

        async def while_the_password_is_checked(stored: str | None, password: str) -> bool:
            await other.execute("BEGIN")
            await other.execute("SELECT FROM attempt_counters WHERE key LIKE 'client:%' FOR UPDATE")
            locked.set()
            return await password_matches(stored, password)

        monkeypatch.setattr(sign_in, "password_matches", while_the_password_is_checked)
        person = await visit("business" if wrong_shop else "shop")
        signing_in = asyncio.ensure_future(person.sign_in(known.login, known.password))
        await locked.wait()
        await until_somebody_waits(signing_in)
        await other.execute("SELECT FROM attempt_counters WHERE key LIKE 'account:%' FOR UPDATE NOWAIT")
        await other.execute("COMMIT")
        page = await signing_in
    assert page.status == (403 if wrong_shop else 200)
    assert await DB.fetch_value("SELECT count(*) FROM attempt_counters WHERE key LIKE 'account:%'") == 0


@pytest.mark.parametrize("what", ["a wrong password", "the wrong shop", "a session begins"])
async def test_a_sign_in_names_the_user_before_it_locks_counters_and_links(database: str, what: str) -> None:
    """Who deletes the user holds them, and then deletes links and counter."""
    known = await people.shopper()
    await DB.execute(
        'INSERT INTO link_tokens (id, purpose, "user", application, details, created_at, expires_at)'
        " VALUES ($1, $2, $3, 'shop', '{}', now(), now() + interval '1 hour')",
        new_key(),
        Purpose.RESET_PASSWORD,
        known.user_id,
    )
    person = await visit("business" if what == "the wrong shop" else "shop")
    password = "not the right password" if what == "a wrong password" else known.password
    async with other_connection(database) as other:
        await other.execute("BEGIN")
        await other.execute("SELECT FROM users WHERE id = $1 FOR UPDATE", known.user_id)
        signing_in = asyncio.ensure_future(person.sign_in(known.login, password))
        await until_somebody_waits(signing_in)
        await other.execute("SELECT FROM attempt_counters FOR UPDATE NOWAIT")
        await other.execute("SELECT FROM link_tokens FOR UPDATE NOWAIT")
        await other.execute("COMMIT")
        page = await signing_in
    assert page.status == {"a wrong password": 422, "the wrong shop": 403}.get(what, 200)
