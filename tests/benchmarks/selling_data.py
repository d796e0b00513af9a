"""Loads a shop of any size beside the demo data: products, segments, price lists, customers and orders.

    DATABASE_URL=… python -m tests.benchmarks.selling_data [SCALE]

SCALE 1 (the default) is a hundred thousand products and takes minutes. Products come by COPY, since the words that search
looks at are made by the catalog; everything else is made by the server itself, which is faster still. Triggers and
foreign keys are not asked meanwhile, so what is written here keeps their rules by itself.

Keys are made of the number of a row, so that no row has to be looked up to refer to it.
"""

import asyncio
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from app.catalog.edit_product import ProductDetails, searched_pieces, searched_text
from app.catalog.products import canonical_sku
from app.demo.products import category_ids
from app.settings import settings
from app.versions import Subject, raise_version
from tables.engine import DB
from tests.benchmarks.filling import beside_the_demo_data


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many rows there are of what. Each segment has a price list; `entries` are those of these lists."""

    products: int
    segments: int
    entries: int
    customers: int
    orders: int

    def times(self, scale: float) -> "Size":
        """The same shop, larger or smaller."""
        return Size(
            products=max(round(self.products * scale), 240),
            segments=max(round(self.segments * scale), 10),
            entries=max(round(self.entries * scale), 1_000),
            customers=max(round(self.customers * scale), 100),
            orders=max(round(self.orders * scale), 300),
        )


# Enough beside the demo data that a list has its 24 products, and nothing more.
SMALL = Size(products=240, segments=10, entries=1_000, customers=100, orders=300)
LARGE = Size(products=100_000, segments=1_000, entries=1_000_000, customers=1_000_000, orders=3_000_000)
# The company that signs in: in Gold, and in so many of the segments, with a history of two pages.
BUYING_COMPANY = "ALFKI"
SEGMENTS_OF_COMPANY = 5
ORDERS_OF_COMPANY = 40
KINDS = ("products", "customers", "users", "memberships", "addresses", "orders", "lines")
# Of every kind that a sign-in has to look at orders for; most hold for the company, so that it is in their segments.
_RULES = (
    '{"is": "order_total", "days": 30, "at_least": 1000}',
    '{"is": "order_total", "days": 365, "at_least": 1000000000}',
    '{"is": "order_count", "at_least": 3}',
    '{"is": "last_order", "within_days": 90}',
    '{"is": "all", "of": [{"is": "order_count", "at_least": 1}, {"is": "country", "one_of": ["DE", "AT"]}]}',
)
FIRST_WORDS = ("Amber", "Bitter", "Candied", "Dried", "Early", "Fine", "Golden", "Hearty", "Island", "Juicy")
SECOND_WORDS = ("almonds", "biscuits", "cheese", "dumplings", "endives", "figs", "ginger", "honey", "icing")


async def fill_shop(address: str, size: Size) -> None:
    """The demo data and a shop of that size in an empty, migrated database."""
    async with beside_the_demo_data(address, minutes=60):
        await _copy_products(size)
        for statement in _statements(size):
            await DB.execute(statement)
        for subject in Subject:
            await raise_version(subject)


async def _copy_products(size: Size) -> None:
    rows = list(_products(size.products, list((await category_ids()).values())))
    async with DB.connection() as connection:
        await connection.copy_records_to_table(
            "products", columns=list(rows[0]), records=[tuple(row.values()) for row in rows]
        )


def _products(count: int, categories: list[uuid.UUID]) -> Iterator[dict[str, object]]:
    now = datetime.now(UTC)
    for n in range(1, count + 1):
        first, second = FIRST_WORDS[n % len(FIRST_WORDS)], SECOND_WORDS[n // 10 % len(SECOND_WORDS)]
        name = {"en": f"{first} {second} {n}"}
        details = ProductDetails(sku=f"BENCH-{n}", category=categories[n % len(categories)], names=name)
        yield {
            "id": uuid.UUID(_key_text("products", f"{n:012x}")),
            "sku": details.sku,
            "sku_canonical": canonical_sku(details.sku),
            "category": details.category,
            "names": msgspec.json.encode(name).decode(),
            "descriptions": '{"en": "One of very many products, with a sentence about it like all others."}',
            "units": '{"en": "12 boxes of 20 bags"}',
            "picture": "",
            "tax_class": "reduced",
            "stock": n % 200,
            "search_text": searched_text(details),
            "search_pieces": searched_pieces(details),
            "created_at": now,
        }


def _cases() -> str:
    """SQL: one segment of two has a rule, so that a sign-in has as many to judge."""
    return " ".join(f"WHEN {2 * n + 1} THEN '{rule}'" for n, rule in enumerate(_RULES))


def _key_text(kind: str, digits: str) -> str:
    return f"bbbb{KINDS.index(kind):04x}-0000-7000-8000-{digits}"


def _key(kind: str, number: str) -> str:
    """SQL of the key of a row."""
    return f"('{_key_text(kind, '')}' || lpad(to_hex(({number})::bigint), 12, '0'))::uuid"


def _statements(size: Size) -> Iterator[str]:
    """Everything but products, in an order in which the server need not look anything up."""
    lists, per_list = size.segments, size.entries // size.segments
    yield f"""
        INSERT INTO segments (id, name, rule, fill_due_at, created_at)
        SELECT 'BENCH-' || n, 'Segment ' || n, CASE n % {len(_RULES) * 2} {_cases()} ELSE '{{}}' END::jsonb, NULL, now()
        FROM generate_series(1, {lists}) n"""
    yield f"""
        INSERT INTO price_lists (id, name, priority)
        SELECT 'BENCH-' || n, 'List ' || n, n % 10 FROM generate_series(1, {lists}) n"""
    yield f"""
        INSERT INTO targets (id, kind, owner, segment)
        SELECT gen_random_uuid(), 'price_list', 'BENCH-' || n, 'BENCH-' || n FROM generate_series(1, {lists}) n"""
    yield f"""
        INSERT INTO price_entries (id, price_list, product, quantity_from, amount, percent_off)
        SELECT gen_random_uuid(), 'AllConsumersPriceList', {_key("products", "n")}, 1, 300 + n * 37 % 9000, NULL
        FROM generate_series(1, {size.products}) n
        UNION ALL SELECT gen_random_uuid(), 'GoldPriceList', {_key("products", "n")}, 1, NULL, 10
        FROM generate_series(1, {size.products}) n
        UNION ALL SELECT gen_random_uuid(), 'BENCH-' || l, {_key("products", f"(l * 97 + k) % {size.products} + 1")},
                         1 + k % 2 * 9, NULL, 1 + (l + k) % 20
        FROM generate_series(1, {lists}) l, generate_series(1, {per_list}) k"""
    yield f"""
        INSERT INTO customers (id, number, customer_type, application, search_name, created_at)
        SELECT {_key("customers", "n")}, 'BENCH-' || n, CASE WHEN n % 2 = 0 THEN 'SMB' ELSE 'INDIVIDUAL' END,
               CASE WHEN n % 2 = 0 THEN 'business' ELSE 'shop' END, 'Somebody ' || n, now()
        FROM generate_series(1, {size.customers}) n"""
    yield f"""
        INSERT INTO users (id, login, login_canonical, email, email_canonical, first_name, last_name, created_at)
        SELECT {_key("users", "n")}, e, e, e, e, 'Somebody', n::text, now()
        FROM generate_series(1, {size.customers}) n, LATERAL (SELECT 'somebody' || n || '@example.net') AS t (e)"""
    yield f"""
        INSERT INTO memberships (id, "user", customer, created_at)
        SELECT {_key("memberships", "n")}, {_key("users", "n")}, {_key("customers", "n")}, now()
        FROM generate_series(1, {size.customers}) n"""
    yield f"""
        INSERT INTO addresses (id, customer, street, postal_code, city, country, is_preferred_billing,
                               is_preferred_shipping, created_at)
        SELECT {_key("addresses", "n")}, {_key("customers", "n")}, 'Street ' || n, '12345', 'Berlin', 'DE', true,
               true, now()
        FROM generate_series(1, {size.customers}) n"""
    yield f"""
        INSERT INTO segment_members (id, segment, customer, created_at)
        SELECT gen_random_uuid(), 'BENCH-' || n % {lists} + 1, {_key("customers", "n")}, now()
        FROM generate_series(1, {size.customers}) n
        UNION ALL SELECT gen_random_uuid(), 'BENCH-' || n, c.id, now()
        FROM generate_series(1, {SEGMENTS_OF_COMPANY}) n, customers c WHERE c.number = '{BUYING_COMPANY}'"""
    others = size.orders - ORDERS_OF_COMPANY
    yield f"""
        INSERT INTO orders (id, number, application, customer, "user", buyer_name, email, email_canonical,
                            state, is_net, items_total, net_total, tax_total, gross_total, taxes, placed_at)
        SELECT {_key("orders", "n")}, 'BENCH-' || n, 'business', b.customer, b."user", 'Somebody', b.email, b.email,
               'shipped', true, 1000, 1000, 70, 1070, '[{{"rate": "7.00", "net": 1000, "tax": 70}}]',
               now() - n * interval '10 seconds'
        FROM generate_series(1, {size.orders}) n
        LEFT JOIN (SELECT m.customer, m."user", u.email FROM memberships m JOIN users u ON u.id = m."user"
                   JOIN customers c ON c.id = m.customer WHERE c.number = '{BUYING_COMPANY}'
                   ORDER BY m.id LIMIT 1) own ON n > {others}
        CROSS JOIN LATERAL (
            SELECT coalesce(own.customer, {_key("customers", f"n % {size.customers} + 1")}) AS customer,
                   coalesce(own."user", {_key("users", f"n % {size.customers} + 1")}) AS "user",
                   coalesce(own.email, 'somebody' || n % {size.customers} + 1 || '@example.net') AS email) b"""
    yield f"""
        INSERT INTO order_lines (id, "order", product, position, sku, name, quantity, unit_price, line_total, tax_rate)
        SELECT {_key("lines", "n")}, {_key("orders", "n")}, {_key("products", f"n % {size.products} + 1")}, 1,
               'BENCH-' || n % {size.products} + 1, 'One of very many', 2, 500, 1000, 7
        FROM generate_series(1, {size.orders}) n"""


if __name__ == "__main__":
    started = time.perf_counter()
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    asyncio.run(fill_shop(settings().database_url, LARGE.times(scale)))
    print(f"loaded in {time.perf_counter() - started:.0f} s")
