"""The basket (domain.md 9, pages.md)."""

import asyncio
import uuid

import pytest

from app.catalog.edit_product import delete_product
from app.versions import raise_version
from tables.engine import DB
from tests import people
from tests.browser_like import visit
from tests.catalog.shelf import EXCLUDE, INCLUDE, STRANGERS, counted_queries
from tests.checkout.ordering import add, answer, open_shop
from tests.other_connection import other_connection, until_somebody_waits


async def quantities() -> dict[str, int]:
    rows = await DB.fetch(
        "SELECT p.sku, l.quantity FROM basket_lines l JOIN products p ON p.id = l.product ORDER BY p.sku"
    )
    return {row["sku"]: row["quantity"] for row in rows}


async def change_price(sku: str, amount: int) -> None:
    await DB.execute(
        "UPDATE price_entries SET amount = $2 FROM products p WHERE p.id = product AND p.sku = $1",
        sku,
        amount,
    )
    await raise_version("prices")


async def test_looking_leaves_no_basket_behind(database):
    await open_shop()
    person = await visit("shop")
    page = await person.get("/basket")
    assert "Your basket is empty." in page.main
    assert person.cookie("basket") is None
    assert await DB.fetch_value("SELECT count(*) FROM baskets") == 0


async def test_a_product_is_put_into_the_basket_and_the_header_tells(database):
    await open_shop()
    person = await visit("shop")
    page = await add(person, "TEA", 3)
    assert page.path == "/basket"
    assert "“Tea” is in your basket." in page.main
    assert "€35.70" in page.main, "3 x 10.00 net with 19 % tax"
    assert "3 pieces · €35.70" in page.text
    assert "3 pieces · €35.70" in (await person.get("/sign-in")).text


async def test_only_a_hash_of_the_cookie_is_stored_and_a_planted_one_is_not_adopted(database):
    await open_shop()
    person = await visit("shop")
    person.client.cookies.set("patron-shop-basket", "planted", domain="localhost.local", path="/")
    page = await person.get("/basket")
    assert "patron-shop-basket=planted" in page.response.request.headers["cookie"]
    await add(person)
    token = person.cookie("basket")
    stored = await DB.fetch_value("SELECT token_hash FROM baskets")
    assert len(stored) == 32
    assert token not in ("planted", None)
    assert token.encode() not in stored


async def test_quantities_change_and_nothing_takes_a_line_out(database):
    await open_shop()
    person = await visit("shop")
    page = await add(person, "TEA", 3)
    page = await person.fill(page, {"quantity": "5"})
    assert await quantities() == {"TEA": 5}
    line = await DB.fetch_value("SELECT id FROM basket_lines")
    page = await person.post(f"/basket/lines/{line}", {"quantity": "0"})
    assert "Your basket is empty." in page.main


@pytest.mark.parametrize("quantity", ["0", "-1", "1000000000", "many", "", "1.5", "٣", "1e3"])
async def test_odd_quantities_are_refused_at_the_field_of_the_product_and_change_nothing(database, quantity):
    await open_shop()
    person = await visit("shop")
    page = await add(person, "TEA", quantity)
    assert (page.status, page.h1) == (422, "Tea")
    assert page.errors["quantity"]
    assert page.typed("quantity") == quantity
    assert await quantities() == {}


@pytest.mark.parametrize("quantity", ["-1", "1000000000", "many", "", "1.5"])
async def test_odd_quantities_of_a_line_are_refused_at_the_field(database, quantity):
    await open_shop()
    person = await visit("shop")
    page = await person.fill(await add(person, "TEA", 2), {"quantity": quantity})
    assert page.status == 422
    assert page.errors["quantity"]
    assert await quantities() == {"TEA": 2}


async def test_a_refused_quantity_is_said_only_to_who_has_typed_it(database):
    await open_shop()
    person = await visit("shop")
    await add(person, "TEA", 51)
    page = await person.get("/products/TEA")
    assert page.typed("quantity") == "1"
    assert page.errors == {}


async def test_the_last_piece_is_told_in_the_singular(database):
    shop = await open_shop()
    await shop.product("CAKE", "Cake", price=500, stock=1)
    person = await visit("shop")
    assert (await add(person, "CAKE", 2)).errors["quantity"] == "Only one piece is in stock."


async def test_what_went_out_of_stock_meanwhile_is_told_with_the_basket(database):
    shop = await open_shop()
    await shop.product("CAKE", "Cake", price=500, stock=0)
    person = await visit("shop")
    page = await add(person, "CAKE")
    assert (page.status, page.h1) == (422, "Basket")
    assert page.errors[""] == "This product is out of stock at the moment."


async def test_unknown_and_hidden_products_are_refused_alike(database):
    shop = await open_shop()
    await shop.view("no-coffee", STRANGERS, (INCLUDE, None), (EXCLUDE, "COFFEE"))
    person = await visit("shop")
    unknown, hidden = await add(person, "NOTHING"), await add(person, "COFFEE")
    assert (unknown.status, hidden.status) == (422, 422)
    assert unknown.errors == hidden.errors == {"": "We have no such product."}
    assert await quantities() == {}


async def test_a_price_that_the_browser_sends_is_ignored(database):
    await open_shop()
    person = await visit("shop")
    await add(person, "TEA")
    page = await person.post(
        "/basket/lines",
        {"sku": "COFFEE", "quantity": "1", "price": "1", "unit_price": "1", "seen_price": "1"},
    )
    assert "€35.70" in page.main, "10.00 + 20.00 net with tax"


async def test_foreign_lines_are_missing_like_unknown_ones(database):
    await open_shop()
    owner, stranger = await visit("shop"), await visit("shop")
    await add(owner, "TEA", 2)
    line = await DB.fetch_value("SELECT id FROM basket_lines")
    await add(stranger, "COFFEE")
    for key in (line, uuid.uuid4()):
        page = await stranger.post(f"/basket/lines/{key}", {"quantity": "0"})
        assert page.status == 404
        assert "Tea" not in page.main
    assert await quantities() == {"TEA": 2, "COFFEE": 1}


async def test_a_line_that_was_taken_out_in_another_window_is_told_with_the_basket(database):
    await open_shop()
    person = await visit("shop")
    await add(person, "COFFEE")
    seen_before = await add(person, "TEA", 2)
    line = await DB.fetch_value(
        "SELECT l.id FROM basket_lines l JOIN products p ON p.id = l.product WHERE p.sku = 'TEA'"
    )
    await person.post(f"/basket/lines/{line}", {"quantity": "0"})
    page = await person.post(f"/basket/lines/{line}", {"quantity": "3"}, token=seen_before.csrf_token)
    assert (page.status, page.h1) == (404, "Basket")
    assert page.errors[""] == "This product is no longer in your basket."
    assert "Coffee" in page.main


async def test_what_delivery_costs_is_not_left_out_of_what_is_to_be_paid_in_silence(database):
    await open_shop()
    person = await visit("shop")
    page = await add(person)
    for seen in (page, await person.get("/checkout")):
        assert "Deliverystill to be chosen" in seen.main
        assert "Total without delivery€11.90" in seen.main
        assert "Total to pay" not in seen.main
    review = await answer(person)
    assert "Total to pay€17.85" in review.main


async def test_ten_parallel_adds_make_ten(database):
    await open_shop()
    person = await (await people.shopper()).signed_in()
    await person.get("/basket")
    token = person.last.csrf_token
    await asyncio.gather(
        *(person.post("/basket/lines", {"sku": "TEA", "quantity": "1"}, token=token) for _ in range(10))
    )
    assert await quantities() == {"TEA": 10}
    assert await DB.fetch_value("SELECT count(*) FROM baskets") == 1


async def test_adding_and_changing_at_once_never_wait_in_a_circle(database):
    await open_shop()
    person = await (await people.shopper()).signed_in()
    await add(person, "TEA")
    await add(person, "COFFEE")
    token = person.last.csrf_token
    lines = await DB.fetch("SELECT id FROM basket_lines")
    answers = await asyncio.gather(
        *(
            person.post("/basket/lines", {"sku": sku, "quantity": "1"}, token=token, follow=False)
            for sku in ("TEA", "COFFEE") * 5
        ),
        *(
            person.post(f"/basket/lines/{line['id']}", {"quantity": "3"}, token=token, follow=False)
            for line in lines * 5
        ),
    )
    assert {one.status for one in answers} == {303}


async def test_minimum_and_steps_are_kept(database):
    shop = await open_shop()
    await shop.product("WINE", "Wine", price=500, minimum_quantity=12, step_quantity=6, stock=40)
    person = await visit("shop")
    assert "at least 12" in (await add(person, "WINE", 6)).errors["quantity"]
    assert "steps of 6" in (await add(person, "WINE", 13)).errors["quantity"]
    assert "Only 40" in (await add(person, "WINE", 42)).errors["quantity"]
    assert (await add(person, "WINE", 18)).status == 200
    refused = (await add(person, "WINE", 24)).errors["quantity"]
    assert refused == "Only 40 pieces are in stock. There are 18 in your basket already."
    assert await quantities() == {"WINE": 18}


async def test_a_changed_price_is_told_once(database):
    await open_shop()
    person = await visit("shop")
    await add(person, "TEA", 2)
    await change_price("TEA", 1100)
    page = await person.get("/basket")
    assert "The price of “Tea” has changed from €11.90 to €13.09." in page.main
    page = await person.get("/basket")
    assert "has changed" not in page.main


async def test_more_pieces_at_a_scaled_price_are_no_change_to_be_told(database):
    shop = await open_shop()
    await shop.price_list("many", "IG_Everyone", [("TEA", 10, 800)])
    person = await visit("shop")
    page = await add(person, "TEA", 9)
    page = await person.fill(page, {"quantity": "10"})
    assert "has changed" not in page.main
    assert "€9.52" in page.main


async def test_what_has_vanished_is_told_once_and_taken_out(database):
    shop = await open_shop()
    person = await visit("shop")
    await add(person, "TEA")
    await add(person, "COFFEE")
    await shop.view("no-coffee", STRANGERS, (INCLUDE, None), (EXCLUDE, "COFFEE"))
    page = await person.get("/basket")
    assert "“Coffee” is no longer available" in page.main
    assert await quantities() == {"TEA": 1}
    assert "Coffee" not in (await person.get("/basket")).main


async def test_a_product_that_is_deleted_is_told_once(database):
    shop = await open_shop()
    await shop.product("WINE", "Wine", german="Wein")
    person, other = await visit("shop"), await visit("shop")
    for sku in ("TEA", "WINE"):
        await add(person, sku)
    await add(other, "TEA")
    await delete_product(shop.products["WINE"], 1)
    page = await person.get("/basket")
    assert "“Wine” is no longer available and was taken out of your basket." in page.main
    assert "no longer available" not in (await person.get("/basket")).main
    assert "no longer available" not in (await other.get("/basket")).main


async def test_a_product_that_is_deleted_this_very_moment_is_refused_like_an_unknown_one(database):
    await open_shop()
    person = await visit("shop")
    await person.get("/basket")
    async with other_connection(database) as staff, staff.transaction():
        await staff.execute("DELETE FROM products WHERE sku = 'TEA'")
        adding = asyncio.ensure_future(add(person, "TEA"))
        await until_somebody_waits(adding)
        await staff.execute("SELECT 1")
    page = await adding
    assert page.errors == {"": "We have no such product."}
    assert await DB.fetch_value("SELECT count(*) FROM baskets") == 0


async def test_what_was_deleted_is_told_after_signing_in_too_in_the_persons_language(database):
    shop = await open_shop()
    await shop.product("WINE", "Wine", german="Wein")
    known = await people.shopper(preferred_language="de")
    person = await visit("shop")
    await add(person, "WINE")
    await delete_product(shop.products["WINE"], 1)
    await person.sign_in(known.login, known.password)
    page = await person.get("/basket")
    assert "„Wein“ ist nicht mehr erhältlich" in page.main
    assert "Ihr Warenkorb ist leer." in page.main


async def test_the_visitors_basket_is_merged_at_sign_in(database):
    await open_shop()
    known = await people.shopper()
    person = await known.signed_in()
    await add(person, "TEA", 2)
    await person.post("/sign-out")
    await add(person, "TEA", 3)
    await add(person, "COFFEE", 1)
    await person.sign_in(known.login, known.password)
    assert await quantities() == {"TEA": 5, "COFFEE": 1}
    assert await DB.fetch_value("SELECT count(*) FROM baskets") == 1
    assert "6 pieces" in (await person.get("/basket")).text


async def test_merged_quantities_stay_within_the_stock(database):
    await open_shop()
    known = await people.shopper()
    person = await known.signed_in()
    await add(person, "TEA", 30)
    await person.post("/sign-out")
    await add(person, "TEA", 40)
    await person.sign_in(known.login, known.password)
    assert await quantities() == {"TEA": 50}


async def test_another_price_after_sign_in_is_told(database):
    shop = await open_shop()
    await shop.price_list("members", "IG_RegisteredUsers", [("TEA", 1, 900)])
    known = await people.shopper()
    person = await visit("shop")
    await add(person, "TEA", 2)
    await person.sign_in(known.login, known.password)
    page = await person.get("/basket")
    assert "has changed from €11.90 to €10.71" in page.main


async def test_the_basket_page_takes_few_queries_however_long(database):
    shop = await open_shop()
    for number in range(20):
        await shop.product(f"P{number}", f"Product {number}")
    person = await (await people.shopper()).signed_in()
    for number in range(20):
        await add(person, f"P{number}")
    await person.get("/basket")
    with counted_queries() as said:
        await person.get("/basket")
    assert len(said) <= 5, said


async def test_companies_see_net_prices_and_pay_the_tax(database):
    await open_shop()
    person = await (await people.company()).signed_in()
    page = await add(person, "TEA", 3)
    assert "€30.00" in page.main
    assert "€5.70" in page.main
    assert "€35.70" in page.main
