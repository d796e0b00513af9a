"""Order history and detail (domain.md 9, pages.md)."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from app.orders.states import confirm_order
from tables.engine import DB
from tests import people
from tests.browser_like import visit
from tests.catalog.shelf import counted_queries
from tests.checkout.ordering import add, open_shop, order


async def test_a_shopper_sees_the_own_orders_newest_first(database):
    await open_shop()
    person = await (await people.shopper()).signed_in()
    first, second = await order(person, "TEA"), await order(person, "COFFEE")
    page = await person.get("/account/orders")
    assert page.main.index(second) < page.main.index(first)
    page = await person.get(f"/account/orders/{first}")
    assert page.h1 == f"Order {first}"
    assert "Tea" in page.main
    assert "Obere Str. 57" in page.main
    assert "€17.85" in page.main


async def test_what_was_ordered_stays_as_it_was(database):
    await open_shop()
    person = await (await people.shopper()).signed_in()
    number = await order(person)
    await DB.execute("UPDATE price_entries SET amount = 9900")
    await DB.execute("UPDATE addresses SET street = 'Elsewhere 1'")
    await DB.execute("""UPDATE products SET names = '{"en": "Renamed"}'""")
    page = await person.get(f"/account/orders/{number}")
    assert "Tea" in page.main
    assert "Obere Str. 57" in page.main
    assert "€17.85" in page.main


async def test_foreign_orders_and_missing_ones_are_the_same_not_found(database):
    await open_shop()
    other = await (await people.shopper("other@example.com")).signed_in()
    foreign = await order(other)
    guest = await visit("shop")
    of_guest = await order(guest)
    person = await (await people.shopper()).signed_in()
    await person.get("/account/orders")
    for number in (foreign, of_guest, "999999", "nonsense"):
        assert (await person.get(f"/account/orders/{number}")).status == 404
        assert (await person.post(f"/account/orders/{number}/reorder")).status == 404
        assert (await person.post(f"/account/orders/{number}/withdraw")).status == 404
        assert (await person.get(f"/orders/{number}/thanks")).status == 404


async def test_who_is_not_signed_in_is_asked_to(database):
    person = await visit("shop")
    assert (await person.get("/account/orders")).path.startswith("/sign-in")


async def test_in_a_company_users_see_their_own_and_administrators_all(database):
    await open_shop()
    known = await people.company()
    admin = await known.signed_in()
    paul = await people.colleague(known, "paul@alfki.example")
    buyer = await paul.signed_in()
    of_admin, of_buyer = await order(admin), await order(buyer)
    page = await buyer.get("/account/orders")
    assert of_buyer in page.main
    assert of_admin not in page.main
    assert (await buyer.get(f"/account/orders/{of_admin}")).status == 404
    page = await admin.get("/account/orders")
    assert of_buyer in page.main
    assert of_admin in page.main
    buyers = {one.get("value"): one.text for one in page.tree.iterfind(".//select[@name='buyer']/option")}
    assert set(buyers) == {"", str(known.user_id), str(paul.user_id)}
    assert buyers[str(paul.user_id)] == "Maria Anders"
    assert (await buyer.get("/account/orders")).tree.find(".//select[@name='buyer']") is None
    page = await admin.get(f"/account/orders?buyer={paul.user_id}")
    assert of_buyer in page.main
    assert of_admin not in page.main
    assert of_admin not in (await buyer.get(f"/account/orders?buyer={known.user_id}")).main
    assert "There are no orders" in (await admin.get("/account/orders?buyer=nobody")).main


async def test_orders_are_picked_out_by_day(database):
    await open_shop()
    person = await (await people.shopper()).signed_in()
    number = await order(person)
    today = datetime.now(ZoneInfo("Europe/Berlin")).date()
    for query, is_found in (
        (f"from={today}&to={today}", True),
        (f"from={today + timedelta(days=2)}", False),
        (f"to={today - timedelta(days=2)}", False),
        (f"from={today:%d.%m.%Y}", True),
        ("from=0001-01-01&to=9999-12-31", True),
    ):
        page = await person.get(f"/account/orders?{query}")
        assert (number in page.main) is is_found, query
    page = await person.get("/account/orders?from=yesterday")
    assert "such as 1985-03-31" in page.main


async def test_a_long_history_has_pages_of_twenty_and_few_queries(database):
    await open_shop()
    known = await people.company()
    person = await known.signed_in()
    number = await order(person)
    await DB.execute(
        """
        INSERT INTO orders SELECT (jsonb_populate_record(o, jsonb_build_object(
            'id', gen_random_uuid(), 'number', 'N' || n, 'idempotency_key', NULL,
            'placed_at', o.placed_at - n * interval '1 day'))).*
        FROM orders o, generate_series(1, 44) n WHERE o.number = $1
        """,
        number,
    )
    with counted_queries() as said:
        page = await person.get("/account/orders")
    assert len(said) <= 2, said
    assert len(page.tree.findall(".//main//tbody/tr")) == 20
    page = await person.get("/account/orders?page=3")
    assert len(page.tree.findall(".//main//tbody/tr")) == 5
    assert "N44" in page.main
    for odd in ("0", "-1", "x", "99999999", "9" * 30):
        assert (await person.get(f"/account/orders?page={odd}")).status == 200


async def test_an_order_is_put_into_the_basket_again_and_what_is_missing_told(database):
    shop = await open_shop()
    await shop.product("GONE", "Gone for good", stock=5)
    await shop.product("FEW", "Few left", stock=5)
    person = await (await people.shopper()).signed_in()
    await add(person, "FEW", 4)
    number = await order(person, "TEA", "GONE")
    await DB.execute("UPDATE products SET is_active = false WHERE sku = 'GONE'")
    page = await person.get(f"/account/orders/{number}")
    page = await person.post(f"/account/orders/{number}/reorder")
    assert page.path == "/basket"
    assert "2 products are in your basket." in page.main
    assert "fewer in stock of: Few left" in page.main
    assert "Not available: Gone for good" in page.main
    rows = await DB.fetch("SELECT p.sku, l.quantity FROM basket_lines l JOIN products p ON p.id = l.product")
    assert {row["sku"]: row["quantity"] for row in rows} == {"TEA": 1, "FEW": 1}


async def test_guest_orders_are_claimed_by_who_has_verified_the_same_email(database):
    await open_shop()
    guest, another = await visit("shop"), await visit("shop")
    number = await order(guest, email="Ines@Example.com")
    foreign = await order(another, email="other@example.com")
    known = await people.shopper("ines@example.com")
    person = await known.signed_in()
    page = await person.get("/account/orders")
    assert "one order as a guest" in page.main
    assert number not in page.main
    page = await person.post("/account/orders/claim")
    assert "One order is now in your account." in page.main
    assert number in page.main
    assert foreign not in page.main
    assert (await person.get(f"/account/orders/{number}")).status == 200
    assert await DB.fetch_value("SELECT first_order_at IS NOT NULL FROM customers")
    page = await person.post("/account/orders/claim")
    assert "nothing to take over" in page.main


async def test_a_new_customer_is_recurring_at_the_next_sign_in_after_the_order(database):
    await open_shop()
    known = await people.shopper()
    person = await known.signed_in()
    await order(person)
    assert await DB.fetch_value("SELECT recurring_since FROM customers") is None
    await known.signed_in()
    assert await DB.fetch_value("SELECT recurring_since IS NOT NULL FROM customers")


async def test_german_pages_of_orders_are_german(database):
    await open_shop()
    person = await (await people.shopper(preferred_language="de")).signed_in()
    await add(person)
    assert "Ihr Warenkorb" in (await person.get("/checkout")).main
    page = await person.get("/basket")
    assert page.h1 == "Warenkorb"
    number = await order_in_german(person)
    page = await person.get(f"/account/orders/{number}")
    assert page.h1 == f"Bestellung {number}"
    assert "enthaltene MwSt. 19\xa0%".replace("\xa0", " ") in page.main.replace("\xa0", " ")


async def order_in_german(person) -> str:
    page = await person.get("/checkout")
    page = await person.fill(
        page, {"shipping_method": "parcel", "payment_method": "invoice"}, form="payment_method"
    )
    page = await person.fill(page, {"terms": "on"}, form="idempotency_key")
    assert page.h1 == "Vielen Dank für Ihre Bestellung"
    return page.path.split("/")[-2]


async def test_orders_are_found_by_number_sku_product_and_state_and_pages_keep_it(database):
    await open_shop()
    known = await people.company()
    person = await known.signed_in()
    tea, coffee = await order(person, "TEA"), await order(person, "COFFEE")
    await confirm_order(coffee)
    for query, found in (
        (f"q={tea}", {tea}),
        (f"q={tea[:3]}", {tea, coffee}),
        ("q=coff", {coffee}),
        ("q=%20Tea%20", {tea}),
        ("q=%25", set()),
        ("q=te_", set()),
        ("q=nothing+of+this", set()),
        ("q=te%00a", {tea}),
        ("state=confirmed", {coffee}),
        ("state=confirmed&q=tea", set()),
        ("state=nonsense", {tea, coffee}),
        (f"q=tea&state=new&buyer={known.user_id}", {tea}),
    ):
        with counted_queries() as said:
            page = await person.get(f"/account/orders?{query}")
        assert len(said) <= 3, said
        assert {number for number in (tea, coffee) if f"/orders/{number}" in page.html} == found, query
        assert found or "No order fits this search." in page.main
    await DB.execute(
        """
        INSERT INTO orders SELECT (jsonb_populate_record(o, jsonb_build_object(
            'id', gen_random_uuid(), 'number', o.number || '-' || n, 'idempotency_key', NULL,
            'placed_at', o.placed_at - n * interval '1 second'))).*
        FROM orders o, generate_series(1, 25) n WHERE o.number = $1
        """,
        tea,
    )
    page = await person.get(f"/account/orders?q={tea}&state=new&from=2020-01-01&buyer={known.user_id}")
    following = next(
        one.get("href") for one in page.tree.findall(".//main//a") if "page=2" in one.get("href")
    )
    page = await person.get(following)
    assert len(page.tree.findall(".//main//tbody/tr")) == 6
    assert page.tree.find(".//main//input[@name='q']").get("value") == tea
    assert page.tree.find(".//select[@name='state']/option[@selected]").get("value") == "new"
