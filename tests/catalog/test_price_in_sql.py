"""Lists are sorted and filtered by what the price function says, for every audience."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

from app.catalog.price_in_sql import price_terms
from app.catalog.products import SMALLEST_QUANTITY
from app.prices.price import offers_for, price
from app.prices.price_entries import EntriesOverlap, EntryDetails, add_entries
from app.segments.audience import Audience
from app.versions import Subject, version_of
from tables.engine import DB
from tests.catalog.shelf import Shelf, shelf

CLASSES = ("standard", "reduced", "zero")
SEGMENTS = ("IG_Everyone", "IG_SMBCustomers", "IG_RegisteredUsers", "IG_NewUsers")


async def test_sql_and_the_price_function_say_the_same(database: str) -> None:
    made = await shelf()
    chance = random.Random(20261121)  # the same cases each time
    await many_products(made, chance)
    await many_entries(made, chance)
    versions: dict[str, int] = {}
    for subject in Subject:
        versions |= await version_of(subject)
    priced = 0
    for segments in (SEGMENTS[:1], SEGMENTS[:2], SEGMENTS):
        for is_net in (True, False):
            audience = Audience(application_id="shop", segments=frozenset(segments), is_net=is_net)
            for one in (audience, replace(audience, country="US")):
                priced += await compare(made, one, versions)
    assert priced > 500


async def many_products(made: Shelf, chance: random.Random) -> None:
    for number in range(120):
        await made.product(
            f"P-{number}",
            f"Product {number}",
            price=None,
            tax_class=chance.choice(CLASSES),
            minimum_quantity=chance.choice((1, 1, 5, 20)),
            step_quantity=chance.choice((1, 1, 3)),
        )


async def many_entries(made: Shelf, chance: random.Random) -> None:
    lists = ["everyone"]
    for number in range(8):
        soon = datetime.now(UTC) + timedelta(days=chance.choice((-3, 3)))
        name = f"list{number}"
        await made.price_list(
            name,
            chance.choice(SEGMENTS),
            [],
            is_net=chance.random() < 0.5,
            priority=chance.randrange(3),
            valid_to=soon if chance.random() < 0.3 else None,
            currency="USD" if number == 7 else "EUR",
        )
        lists.append(name)
    now = datetime.now(UTC)
    for product in made.products.values():
        for _entry in range(chance.randrange(1, 9)):
            amount = chance.choice((chance.randrange(0, 50), chance.randrange(100, 99_999)))
            percent = Decimal(chance.randrange(1, 10_001)) / 100
            is_fixed = chance.random() < 0.7
            details = EntryDetails(
                product_id=product,
                quantity_from=chance.choice((1, 1, 3, 5, 10)),
                amount=amount if is_fixed else None,
                percent_off=None if is_fixed else percent,
                valid_from=chance.choice((None, None, now - timedelta(days=1), now + timedelta(days=1))),
                valid_to=chance.choice((None, None, now + timedelta(days=2))),
            )
            try:
                await add_entries(chance.choice(lists), [details])
            except EntriesOverlap:
                continue


async def compare(made: Shelf, audience: Audience, versions: dict[str, int]) -> int:
    """How many products have a price; each must have the same one in SQL."""
    terms = await price_terms(audience, versions)
    products = f"SELECT p.id, p.tax_class, {SMALLEST_QUANTITY} AS smallest_quantity FROM products p"
    matching = f"WITH matching AS ({products}) "
    found_by = []
    for few in (False, True):
        sql, arguments = terms.query(1, few=few)
        rows = await DB.fetch(matching + sql, *arguments)
        found_by.append({row["product"]: row["shown"] for row in rows})
    in_sql, one_by_one = found_by
    assert in_sql == one_by_one
    offers = await offers_for(made.products.values(), audience, versions)
    expected = {}
    for row in await DB.fetch(products):
        found = price(SimpleNamespace(**row), row["smallest_quantity"], offers, audience, datetime.now(UTC))
        if found is not None:
            expected[row["id"]] = found.shown
    assert {key: value for key, value in in_sql.items() if value is not None} == expected
    return len(expected)
