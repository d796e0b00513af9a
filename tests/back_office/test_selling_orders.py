"""Orders in the back office (domain.md 9)."""

import uuid

import pytest

from tables.engine import DB
from tests import people
from tests.back_office.selling_cast import product
from tests.browser_like import Person
from tests.people import Known

pytestmark = pytest.mark.usefixtures("database")


async def order(number: str = "N-1", *, by: Known | None = None, state: str = "new") -> None:
    """An order of three pieces of T-1."""
    tea = await DB.fetch_value("SELECT id FROM products WHERE sku = 'T-1'") or await product("T-1", stock=10)
    address = '{"first_name": "Maria", "last_name": "Anders", "street": "Obere Str. 57", "postal_code": "12209", "city": "Berlin", "country": "DE"}'
    key = uuid.uuid4()
    await DB.execute(
        """
        INSERT INTO orders (id, number, application, customer, "user", buyer_name, email, email_canonical, state,
            billing_address, shipping_address, items_total, net_total, tax_total, gross_total, taxes, placed_at)
        VALUES ($1, $2, 'shop', $3, $4, 'Maria Anders', 'maria@example.com', 'maria@example.com', $5, $6, $6,
                3000, 2521, 479, 3000, '[{"rate": "19.00", "net": 2521, "tax": 479}]', now())
        """,
        key,
        number,
        by.customer_id if by is not None else None,
        by.user_id if by is not None else None,
        state,
        address,
    )
    await DB.execute(
        'INSERT INTO order_lines (id, "order", product, position, sku, name, quantity, unit_price, line_total, tax_rate)'
        " VALUES ($1, $2, $3, 1, 'T-1', 'Green tea', 3, 1000, 3000, 19)",
        uuid.uuid4(),
        key,
        tea,
    )


async def test_orders_are_found_by_number_customer_name_e_mail_and_state(staff: Person) -> None:
    known = await people.company()
    await order("N-1", by=known)
    await order("X_2", state="shipped")
    for search, found in (
        ("q=n-1", ["N-1"]),
        (f"q={known.number}", ["N-1"]),
        ("q=futterkiste", ["N-1"]),
        ("q=maria@example.com", ["N-1", "X_2"]),
        ("state=shipped", ["X_2"]),
        ("q=X_", ["X_2"]),
        ("q=%25", []),
        ("state=nonsense", ["N-1", "X_2"]),
        ("q=nobody", []),
    ):
        page = (await staff.get(f"/orders?{search}")).main
        assert [number for number in ("N-1", "X_2") if number in page] == found, search


async def test_an_order_shows_everything_that_was_copied(staff: Person) -> None:
    known = await people.company()
    await order(by=known)
    page = await staff.get("/orders/N-1")
    for words in (
        "Green tea",
        "€30.00",
        "€25.21",
        "€4.79",
        "Obere Str. 57",
        "maria@example.com",
        "Alfreds Futterkiste",
    ):
        assert words in page.main, words


async def test_an_order_goes_its_way(staff: Person) -> None:
    await order()
    page = await staff.get("/orders/N-1")
    page = await staff.post("/orders/N-1/confirmed", {"reason": "checked"})
    assert "The order is now: Confirmed." in page.main
    page = await staff.post("/orders/N-1/shipped", {})
    assert "Cancel the order" not in page.main
    page = await staff.post("/orders/N-1/returned", {})
    assert "The order is now: Returned." in page.main
    assert "What next?" not in page.main
    actions = await DB.fetch(
        "SELECT action, reason, actor_name FROM audit_entries WHERE action LIKE 'order %' ORDER BY id"
    )
    assert [row["action"] for row in actions] == ["order confirmed", "order shipped", "order returned"]
    assert actions[0]["reason"] == "checked"
    assert actions[0]["actor_name"]


async def test_a_cancelled_order_puts_its_pieces_back_once(staff: Person) -> None:
    await order()
    page = await staff.post("/orders/N-1/cancelled", {})
    assert "The order is now: Cancelled." in page.main
    assert await DB.fetch_value("SELECT stock FROM products") == 13
    page = await staff.post("/orders/N-1/cancelled", {})
    assert page.status == 409
    assert "by now: Cancelled" in page.errors[""]
    assert await DB.fetch_value("SELECT stock FROM products") == 13


async def test_staff_choose_whether_pieces_that_came_back_can_be_sold_again(staff: Person) -> None:
    for number, typed, stock in (("N-1", {}, 10), ("N-2", {"back_to_stock": "on"}, 13)):
        await order(number, state="shipped")
        page = await staff.get(f"/orders/{number}")
        assert "The pieces can be sold again" in page.main
        page = await staff.post(f"/orders/{number}/returned", typed)
        assert "The order is now: Returned." in page.main
        assert await DB.fetch_value("SELECT stock FROM products") == stock
    await order("N-3")
    assert "The pieces can be sold again" not in (await staff.get("/orders/N-3")).main


async def test_there_are_no_other_states_and_orders(staff: Person) -> None:
    await order()
    assert (await staff.post("/orders/N-1/new", {})).status == 404
    assert (await staff.post("/orders/N-1/paid", {})).status == 404
    assert (await staff.post("/orders/none/confirmed", {})).status == 404


async def test_withdrawn_orders_are_on_the_work_list_until_they_are_settled(staff: Person) -> None:
    await order("N-1")
    await order("N-2")
    page = await staff.get("/")
    assert "2 orders are new." in page.main
    assert "/back-office/orders?state=new" in page.links
    await DB.execute("UPDATE orders SET withdrawn_at = now() WHERE number = 'N-1'")
    page = await staff.get("/")
    assert "1 order is new." in page.main
    assert "1 withdrawn order is to be settled." in page.main
    found = (await staff.get("/orders?state=withdrawn")).main
    assert ("N-1" in found, "N-2" in found) == (True, False)
    page = await staff.get("/orders/N-1")
    assert "It is not delivered any more" in page.main
    assert "Confirm the order" not in page.main
    page = await staff.post("/orders/N-1/confirmed")
    assert page.status == 409
    assert "the buyer has withdrawn from this order." in page.main
    await staff.post("/orders/N-1/cancelled")
    assert "withdrawn" not in (await staff.get("/")).main
    assert "N-1" not in (await staff.get("/orders?state=withdrawn")).main


async def test_a_payment_that_is_not_given_back_for_long_is_on_the_work_list(staff: Person) -> None:
    await order("N-1", state="cancelled")
    await DB.execute(
        """INSERT INTO payments (id, provider, idempotency_key, order_key, "order", amount, currency, state, asked_at,
                                 due_at, attempts)
           SELECT gen_random_uuid(), 'test', 'k', 'k', id, 3000, 'EUR', 'releasing', now(), now(), 5 FROM orders"""
    )
    assert "1 payment is not given back by its provider." in (await staff.get("/")).main


async def test_of_very_many_orders_the_newest_are_listed_and_older_ones_are_found(staff: Person) -> None:
    await DB.execute(
        """
        INSERT INTO orders (id, number, application, email, email_canonical, net_total, tax_total, gross_total, placed_at)
        SELECT gen_random_uuid(), 'M-' || n, 'shop', 'm@example.com', 'm@example.com', 100, 19, 119,
               now() - n * interval '1 minute'
        FROM generate_series(1, 10001) n
        """
    )
    page = await staff.get("/orders?page=200")
    assert "These are the newest 10000. Search for older ones." in page.main
    assert ("M-10000" in page.main, "M-10001" in page.main) == (True, False)
    assert "M-1" in (await staff.get("/orders")).main
    page = await staff.get("/orders?q=M-10001")
    assert "M-10001" in page.main
    assert "These are the newest" not in page.main
