"""Orders that a process keeps: any range of prices of a kept one is what the database would have found."""

import random
from dataclasses import replace

import pytest

from app.catalog import lists
from app.catalog.edit_product import set_stock
from app.catalog.kept_orders import KeptOrders, Order
from app.catalog.list_query import ON_A_PAGE, Wanted
from app.catalog.lists import find_products
from app.segments.audience import Audience
from app.versions import Subject, raise_version, version_of
from tables.engine import DB
from tables.keys import new_key
from tests.browser_like import visit
from tests.catalog.shelf import EVERYONE, EXCLUDE, INCLUDE, counted_queries, shelf
from tests.catalog.test_price_in_sql import many_entries, many_products


class Looking:
    """As much of a visitor as lists ask for."""

    language = "en"

    def __init__(self, audience: Audience, versions: dict[str, int]) -> None:
        self.audience = audience
        self.versions = versions


async def test_any_range_of_prices_is_the_same_with_and_without_a_kept_order(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await shelf()
    chance = random.Random(20261122)  # the same cases each time
    await many_products(made, chance)
    await many_entries(made, chance)
    versions: dict[str, int] = {}
    for subject in Subject:
        versions |= await version_of(subject)
    visitor = Looking(Audience(application_id="shop", segments=frozenset({EVERYONE}), is_net=False), versions)
    monkeypatch.setattr(lists, "kept_orders", KeptOrders())
    seen = set()
    for _case in range(60):
        lowest, highest = sorted(chance.sample(range(100_000), 2))
        lowest, highest = chance.choice(((lowest, highest), (lowest, None), (None, highest)))
        wanted = Wanted(
            category=made.categories["beverages"],
            sort=chance.choice(("name", "price", "-price", "newest")),
            price_from=lowest,
            price_to=highest,
            page=chance.choice((1, 1, 2)),
        )
        kept = await find_products(wanted, visitor)
        lists.kept_orders = KeptOrders()
        fresh = await find_products(wanted, visitor)
        all_with_prices = await find_products(replace(wanted, price_from=0, price_to=None, page=1), visitor)
        twice = await find_products(wanted, visitor)
        assert (
            [one.id for one in fresh.products]
            == [one.id for one in kept.products]
            == [one.id for one in twice.products]
        )
        if fresh.products:
            assert fresh.count == kept.count == twice.count
        assert all_with_prices.count >= fresh.count
        seen.add((fresh.count > ON_A_PAGE, fresh.count == 0))
    assert len(seen) > 1
    assert await DB.fetch_value("SELECT count(*) FROM products") == 120


def test_a_range_holds_its_ends_and_nothing_without_a_price() -> None:
    ids = [new_key() for _one in range(5)]
    order = Order(ids, [None, 0, 100, 200, 100])
    assert order.within(None, None) is order
    assert order.within(0, None).ids(0, 9) == ids[1:]
    assert order.within(None, 100).ids(0, 9) == [ids[1], ids[2], ids[4]]
    assert order.within(100, 100).ids(1, 9) == [ids[4]]
    assert len(order.within(201, 300)) == 0


def test_orders_without_prices_know_no_range() -> None:
    with pytest.raises(ValueError, match="no prices"):
        Order([new_key()]).within(1, None)


async def test_what_came_last_follows_the_stock_at_the_next_request(database: str) -> None:
    made = await shelf()
    for sku, category in (("OLD", "beverages"), ("NEW", "beverages"), ("OTHER", "sweets")):
        await made.product(sku, f"{sku.title()} ware", category)
    # Who came when does not depend on how fast the test is.
    for days, sku in enumerate(("NEW", "OTHER", "OLD")):
        await DB.execute(
            "UPDATE products SET created_at = now() - make_interval(days => $2) WHERE sku = $1", sku, days
        )
    person = await visit()

    async def newest() -> list[str]:
        links = (await person.get("/")).links
        found = [one.rsplit("/", 1)[1] for one in links if "/products/" in one]
        return list(dict.fromkeys(found))

    assert await newest() == ["NEW", "OTHER"]
    await set_stock(made.products["NEW"], 0)
    assert await newest() == ["OTHER", "OLD"]
    await set_stock(made.products["OLD"], 0)
    assert await newest() == ["OTHER"]
    await set_stock(made.products["NEW"], 500)
    assert await newest() == ["NEW", "OTHER"]
    # Who must take a whole package cannot have what is left.
    await DB.execute("UPDATE products SET step_quantity = 600 WHERE sku = 'NEW'")
    await raise_version(Subject.CATALOG)
    assert await newest() == ["OTHER"]
    await DB.execute("UPDATE products SET step_quantity = 1 WHERE sku = 'NEW'")
    await raise_version(Subject.CATALOG)
    assert await newest() == ["NEW", "OTHER"]
    # Of two orders of larger stocks pages need not hear.
    await set_stock(made.products["NEW"], 499)
    with counted_queries() as queries:
        assert await newest() == ["NEW", "OTHER"]
    assert len(queries) == 1


async def test_what_came_last_of_a_view_is_of_what_it_shows(database: str) -> None:
    made = await shelf()
    for sku, category in (
        ("SEEN", "beverages"),
        ("HIDDEN", "beverages"),
        ("ADDED", "sweets"),
        ("GONE", "sweets"),
    ):
        await made.product(sku, f"{sku.title()} ware", category)
    for days, sku in enumerate(("GONE", "HIDDEN", "ADDED", "SEEN")):
        await DB.execute(
            "UPDATE products SET created_at = now() - make_interval(days => $2) WHERE sku = $1", sku, days
        )
    await made.view("few", EVERYONE, (INCLUDE, "beverages"), (INCLUDE, "ADDED"), (EXCLUDE, "HIDDEN"))
    links = (await (await visit()).get("/")).links
    found = [one.rsplit("/", 1)[1] for one in links if "/products/" in one]
    assert list(dict.fromkeys(found)) == ["ADDED", "SEEN"]
