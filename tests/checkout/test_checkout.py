"""The checkout's questions (pages.md)."""

from decimal import Decimal

import pytest

from app.checkout.shipping import ShippingMethod, save_shipping_method
from app.prices.tax import set_tax_rates
from app.segments.implicit import REGISTERED_USERS
from tables import Address
from tables.engine import DB
from tests import people
from tests.browser_like import visit
from tests.catalog.shelf import EXCLUDE, INCLUDE, STRANGERS, shelf
from tests.checkout.ordering import GUEST, HOW, add, answer, open_shop, place


async def test_a_guest_is_asked_for_everything_at_once(database):
    await open_shop()
    person = await visit("shop")
    await add(person)
    page = await person.fill(await person.get("/checkout"), {}, form="payment_method")
    assert page.status == 422
    assert set(page.errors) >= {
        "email",
        "billing_first_name",
        "billing_last_name",
        "billing_street",
        "billing_postal_code",
        "billing_city",
        "shipping_method",
        "payment_method",
    }


async def test_a_delivery_without_tax_does_not_say_that_it_includes_vat(database):
    await open_shop()
    person = await visit("shop")
    await add(person)
    assert "Parcel: €5.95 incl. VAT" in (await person.get("/checkout")).main
    await set_tax_rates({"DE": {"standard": Decimal(0)}})
    page = await person.get("/checkout")
    assert "Parcel: €5.00" in page.main
    assert "incl. VAT" not in page.main


async def test_the_country_of_the_shop_is_chosen_at_first_and_after_errors(database):
    await open_shop()
    person = await visit("shop")
    await add(person)
    page = await person.get("/checkout")
    for seen in (page, await person.fill(page, {}, form="payment_method")):
        assert (seen.typed("billing_country"), seen.typed("shipping_country")) == ("DE", "DE")


async def test_the_summary_of_errors_names_each_field_and_whose_address_it_is(database):
    await open_shop()
    person = await visit("shop")
    await add(person)
    page = await person.get("/checkout")
    page = await person.fill(page, {"shipping_choice": "new"}, form="payment_method")
    said = [
        " ".join(one.text_content().split()) for one in page.tree.iterfind(".//*[@data-error-summary]//li")
    ]
    assert "E-mail: Please fill in this field." in said
    assert "Invoice address, City: Please fill in this field." in said
    assert "Delivery address, City: Please fill in this field." in said
    assert "Delivery: Please fill in this field." in said
    assert "Payment: Please fill in this field." in said
    assert len(said) == len(set(said)), said


async def test_what_was_typed_stays(database):
    await open_shop()
    person = await visit("shop")
    await add(person)
    page = await answer(person, billing_postal_code="12", comment="Ring twice")
    assert page.status == 422
    assert "billing_postal_code" in page.errors
    assert page.typed("billing_street") == "Ring 1"
    assert page.typed("comment").strip() == "Ring twice"


async def test_the_answers_are_still_there_when_a_person_comes_back(database):
    await open_shop()
    person = await visit("shop")
    await add(person)
    await answer(person, comment="Ring twice")
    page = await person.get("/checkout")
    assert page.typed("billing_street") == "Ring 1"
    assert page.typed("email") == GUEST["email"]
    assert page.typed("shipping_method") == "parcel"


async def test_the_goods_go_to_another_address(database):
    await open_shop()
    person = await visit("shop")
    await add(person)
    page = await answer(
        person,
        shipping_choice="new",
        shipping_first_name="Oma",
        shipping_last_name="Gast",
        shipping_street="Dorf 2",
        shipping_postal_code="1010",
        shipping_city="Wien",
        shipping_country="AT",
    )
    assert "Oma Gast" in page.main
    await place(person, page)
    row = await DB.fetch_row(
        "SELECT billing_address ->> 'street' AS billing, shipping_address ->> 'street' AS shipping FROM orders"
    )
    assert (row["billing"], row["shipping"]) == ("Ring 1", "Dorf 2")


async def test_a_new_address_must_be_whole(database):
    await open_shop()
    person = await visit("shop")
    await add(person)
    page = await answer(person, shipping_choice="new")
    assert page.status == 422
    assert set(page.errors) >= {"shipping_street", "shipping_city"}


async def test_another_country_asks_for_its_own_fields(database):
    await open_shop()
    person = await visit("shop")
    await add(person)
    await person.get("/checkout")
    page = await person.post(
        "/checkout?change_country=1", {**GUEST, **HOW, "billing_choice": "new", "billing_country": "US"}
    )
    assert page.status == 200
    assert not page.errors
    assert page.typed("billing_street") == "Ring 1"
    assert page.tree.find(".//select[@name='billing_region']") is not None


async def test_a_shopper_chooses_among_the_own_addresses(database):
    await open_shop()
    known = await people.shopper()
    await Address.insert(
        Address(
            customer=known.customer_id,
            first_name="Ines",
            last_name="Anders",
            street="Zweite Str. 2",
            postal_code="10115",
            city="Berlin",
            country="DE",
            created_at=await DB.fetch_value("SELECT now()"),
        )
    )
    second = await DB.fetch_value("SELECT id FROM addresses WHERE street = 'Zweite Str. 2'")
    person = await known.signed_in()
    await add(person)
    page = await answer(person, shipping_choice=str(second))
    assert page.h1 == "Review your order"
    assert "Obere Str. 57" in page.main
    assert "Zweite Str. 2" in page.main


NEW = {name: value for name, value in GUEST.items() if name.startswith("billing_")}


async def stored_addresses() -> list[tuple[str, bool, bool]]:
    """Street, whether it is personal, whether it is preferred for invoices."""
    rows = await DB.fetch(
        "SELECT street, membership, is_preferred_billing FROM addresses ORDER BY created_at, id"
    )
    return [(row["street"], row["membership"] is not None, row["is_preferred_billing"]) for row in rows]


async def test_a_new_address_is_saved_in_the_book_where_that_is_ticked_and_once(database):
    await open_shop()
    person = await (await people.shopper()).signed_in()
    before = await stored_addresses()
    await add(person)
    page = await answer(person, **NEW, billing_choice="new", shipping_choice="same")
    assert page.h1 == "Review your order"
    assert await stored_addresses() == before, "nothing was ticked"
    for _again in range(2):
        page = await answer(person, **NEW, billing_choice="new", billing_save="on", shipping_choice="same")
        assert page.h1 == "Review your order"
        assert await stored_addresses() == [*before, ("Ring 1", False, not before)]
    saved = str(await DB.fetch_value("SELECT id FROM addresses WHERE street = 'Ring 1'"))
    assert (await person.get("/checkout")).typed("billing_choice") == saved
    await place(person, page)
    assert "Ring 1" in (await person.get("/account/addresses")).main


async def test_what_is_wrong_is_not_saved_and_the_tick_stays(database):
    await open_shop()
    person = await (await people.shopper()).signed_in()
    before = await stored_addresses()
    await add(person)
    typed = NEW | {"billing_postal_code": "12"}
    page = await answer(person, **typed, billing_choice="new", billing_save="on", shipping_choice="same")
    assert page.status == 422
    assert page.typed("billing_save") == "on"
    assert await stored_addresses() == before


async def test_who_may_not_change_what_the_company_shares_saves_an_address_of_their_own(database):
    await open_shop()
    company = await people.company()
    buyer = await people.colleague(company, "paul@alfki.example")
    person = await buyer.signed_in()
    before = await stored_addresses()
    await add(person)
    await answer(person, **NEW, billing_choice="new", billing_save="on", shipping_choice="same")
    assert await stored_addresses() == [*before, ("Ring 1", True, False)]


async def test_a_guest_has_no_book_to_save_to(database):
    await open_shop()
    person = await visit("shop")
    await add(person)
    assert "address book" not in (await person.get("/checkout")).main
    typed = {**GUEST, **HOW, "billing_choice": "new", "shipping_choice": "same", "billing_save": "on"}
    page = await person.post("/checkout", typed)
    assert page.h1 == "Review your order"
    assert not await stored_addresses()


@pytest.mark.parametrize("prefix", ["billing_", "shipping_"])
async def test_the_fields_of_a_country_are_fetched_for_both_addresses(database, prefix):
    await open_shop()
    person = await visit("shop")
    await add(person)
    page = await person.get("/checkout")
    select = page.tree.find(f".//select[@name='{prefix}country']")
    assert f"prefix={prefix}" in select.get("hx-get")
    assert page.tree.find(f".//*[@id='{prefix}fields-of-country']") is not None
    fragment = await person.client.get(f"/address-fields?prefix={prefix}&{prefix}country=US")
    assert f'name="{prefix}region"' in fragment.text
    assert fragment.text.index(f'name="{prefix}street"') < fragment.text.index(f'name="{prefix}city"')
    japanese = (await person.client.get(f"/address-fields?prefix={prefix}&{prefix}country=JP")).text
    assert japanese.index(f'name="{prefix}postal_code"') < japanese.index(f'name="{prefix}street"')
    assert f'autocomplete="section-{prefix.rstrip("_")} address-level1"' in fragment.text


async def test_what_is_not_offered_cannot_be_chosen(database):
    await open_shop()
    await save_shipping_method(
        ShippingMethod(id="members", names={"en": "For members"}, position=2), [REGISTERED_USERS.id]
    )
    person = await visit("shop")
    await add(person)
    assert "For members" not in (await person.get("/checkout")).main
    page = await answer(person, shipping_method="members", payment_method="cash")
    assert page.status == 422
    assert set(page.errors) >= {"shipping_method", "payment_method"}
    member = await (await people.shopper()).signed_in()
    await add(member)
    assert "For members" in (await member.get("/checkout")).main


async def test_without_any_delivery_nothing_can_be_ordered_and_it_is_told(database):
    shop = await shelf()
    await shop.product("TEA", "Tea")
    person = await visit("shop")
    await add(person)
    page = await person.get("/checkout")
    assert "cannot deliver" in page.main
    page = await person.post("/checkout", {**GUEST, "billing_choice": "new", "payment_method": "invoice"})
    assert page.status == 422


async def test_on_the_way_to_the_checkout_it_is_told_why_nothing_can_be_ordered(database):
    shop = await open_shop()
    person = await visit("shop")
    assert "There is nothing to order yet." in (await person.get("/checkout")).main
    await add(person, "TEA", 3)
    await DB.execute("UPDATE products SET stock = 2 WHERE sku = 'TEA'")
    page = await person.get("/checkout")
    assert page.h1 == "Basket"
    assert "Only 2 pieces are in stock." in page.main
    assert "nothing to order" not in page.main
    await shop.view("no-tea", STRANGERS, (INCLUDE, None), (EXCLUDE, "TEA"))
    page = await person.get("/checkout")
    assert page.h1 == "Basket"
    assert "“Tea” is no longer available and was taken out of your basket." in page.main
    assert "Your basket is empty." in page.main


async def test_the_review_needs_answers_first(database):
    await open_shop()
    person = await visit("shop")
    assert (await person.get("/checkout/review")).path == "/basket"
    await add(person)
    assert (await person.get("/checkout/review")).path == "/checkout"


async def test_signing_in_leads_back_to_the_checkout_with_the_basket(database):
    await open_shop()
    known = await people.shopper()
    person = await visit("shop")
    await add(person)
    page = await person.get("/checkout")
    assert "/sign-in?next=%2Fcheckout" in page.links
    page = await person.get("/sign-in?next=%2Fcheckout")
    page = await person.fill(page, {"login": known.login, "password": known.password})
    assert page.h1 == "Checkout"
    assert "Obere Str. 57" in page.main


async def test_companies_review_net_prices_and_the_tax(database):
    await open_shop()
    person = await (await people.company()).signed_in()
    await add(person, "TEA", 3)
    page = await answer(person)
    for amount in ("€30.00", "€5.00", "€35.00", "€6.65", "€41.65"):
        assert amount in page.main
    await place(person, page)
    row = await DB.fetch_row("SELECT is_net, net_total, tax_total, gross_total FROM orders")
    assert tuple(row.values()) == (True, 3500, 665, 4165)


async def test_choosing_another_display_of_prices_changes_nothing_to_pay(database):
    await open_shop()
    person = await (await people.shopper()).signed_in()
    await add(person, "TEA", 3)
    await person.post("/display-prices", {"mode": "net"})
    page = await person.get("/basket")
    assert "€30.00" in page.main
    assert "€35.70" in page.main
    assert "has changed" not in page.main
    await place(person, await answer(person))
    assert await DB.fetch_value("SELECT gross_total FROM orders") == 4165


async def test_the_confirmation_repeats_the_remarks(database):
    await open_shop()
    person = await visit("shop")
    await add(person)
    page = await place(person, await answer(person, comment="Ring <twice>"))
    assert page.h1 == "Thank you for your order"
    assert "Remarks: Ring <twice>" in page.main
