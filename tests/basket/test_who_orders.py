"""Only who may purchase is offered what leads to an order, and nobody else gets there (domain.md 10)."""

import pytest

from tables.engine import DB
from tests import people
from tests.browser_like import Person, visit
from tests.checkout.ordering import add, open_shop

pytestmark = pytest.mark.usefixtures("database")
WORDS = "You look at products and prices for your company."


async def asks_for_a_quantity(person: Person) -> bool:
    page = await person.get("/products/TEA")
    assert page.status == 200
    return page.tree.find(".//main//input[@name='quantity']") is not None


async def test_a_viewer_sees_prices_and_no_button_that_is_closed_to_them() -> None:
    await open_shop()
    boss = await people.company()
    viewer = await (await people.colleague(boss, "vera@alfki.example", ("viewer",))).signed_in()
    assert not await asks_for_a_quantity(viewer)
    page = await viewer.get("/products/TEA")
    assert WORDS in page.main
    assert "€10.00" in page.main
    refused = await viewer.post("/basket/lines", {"sku": "TEA", "quantity": "1"})
    assert refused.status == 403
    assert await DB.fetch_value("SELECT count(*) FROM basket_lines") == 0
    # The same page, kept for all who see the same prices, asks those who may order.
    assert await asks_for_a_quantity(await boss.signed_in())
    assert await asks_for_a_quantity(await visit("business"))
    assert await asks_for_a_quantity(await (await people.shopper()).signed_in())


async def test_who_may_order_no_more_finds_no_way_to_the_checkout_and_can_empty_the_basket() -> None:
    await open_shop()
    boss = await people.company()
    buyer = await people.colleague(boss, "paul@alfki.example")
    person = await buyer.signed_in()
    await add(person, "TEA", 2)
    assert [one for one in (await person.get("/basket")).links if one.endswith("/checkout")]
    await DB.execute("UPDATE memberships SET roles = '{viewer}' WHERE id = $1", buyer.membership_id)
    page = await person.get("/basket")
    assert not [one for one in page.links if one.endswith("/checkout")]
    assert WORDS in page.main
    line = next(
        one.get("action") for one in page.tree.iterfind(".//main//form") if "/lines/" in one.get("action")
    )
    page = await person.post(line, {"quantity": "0"})
    assert "Your basket is empty." in page.main


async def test_an_administrator_who_looks_as_a_viewer_sees_no_such_button_either() -> None:
    await open_shop()
    person = await (await people.company()).signed_in()
    await person.get("/account/roles")
    await person.post("/account/roles/look", {"role": "viewer"})
    assert not await asks_for_a_quantity(person)
    page = await person.get("/account/requisitions")
    assert not [one for one in page.links if one.endswith("/stand-in")]
