"""The order history of the demo companies."""

from datetime import timedelta

import pytest

from app.demo.northwind import lines_of
from app.demo.orders import orders
from tables import Order
from tables.engine import DB

pytestmark = pytest.mark.usefixtures("demo_shop")

# What everybody gets who adds up the sample data.
ITEMS = 135_445_859
FREIGHT = 6_494_269


async def test_all_830_orders_are_there_and_come_to_what_the_sample_data_come_to() -> None:
    sums = await DB.fetch_row(
        "SELECT count(*), sum(items_total) AS items, sum(shipping_total) AS freight FROM orders"
    )
    assert sums is not None
    assert tuple(sums.values()) == (830, ITEMS, FREIGHT)
    assert await DB.fetch_value("SELECT count(*) FROM order_lines") == 2155


async def test_every_order_adds_up_in_net_and_in_gross() -> None:
    wrong = await DB.fetch(
        """
        SELECT o.number FROM orders o
        CROSS JOIN LATERAL (
            SELECT sum(unit_price * quantity) AS items, sum(discount) AS off,
                   bool_and(line_total = unit_price * quantity - discount) AS is_right
            FROM order_lines l WHERE l."order" = o.id) l
        CROSS JOIN LATERAL (
            SELECT sum((t ->> 'net')::bigint) AS net, sum((t ->> 'tax')::bigint) AS tax,
                   sum(round((t ->> 'net')::bigint * (t ->> 'rate')::numeric / 100)) AS tax_again
            FROM jsonb_array_elements(o.taxes) AS t) t
        WHERE (o.items_total, o.discount_total) IS DISTINCT FROM (l.items, l.off) OR NOT l.is_right
           OR o.items_total - o.discount_total + o.shipping_total <> o.net_total
           OR o.net_total + o.tax_total <> o.gross_total
           OR (o.net_total, o.tax_total) IS DISTINCT FROM (t.net, t.tax) OR t.tax <> t.tax_again
        """
    )
    assert wrong == []


async def test_an_order_keeps_copies_of_what_it_was() -> None:
    order = await DB.fetch_row(
        "SELECT o.*, o.shipping_address ->> 'street' AS street, o.billing_address ->> 'city' AS city,"
        " o.taxes ->> 0 AS first_tax, c.number AS customer_number, u.email AS user_email"
        ' FROM orders o JOIN customers c ON c.id = o.customer JOIN users u ON u.id = o."user"'
        " WHERE o.number = '10265'"
    )
    assert order is not None
    assert order["customer_number"] == "BLONP"
    assert order["user_email"] == order["email"] == "frederique.citeaux@blonp.example"
    assert (order["street"], order["city"]) == ("24, place Kléber", "Strasbourg")
    assert (order["state"], order["shipping_name"]) == ("shipped", "Speedy Express")
    assert order["first_tax"] == '{"net": 29528, "tax": 5906, "rate": "20.00"}'
    lines = await DB.fetch(
        'SELECT sku, name, quantity, unit_price, tax_rate::text FROM order_lines WHERE "order" = $1'
        " ORDER BY position",
        order["id"],
    )
    assert [tuple(line.values()) for line in lines] == [
        ("NW-017", "Alice Mutton", 30, 3120, "5.50"),
        ("NW-070", "Outback Lager", 20, 1200, "20.00"),
    ]


async def test_what_left_the_union_was_not_taxed() -> None:
    taxed = await DB.fetch(
        "SELECT DISTINCT shipping_address ->> 'country' AS country FROM orders WHERE tax_total > 0"
    )
    assert {row["country"] for row in taxed} == {
        *("AT", "BE", "DE", "DK", "ES", "FI", "FR", "IE", "IT", "PL", "PT", "SE"),
    }


async def test_states_follow_the_shipping_and_days_are_moved_by_whole_weeks() -> None:
    assert await Order.count().where(Order.state == "shipped") == 830 - 21
    assert await Order.count().where(Order.state == "confirmed") == 21
    now = await DB.fetch_value("SELECT now()")
    rows = await DB.fetch("SELECT number, placed_at FROM orders")
    days = {row["number"]: row["placed_at"] for row in rows}
    assert now - timedelta(weeks=1) < max(days.values()) <= now
    moved = {days[one.number] - one.day - timedelta(hours=12) for one in orders()}
    assert len(moved) == 1
    assert moved.pop() % timedelta(weeks=1) == timedelta(0)


async def test_companies_that_have_ordered_are_recurring_customers() -> None:
    rows = await DB.fetch(
        "SELECT number FROM customers WHERE customer_type = 'SMB' AND recurring_since IS NULL"
        " AND first_order_at IS NULL"
    )
    assert {row["number"] for row in rows} == {"FISSA", "PARIS", "PENDING"}
    rows = await DB.fetch(
        "SELECT c.number, count(*) AS placed, min(o.placed_at) = c.first_order_at AS is_first"
        " FROM orders o JOIN customers c ON c.id = o.customer GROUP BY c.id"
    )
    assert len(rows) == 89
    assert all(row["is_first"] for row in rows)
    frequent = await DB.fetch(
        "SELECT c.number FROM segment_members m JOIN customers c ON c.id = m.customer WHERE m.segment = 'FREQUENT'"
    )
    assert {row["number"] for row in frequent} == {row["number"] for row in rows if row["placed"] >= 10}


def test_addresses_with_commas_are_read_whole() -> None:
    found = {one.number: one.ship_to for one in orders()}
    assert len(found) == 830
    assert found["10250"].street == "Rua do Paço, 67"
    assert found["10251"].street == "2, rue du Commerce"
    assert found["10257"].street == "Carrera 22 con Ave. Carlos Soublette #8-35"
    assert found["10248"].region == ""
    assert all(one.postal_code or one.country == "IE" for one in found.values())


def test_a_line_with_too_many_fields_is_refused_where_none_may_hold_commas() -> None:
    with pytest.raises(ValueError, match="as many fields"):
        lines_of("orders.csv")
