"""Placing an order: whole or not at all, once for each key (domain.md 9)."""

import asyncio
from decimal import Decimal

from app.catalog.edit_product import delete_product
from app.orders.states import cancel_order
from app.prices.tax import set_tax_rates
from app.versions import raise_version
from tables.engine import DB
from tests import people
from tests.browser_like import Person, SeenPage, mails, visit
from tests.catalog.shelf import EVERYONE
from tests.checkout.ordering import add, answer, code_for_one_order, number_on, open_shop, order, place


async def stock(sku: str = "TEA") -> int:
    return int(await DB.fetch_value("SELECT stock FROM products WHERE sku = $1", sku))


async def orders() -> int:
    return int(await DB.fetch_value("SELECT count(*) FROM orders"))


async def reviewing(email: str, sku: str = "TEA", code: str = "") -> tuple[Person, SeenPage]:
    """A guest who is one click away from ordering."""
    person = await visit("shop")
    await add(person, sku)
    if code:
        await person.post("/basket/promotion-code", {"code": code})
    page = await answer(person, email=email)
    assert page.h1 == "Review your order", page.main
    return person, page


async def test_a_guest_orders_and_everything_is_kept(database):
    await open_shop()
    person = await visit("shop")
    await add(person, "TEA", 3)
    await add(person, "COFFEE", 1)
    page = await answer(person)
    assert page.h1 == "Review your order"
    assert "Gerda Gast" in page.main
    # 3 x 11.90 + 23.80 + 5.95 delivery
    assert "€65.45" in page.main
    page = await place(person, page)
    number = number_on(page)
    assert number in page.main
    row = await DB.fetch_row("SELECT * FROM orders")
    assert row["number"] == number
    assert (row["net_total"], row["tax_total"], row["gross_total"]) == (5500, 1045, 6545)
    assert (row["customer"], row["user"], row["email"]) == (None, None, "guest@example.com")
    assert await stock() == 47
    assert await stock("COFFEE") == 49
    lines = await DB.fetch(
        "SELECT sku, quantity, unit_price, line_total, price_explanation FROM order_lines ORDER BY position"
    )
    assert [(one["sku"], one["quantity"], one["unit_price"], one["line_total"]) for one in lines] == [
        ("TEA", 3, 1190, 3570),
        ("COFFEE", 1, 2380, 2380),
    ]
    assert "Everyone" in lines[0]["price_explanation"]
    assert "Your basket is empty." in (await person.get("/basket")).main
    [mail] = await mails("order_placed", "guest@example.com")
    assert number in mail.subject
    assert "€65.45" in mail.text
    assert "3 x Tea (TEA)" in mail.text


async def test_the_page_of_thanks_is_for_the_buyer_only(database):
    await open_shop()
    guest = await visit("shop")
    number = await order(guest)
    assert (await guest.get(f"/orders/{number}/thanks")).status == 200
    stranger = await visit("shop")
    assert (await stranger.get(f"/orders/{number}/thanks")).status == 404
    signed_in = await (await people.shopper()).signed_in()
    assert (await signed_in.get(f"/orders/{number}/thanks")).status == 404
    assert (await guest.get("/orders/999999/thanks")).status == 404


async def test_a_signed_in_person_orders_from_the_address_book(database):
    await open_shop()
    known = await people.shopper()
    person = await known.signed_in()
    await order(person)
    row = await DB.fetch_row("SELECT *, billing_address ->> 'street' AS street FROM orders")
    assert (row["customer"], row["user"]) == (known.customer_id, known.user_id)
    assert row["street"] == "Obere Str. 57"
    assert await DB.fetch_value("SELECT first_order_at IS NOT NULL FROM customers")


async def test_a_foreign_address_is_refused(database):
    await open_shop()
    await people.shopper("other@example.com")
    foreign = await DB.fetch_value("SELECT id FROM addresses")
    person = await (await people.shopper()).signed_in()
    await add(person)
    await person.get("/checkout")
    page = await person.post(
        "/checkout",
        {
            "billing_choice": str(foreign),
            "shipping_choice": str(foreign),
            "shipping_method": "parcel",
            "payment_method": "invoice",
        },
    )
    assert page.status == 422
    assert set(page.errors) >= {"billing_choice", "shipping_choice"}


async def test_the_terms_must_be_accepted(database):
    await open_shop()
    person, page = await reviewing("a@example.com")
    page = await person.fill(page, {}, form="idempotency_key")
    assert page.status == 422
    assert page.errors["terms"]
    assert await orders() == 0


async def test_the_same_key_twice_makes_one_order_and_the_same_answer(database):
    await open_shop()
    person, page = await reviewing("a@example.com")
    first = await place(person, page)
    second = await place(person, page)
    assert first.path == second.path
    assert await orders() == 1
    assert await stock() == 49
    assert len(await mails("order_placed")) == 1


async def test_the_same_key_at_once_makes_one_order_and_the_same_answer(database):
    await open_shop()
    person, page = await reviewing("a@example.com")
    answers = await asyncio.gather(*(place(person, page) for _ in range(8)))
    assert len({one.path for one in answers}) == 1
    assert {one.h1 for one in answers} == {"Thank you for your order"}
    assert await orders() == 1
    assert await stock() == 49


async def test_the_key_of_somebody_else_leads_to_no_foreign_order(database):
    await open_shop()
    first, page = await reviewing("a@example.com")
    key = page.typed("idempotency_key")
    number = number_on(await place(first, page))
    second, page = await reviewing("b@example.com")
    answer = await place(second, page, idempotency_key=key)
    assert number_on(answer) != number
    assert await orders() == 2


async def test_twenty_at_once_get_the_last_piece_once(database):
    shop = await open_shop()
    await shop.product("LAST", "Last one", stock=1)
    ready = [await reviewing(f"guest{number}@example.com", "LAST") for number in range(20)]
    answers = await asyncio.gather(*(place(person, page) for person, page in ready))
    placed = [one for one in answers if one.status == 200]
    refused = [one for one in answers if one.status == 409]
    assert (len(placed), len(refused)) == (1, 19)
    assert all("out of stock" in one.main and "not placed" in one.main for one in refused)
    assert await orders() == 1
    assert await stock("LAST") == 0
    assert len(await mails("order_placed")) == 1


async def test_a_code_for_one_is_used_once_by_twenty_at_once(database):
    await open_shop()
    await code_for_one_order()
    ready = [await reviewing(f"guest{number}@example.com", code="once") for number in range(20)]
    assert all("Only once" in page.main for _person, page in ready)
    answers = await asyncio.gather(*(place(person, page) for person, page in ready))
    assert sorted(one.status for one in answers) == [200] + [409] * 19
    assert await DB.fetch_value("SELECT used FROM promotions") == 1
    assert await DB.fetch_value("SELECT count(*) FROM promotion_uses") == 1
    assert await orders() == 1


async def test_totals_that_changed_since_the_review_are_told_instead_of_placed(database):
    await open_shop()
    person, page = await reviewing("a@example.com")
    await DB.execute("UPDATE price_entries SET amount = 1500")
    await raise_version("prices")
    page = await place(person, page)
    assert page.status == 409
    assert "Something has changed" in page.main
    assert "The price of “Tea” has changed from €11.90 to €17.85." in page.main
    assert await orders() == 0
    assert number_on(await place(person, page))
    assert await DB.fetch_value("SELECT unit_price FROM order_lines") == 1785


async def test_a_list_that_ends_during_the_checkout_is_told_instead_of_placed(database):
    shop = await open_shop()
    await shop.price_list("spring", EVERYONE, [("TEA", 1, 800)])
    person, page = await reviewing("a@example.com")
    assert "€9.52" in page.main
    await DB.execute("UPDATE price_lists SET valid_to = now() WHERE id = 'spring'")
    await raise_version("prices")
    await raise_version("price_lists")
    page = await place(person, page)
    assert page.status == 409
    assert "The price of “Tea” has changed from €9.52 to €11.90." in page.main
    assert await orders() == 0


async def test_the_review_tells_once_which_prices_have_changed(database):
    await open_shop()
    person, page = await reviewing("a@example.com")
    assert "has changed" not in page.main
    await DB.execute("UPDATE price_entries SET amount = 1500")
    await raise_version("prices")
    page = await person.get("/checkout/review")
    assert "The price of “Tea” has changed from €11.90 to €17.85." in page.main
    assert "not placed" not in page.main
    assert "has changed" not in (await person.get("/checkout/review")).main


async def test_the_review_says_what_can_no_longer_be_ordered_and_leads_back_to_the_basket(database):
    await open_shop()
    person, _page = await reviewing("a@example.com")
    await DB.execute("UPDATE products SET stock = 0 WHERE sku = 'TEA'")
    page = await person.get("/checkout/review")
    assert "This product is out of stock at the moment." in page.main
    assert "Order with obligation to pay" not in page.main
    assert "/basket" in page.links


async def test_the_tax_of_another_country_is_no_changed_price(database):
    await open_shop()
    await set_tax_rates({"AT": {"standard": Decimal(20)}})
    person = await visit("shop")
    await add(person)
    address = {"billing_country": "AT", "billing_postal_code": "1010", "billing_city": "Wien"}
    page = await answer(person, **address)
    assert "€12.00" in page.main
    assert "has changed" not in page.main
    await DB.execute("UPDATE price_entries SET amount = 1500")
    await raise_version("prices")
    page = await person.get("/checkout/review")
    assert "€18.00" in page.main
    assert "The price of “Tea” has changed from €11.90 to €17.85." in page.main


async def test_a_product_that_is_deleted_during_the_checkout_is_told_instead_of_placed(database):
    shop = await open_shop()
    await shop.product("WINE", "Wine")
    person = await visit("shop")
    await add(person, "WINE")
    await add(person, "TEA")
    page = await answer(person)
    await delete_product(shop.products["WINE"], 1)
    page = await place(person, page)
    assert page.status == 409
    assert "“Wine” is no longer available and was taken out of your basket." in page.main
    assert number_on(await place(person, page))
    assert await DB.fetch_value("SELECT array_agg(sku) FROM order_lines") == ["TEA"]


async def test_what_was_put_in_meanwhile_is_told_instead_of_placed(database):
    await open_shop()
    person, page = await reviewing("a@example.com")
    await add(person, "COFFEE")
    page = await place(person, page)
    assert page.status == 409
    assert await orders() == 0


async def test_a_total_that_the_browser_sends_is_ignored(database):
    await open_shop()
    person, page = await reviewing("a@example.com")
    fields = {
        "idempotency_key": page.typed("idempotency_key"),
        "review": page.typed("review"),
        "terms": "on",
        "gross_total": "1",
        "price": "1",
    }
    await person.post("/checkout/place", fields)
    assert await DB.fetch_value("SELECT gross_total FROM orders") == 1785


async def test_a_refused_payment_places_nothing(database):
    await open_shop()
    person = await visit("shop")
    await add(person)
    page = await place(person, await answer(person, payment_method="test-refused"))
    assert page.status == 409
    assert "payment was refused" in page.main
    assert await orders() == 0
    assert await stock() == 50


async def test_who_pays_in_advance_reads_where_to_transfer_the_money(database):
    await open_shop()
    person = await visit("shop")
    await add(person)
    page = await place(person, await answer(person, payment_method="prepayment"))
    account = "Bank account: DE89 3704 0044 0532 0130 00, Example Bank"
    assert account in page.main
    assert account in (await mails("order_placed"))[0].text
    await cancel_order(number_on(page))
    page = await person.get(page.path)
    assert "Please transfer" not in page.main
    assert account not in page.main


async def test_the_test_provider_leaves_its_reference(database):
    await open_shop()
    person = await visit("shop")
    await order(person, payment_method="test")
    assert (await DB.fetch_value("SELECT payment_reference FROM orders")).startswith("test-")


async def test_goods_that_leave_the_country_are_taxed_there(database):

    await open_shop()
    await set_tax_rates({"AT": {"standard": Decimal(20)}})
    person = await visit("shop")
    await add(person)
    page = await answer(person, billing_country="AT", billing_postal_code="1010", billing_city="Wien")
    assert "20" in page.main
    await place(person, page)
    row = await DB.fetch_row("SELECT net_total, tax_total, gross_total FROM orders")
    assert (row["net_total"], row["tax_total"], row["gross_total"]) == (1500, 300, 1800)


async def test_a_guest_in_a_member_state_without_rates_pays_the_tax_of_the_shops_home(database):
    await open_shop()
    person = await visit("shop")
    await add(person)
    address = {"billing_country": "IE", "billing_postal_code": "D02 AF30", "billing_city": "Dublin"}
    page = await answer(person, **address)
    assert page.h1 == "Review your order", page.main
    assert "included VAT 19%" in page.main
    await place(person, page)
    row = await DB.fetch_row("SELECT net_total, tax_total, gross_total FROM orders")
    assert (row["net_total"], row["tax_total"], row["gross_total"]) == (1500, 285, 1785)


async def test_what_leaves_the_union_is_delivered_tax_free(database):
    await open_shop()
    person = await visit("shop")
    await add(person)
    address = {"billing_country": "NO", "billing_postal_code": "0150", "billing_city": "Oslo"}
    page = await answer(person, **address)
    assert page.h1 == "Review your order", page.main
    assert "VAT" not in page.main
    await place(person, page)
    row = await DB.fetch_row("SELECT net_total, tax_total, gross_total FROM orders")
    assert (row["net_total"], row["tax_total"], row["gross_total"]) == (1500, 0, 1500)


async def test_delivery_is_free_from_a_sum_on(database):
    await open_shop()
    person = await visit("shop")
    await add(person, "COFFEE", 9)
    page = await place(person, await answer(person))
    number_on(page)
    row = await DB.fetch_row("SELECT shipping_total, gross_total FROM orders")
    assert (row["shipping_total"], row["gross_total"]) == (0, 21420)


async def test_who_may_not_purchase_cannot_check_out(database):
    await open_shop()
    known = await people.company()
    viewer = await (await people.colleague(known, "viewer@alfki.example", roles=("viewer",))).signed_in()
    await add(viewer)
    assert (await viewer.get("/checkout")).status == 403
    assert (await viewer.post("/checkout/place", {"idempotency_key": "x", "terms": "on"})).status == 403


async def test_an_empty_basket_cannot_be_ordered(database):
    await open_shop()
    person = await visit("shop")
    assert (await person.get("/checkout")).path == "/basket"
    page = await person.post("/checkout/place", {"idempotency_key": "x", "terms": "on"})
    assert page.path == "/basket"
    assert await orders() == 0
