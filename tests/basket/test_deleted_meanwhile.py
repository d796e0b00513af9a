"""A product that staff delete while it is being put into a basket: nobody loses a line without being told."""

import asyncio
from typing import Any

import asyncpg
import pytest

from app.basket import basket
from app.catalog import edit_product
from app.catalog.edit_product import delete_product
from tables.engine import DB
from tests import people
from tests.browser_like import Person, SeenPage, visit
from tests.catalog.shelf import Shelf
from tests.checkout.ordering import add, open_shop
from tests.other_connection import other_connection, until_somebody_waits

GONE = "“Wine” is no longer available and was taken out of your basket."


async def shop_with_wine() -> Shelf:
    shop = await open_shop()
    await shop.product("WINE", "Wine")
    return shop


async def staff() -> Person:
    return await (await people.staff_member()).signed_in()


async def wine_added_and_deleted_at_once(database: str) -> tuple[Person, SeenPage, SeenPage]:
    """Who puts wine beside tea into the basket while staff delete it, and what both are answered."""
    await shop_with_wine()
    person, clerk = await visit("shop"), await staff()
    await add(person, "TEA")
    async with other_connection(database) as other, other.transaction():
        # Holds up the adding after its line is written, since it asks for the price next.
        await other.execute("LOCK TABLE price_entries IN ACCESS EXCLUSIVE MODE")
        adding = asyncio.ensure_future(add(person, "WINE"))
        await until_somebody_waits(adding)
        deleting = asyncio.ensure_future(clerk.post("/products/WINE/delete", {"confirmed": "yes"}))
        await until_somebody_waits(deleting, count=2)
    return person, await adding, await deleting


async def test_a_line_that_comes_while_its_product_is_being_deleted_is_told(database: str) -> None:
    person, added, deleted = await wine_added_and_deleted_at_once(database)
    assert "The product is deleted." in deleted.main
    pages = [added.main, (await person.get("/basket")).main]
    assert sum(GONE in one for one in pages) == 1
    assert await DB.fetch_value("SELECT count(*) FROM basket_lines") == 1


async def test_what_is_deleted_after_its_line_was_read_is_told_once(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = await shop_with_wine()
    person = await visit("shop")
    for sku in ("TEA", "WINE"):
        await add(person, sku)
    found_before, waiting = basket.products_by_id, [shop.products["WINE"]]

    async def found_after_the_deletion(*wanted: Any) -> Any:
        if waiting:
            await delete_product(waiting.pop(), 1)
        return await found_before(*wanted)

    monkeypatch.setattr(basket, "products_by_id", found_after_the_deletion)
    assert (await person.get("/basket")).main.count(GONE) == 1
    assert GONE not in (await person.get("/basket")).main


async def test_two_who_were_faster_are_both_told(database: str) -> None:
    """The second one comes while the first is being told."""
    shop = await shop_with_wine()
    first, second = await visit("shop"), await visit("shop")
    for person in (first, second):
        await add(person, "TEA")
    baskets = [row["id"] for row in await DB.fetch("SELECT id FROM baskets ORDER BY id")]
    line = (
        "INSERT INTO basket_lines (id, basket, product, quantity, created_at)"
        " VALUES (gen_random_uuid(), $1, $2, 1, now())"
    )
    async with other_connection(database) as one, other_connection(database) as other:
        of_one, of_other = one.transaction(), other.transaction()
        await of_one.start()
        await one.execute(line, baskets[0], shop.products["WINE"])
        deleting = asyncio.ensure_future(delete_product(shop.products["WINE"], 1))
        since = await until_somebody_waits(deleting)
        await of_other.start()
        await other.execute("SELECT FROM baskets WHERE id = $1 FOR NO KEY UPDATE", baskets[0])
        # Before the first is told there is somebody who holds up the telling.
        await of_one.commit()
        await until_somebody_waits(deleting, since=since)
        await other.execute(line, baskets[1], shop.products["WINE"])
        await of_other.commit()
        await deleting
    for person in (first, second):
        assert GONE in (await person.get("/basket")).main
        assert GONE not in (await person.get("/basket")).main


async def test_who_comes_after_the_deletion_has_begun_is_refused(database: str) -> None:
    shop = await shop_with_wine()
    earlier, person = await visit("shop"), await visit("shop")
    for one in (earlier, person):
        await add(one, "TEA")
    await add(earlier, "WINE")
    async with other_connection(database) as other, other.transaction():
        # Holds up the deletion at its end.
        await other.execute("LOCK TABLE data_versions IN EXCLUSIVE MODE")
        deleting = asyncio.ensure_future(delete_product(shop.products["WINE"], 1))
        await until_somebody_waits(deleting)
        adding = asyncio.ensure_future(add(person, "WINE"))
        await until_somebody_waits(adding, count=2)
    await deleting
    assert (await adding).errors == {"": "We have no such product."}
    assert GONE in (await earlier.get("/basket")).main
    assert GONE not in (await person.get("/basket")).main


async def test_products_ordered_by_number_are_refused_one_by_one(database: str) -> None:
    shop = await shop_with_wine()
    person = await (await people.company()).signed_in()
    await person.get("/quick-order")
    async with other_connection(database) as other, other.transaction():
        await other.execute("LOCK TABLE data_versions IN EXCLUSIVE MODE")
        deleting = asyncio.ensure_future(delete_product(shop.products["WINE"], 1))
        await until_somebody_waits(deleting)
        ordering = asyncio.ensure_future(person.post("/quick-order", {"lines": "WINE 2\r\nTEA 3"}))
        await until_somebody_waits(ordering, count=2)
    await deleting
    page = await ordering
    assert page.status < 500
    assert "We have no such product." in page.main
    assert await DB.fetch_value("SELECT sum(quantity) FROM basket_lines") == 3


async def test_what_is_deleted_while_the_basket_tells_of_another_is_told_at_the_next_view(
    database: str,
) -> None:
    shop = await shop_with_wine()
    await shop.product("BEER", "Beer")
    person = await visit("shop")
    for sku in ("TEA", "WINE", "BEER"):
        await add(person, sku)
    await delete_product(shop.products["BEER"], 1)
    async with other_connection(database) as other, other.transaction():
        await other.execute("SELECT FROM baskets FOR UPDATE")
        looking = asyncio.ensure_future(person.get("/basket"))
        await until_somebody_waits(looking)
        await deleted_by(other, "WINE")
    page = await looking
    assert "“Beer” is no longer available" in page.main
    assert GONE not in page.main
    page = await person.get("/basket")
    assert GONE in page.main
    assert "Beer" not in page.main
    assert "no longer available" not in (await person.get("/basket")).main


async def deleted_by(connection: asyncpg.Connection, sku: str) -> None:
    """Deletes a product, and tells all baskets, as `delete_product` does, on another connection."""
    await connection.execute(
        "UPDATE baskets SET gone = gone || jsonb_build_array(p.names) FROM products p WHERE p.sku = $1", sku
    )
    await connection.execute("DELETE FROM products WHERE sku = $1", sku)


async def test_a_product_that_is_put_into_baskets_without_end_is_not_deleted(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Staff are asked to try again then, instead of waiting."""
    monkeypatch.setattr(edit_product, "MOST_TRIES", 1)
    _person, added, deleted = await wine_added_and_deleted_at_once(database)
    assert "“Wine” is in your basket." in added.main
    assert "The product is deleted." not in deleted.main
    assert await DB.fetch_value("SELECT count(*) FROM products WHERE sku = 'WINE'") == 1
