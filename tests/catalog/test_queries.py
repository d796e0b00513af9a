"""What a page costs: three queries for a list and four for a product, however long the list is."""

import pytest

from app.catalog.kept_orders import KeptOrders
from tables.keys import new_key
from tests import people
from tests.browser_like import Person, visit
from tests.catalog.shelf import COMPANIES, EXCLUDE, INCLUDE, Shelf, counted_queries, shelf

LISTS = (
    "/categories/beverages",
    "/categories/beverages?sort=price",
    "/categories/beverages?sort=newest&page=2",
    "/categories/beverages?price_from=1&available=1&sort=-price",
    "/search?q=tea",
    "/search?q=tae+numbr",
    "/search?q=tea&sort=price",
    "/search?q=numbr&sort=-price",
    "/search?q=numbr&price_from=1&available=1&sort=price",
)


async def many(count: int) -> Shelf:
    made = await shelf()
    for number in range(count):
        await made.product(f"T-{number}", f"Tea number {number:03}")
    await made.price_list("companies", COMPANIES, [(f"T-{number}", 5, 500) for number in range(count)])
    await made.view("all", COMPANIES, (INCLUDE, None), (EXCLUDE, "T-3"))
    return made


async def cost(person: Person, address: str) -> int:
    """Queries of a page, once this process knows what it keeps."""
    await person.get("/categories/beverages")
    await person.get("/search?q=nothing&sort=price")
    with counted_queries() as queries:
        page = await person.get(address)
    assert page.status == 200
    return len(queries)


@pytest.mark.parametrize("count", [30, 60])
async def test_a_list_costs_three_queries_however_long_it_is(database: str, count: int) -> None:
    await many(count)
    buyer = await people.company()
    for person in (await visit(), await buyer.signed_in()):
        for address in LISTS:
            if person.application == "shop" or "tae" not in address:
                assert await cost(person, address) <= 3, address


async def test_a_product_page_costs_four_queries_at_most(database: str) -> None:
    await many(25)
    buyer = await people.company()
    for person in (await visit(), await buyer.signed_in()):
        assert await cost(person, "/products/T-1") <= 4


async def test_the_home_page_and_suggestions_cost_no_more_than_a_list(database: str) -> None:
    await many(25)
    person = await visit()
    await person.get("/")
    assert await cost(person, "/") <= 3


def test_kept_orders_have_an_end() -> None:
    kept = KeptOrders(most_ids=10)
    ids = [new_key() for _ in range(6)]
    assert kept.keep("first", ids).ids(2, 2) == ids[2:4]
    assert kept.get("first") is not None
    kept.keep("second", ids)
    assert kept.get("first") is None
    kept.keep("second", ids[:3])
    kept.keep("third", ids)
    found = kept.get("second")
    assert found is not None
    assert len(found) == 3
    assert found.ids(0, 24) == ids[:3]
