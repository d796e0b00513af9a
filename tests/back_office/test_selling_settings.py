"""Shipping methods, tax rates and segmentation services in the back office (domain.md 7, 8, 9)."""

from decimal import Decimal

import pytest

from app.prices.tax import set_tax_rates
from tables.engine import DB
from tests import people
from tests.back_office.selling_cast import product, send
from tests.browser_like import Person, visit
from tests.own_applications import OwnApplications

pytestmark = pytest.mark.usefixtures("database")

EXPRESS = {
    "id": "express",
    "name_en": "Express",
    "name_de": "Express",
    "price": "9.90",
    "free_from": "100",
    "position": "2",
    "target_segments": "IG_Everyone",
}


async def a_person_at_the_checkout(staff: Person) -> Person:
    """A stranger with something in the basket."""
    await product("T-1")
    await send(
        staff,
        "/price-lists/new",
        {"id": "all", "name": "All", "kind": "gross", "target_segments": "IG_Everyone"},
    )
    await send(staff, "/price-lists/all/entries", {"sku": "T-1", "amount": "119"})
    await set_tax_rates({"DE": {"standard": Decimal(19)}})
    person = await visit("shop")
    await person.fill(await person.get("/products/T-1"), {"quantity": "1"}, form="quantity")
    return person


async def test_a_shipping_method_is_offered_in_its_order_to_its_target_group(staff: Person) -> None:
    person = await a_person_at_the_checkout(staff)
    page = await send(staff, "/shipping-methods/new", EXPRESS)
    assert "The shipping method is created." in page.main
    await send(
        staff, "/shipping-methods/new", {**EXPRESS, "id": "slow", "name_en": "By ship", "position": "1"}
    )
    hidden = {**EXPRESS, "id": "hidden", "name_en": "Secret", "target_segments": "IG_SMBCustomers"}
    await send(staff, "/shipping-methods/new", hidden)
    page = await person.get("/checkout")
    assert page.main.index("By ship") < page.main.index("Express")
    assert "Secret" not in page.main
    page = await staff.get("/shipping-methods/express")
    for name, typed in {**EXPRESS, "free_from": "100.00"}.items():
        assert name == "id" or page.typed(name) == typed, name
    await staff.fill(page, {"position": "0"})
    page = await person.get("/checkout")
    assert page.main.index("Express") < page.main.index("By ship")
    page = await staff.get("/shipping-methods/slow")
    values = {name: page.typed(name) for name in ("name_en", "price", "currency", "version")}
    await staff.post("/shipping-methods/slow", {**values, "target_segments": "IG_Everyone"})
    assert "By ship" not in (await person.get("/checkout")).main
    assert "Switched off" in (await staff.get("/shipping-methods")).main
    page = await staff.fill(await staff.get("/shipping-methods/express/delete"), {"confirmed": "yes"})
    assert "The shipping method is deleted." in page.main
    assert "Express" not in (await person.get("/checkout")).main
    assert await DB.fetch_value("SELECT count(*) FROM targets WHERE owner = 'express'") == 0


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"id": "new"}, "id"),
        ({"id": "taken"}, "id"),
        ({"name_en": ""}, "name_en"),
        ({"price": ""}, "price"),
        ({"price": "-1"}, "price"),
        ({"free_from": "x"}, "free_from"),
        ({"position": "10001"}, "position"),
        ({"currency": "ABC"}, "currency"),
        ({"target_customers": "nobody"}, "target_customers"),
        ({"target_segments": "NOPE"}, "target_segments"),
    ],
)
async def test_what_cannot_be_a_shipping_method_is_refused_at_its_field(
    staff: Person, typed: dict[str, str], field: str
) -> None:
    await send(staff, "/shipping-methods/new", {**EXPRESS, "id": "taken"})
    page = await send(staff, "/shipping-methods/new", {**EXPRESS, **typed})
    assert page.status == 422
    assert list(page.errors) == [field]
    assert await DB.fetch_value("SELECT count(*) FROM shipping_methods") == 1


async def test_of_two_who_edit_a_shipping_method_the_slower_sees_both_versions(staff: Person) -> None:
    await send(staff, "/shipping-methods/new", EXPRESS)
    page = await staff.get("/shipping-methods/express")
    await send(staff, "/shipping-methods/express", {"price": "8.90"})
    page = await staff.fill(page, {"price": "7.90"})
    assert page.status == 409
    assert page.errors["price"] == "Stored now: 8.90"
    page = await staff.fill(page, {"price": "7.90"})
    assert "The shipping method is changed." in page.main
    assert await DB.fetch_value("SELECT price FROM shipping_methods") == 790


async def test_a_segment_says_that_a_shipping_method_uses_it(staff: Person) -> None:
    await send(staff, "/segments/new", {"id": "GOLD", "name": "Gold"})
    await send(staff, "/shipping-methods/new", {**EXPRESS, "target_segments": "GOLD"})
    page = await staff.get("/segments/GOLD")
    assert "Shipping method Express" in page.main
    assert "/back-office/shipping-methods/express" in page.links


async def test_a_tax_rate_decides_the_next_price(staff: Person) -> None:
    await product("T-1")
    await send(
        staff,
        "/price-lists/new",
        {"id": "all", "name": "All", "kind": "net", "target_segments": "IG_Everyone"},
    )
    await send(staff, "/price-lists/all/entries", {"sku": "T-1", "amount": "100"})
    page = await send(staff, "/tax-rates/new", {"country": "DE", "standard": "19", "reduced": "7"})
    assert "Germany19 %7 %" in page.main
    person = await visit("shop")
    assert "€119.00" in (await person.get("/products/T-1")).main
    page = await send(staff, "/tax-rates/DE", {"standard": "16,5", "reduced": ""})
    assert "Germany16.5 %–" in page.main
    assert "€116.50" in (await person.get("/products/T-1")).main
    await send(staff, "/tax-rates/DE", {"standard": "0", "reduced": ""})
    assert "€100.00" in (await person.get("/products/T-1")).main
    actions = await DB.fetch_value("SELECT count(*) FROM audit_entries WHERE action = 'tax rates changed'")
    assert actions == 3


async def test_staff_are_told_what_deleting_the_tax_rates_of_a_country_means(staff: Person) -> None:
    await set_tax_rates({one: {"standard": Decimal(20)} for one in ("DE", "AT", "CH", "MC")})
    assert "/back-office/tax-rates/AT/delete" in (await staff.get("/tax-rates/AT")).links
    page = await staff.get("/tax-rates/AT/delete")
    assert "What goes there is taxed like the home country of the shop afterwards." in page.main
    page = await staff.fill(page, {"confirmed": "yes"})
    assert "The tax rates are deleted." in page.main
    assert "Austria" not in page.main
    page = await staff.get("/tax-rates/CH/delete")
    assert "What goes there is delivered tax-free afterwards." in page.main
    page = await staff.get("/tax-rates/MC/delete")
    assert "These rates change nothing: this country is taxed like France." in page.main


@pytest.mark.parametrize(
    ("homes", "told"),
    [
        (("US",), "What goes there is delivered tax-free afterwards."),
        (("MC",), "What goes there is taxed like the home country of the shop afterwards."),
        (("US", "DE"), "What shops of the European Union send there is taxed like their home country"),
    ],
)
async def test_what_deleting_tax_rates_means_depends_on_where_the_shops_are_at_home(
    own_applications: OwnApplications, homes: tuple[str, ...], told: str
) -> None:
    for kind, home in zip(("B2CWebShop", "SMBWebShop"), (homes[0], homes[-1]), strict=True):
        heading = f"[application_types.{kind}]"
        own_applications.replace(heading, f'{heading}\ndefault_country = "{home}"')
    await set_tax_rates({one: {"standard": Decimal(20)} for one in ("AT", "FR")})
    staff = await (await people.staff_member()).signed_in()
    assert told in (await staff.get("/tax-rates/AT/delete")).main
    # What a shop at home in Monaco needs is the rates of France.
    is_needed = "MC" in homes
    assert ("/back-office/tax-rates/FR/delete" in (await staff.get("/tax-rates/FR")).links) is not is_needed
    assert ("Nothing is taxed" in (await staff.get("/tax-rates")).main) is not is_needed


async def test_the_tax_rates_of_a_shops_home_country_cannot_be_deleted(staff: Person) -> None:
    page = await staff.get("/tax-rates")
    assert "Nothing is taxed where these shops are at home, since there are no rates" in page.main
    await set_tax_rates({"DE": {"standard": Decimal(19)}})
    assert "Nothing is taxed" not in (await staff.get("/tax-rates")).main
    assert "/back-office/tax-rates/DE/delete" not in (await staff.get("/tax-rates/DE")).links
    page = await staff.fill(await staff.get("/tax-rates/DE/delete"), {"confirmed": "yes"})
    assert "A shop is at home there, so its rates stay." in page.main
    assert await DB.fetch_value("SELECT percent FROM tax_rates") == 19


async def test_all_member_states_but_the_home_of_the_shop_lose_their_rates_at_once(staff: Person) -> None:
    await set_tax_rates({"AT": {"standard": Decimal(20)}, "CH": {"standard": Decimal("8.1")}})
    path = "/back-office/tax-rates/other-member-states/delete"
    # What goes to Austria would not be taxed like in Germany, but not at all.
    assert path not in (await staff.get("/tax-rates")).links
    assert (await staff.get("/tax-rates/other-member-states/delete")).status == 404
    await set_tax_rates()
    assert path in (await staff.get("/tax-rates")).links
    page = await staff.get("/tax-rates/other-member-states/delete")
    assert "These countries lose their tax rates: Austria, Belgium, Bulgaria," in page.main
    assert "Germany" not in page.main
    assert "What goes there is taxed like the home country of the shop afterwards." in page.main
    await set_tax_rates({"FR": {"standard": Decimal(21)}})
    answer = await staff.fill(page, {"confirmed": "yes"})
    assert "Please decide anew." in answer.main
    assert await DB.fetch_value("SELECT count(DISTINCT country) FROM tax_rates") == 28
    answer = await staff.fill(await staff.get("/tax-rates/other-member-states/delete"), {"confirmed": "yes"})
    assert "The tax rates are deleted." in answer.main
    assert path not in answer.links
    rows = await DB.fetch("SELECT DISTINCT country FROM tax_rates ORDER BY country")
    assert [row["country"] for row in rows] == ["CH", "DE"], "who has rates outside is registered there"
    told = "SELECT count(*) FROM audit_entries WHERE action = 'tax rates changed'"
    assert await DB.fetch_value(told) == 26


async def test_what_cannot_be_a_tax_rate_is_refused_at_its_field(staff: Person) -> None:
    await send(staff, "/tax-rates/new", {"country": "AT", "standard": "0"})
    for typed, field in (
        ({"country": "AT", "standard": "20"}, "country"),
        ({"country": "XX", "standard": "20"}, "country"),
        # Monaco is taxed like France, whatever is entered.
        ({"country": "MC", "standard": "20"}, "country"),
        ({"country": "DE", "standard": ""}, "standard"),
        ({"country": "DE", "standard": "101"}, "standard"),
        ({"country": "DE", "standard": "19", "reduced": "-1"}, "reduced"),
        ({"country": "DE", "standard": "19", "reduced": "1.234"}, "reduced"),
    ):
        page = await send(staff, "/tax-rates/new", typed)
        assert page.status == 422
        assert list(page.errors) == [field]
    assert await DB.fetch_value("SELECT count(*) FROM tax_rates") == 1


async def test_of_two_who_edit_tax_rates_the_slower_sees_both_versions(staff: Person) -> None:
    await set_tax_rates({"DE": {"standard": Decimal(19)}})
    page, question = await staff.get("/tax-rates/DE"), await staff.get("/tax-rates/DE/delete")
    await send(staff, "/tax-rates/DE", {"standard": "16"})
    page = await staff.fill(page, {"standard": "17"})
    assert page.status == 409
    assert page.errors["standard"] == "Stored now: 16"
    page = await staff.fill(page, {"standard": "17"})
    assert "Germany17 %" in page.main
    assert "Please decide anew." in (await staff.fill(question, {"confirmed": "yes"})).main
    assert await DB.fetch_value("SELECT percent FROM tax_rates") == 17


async def test_a_segmentation_service_is_named_and_switched_shop_by_shop(staff: Person) -> None:
    known = await people.shopper()
    person = await known.signed_in()
    await send(staff, "/segments/new", {"id": "GOLD", "name": "Gold"})
    page = await send(staff, "/segments/GOLD/customers", {"numbers": known.number})
    await send(
        staff,
        "/content/new",
        {"name": "x", "slot": "home/banner", "text_en": "For gold", "target_segments": "GOLD"},
    )
    assert "For gold" in (await person.get("/")).main
    page = await staff.get("/segments")
    assert "/back-office/segmentation-services" in page.links
    page = await staff.get("/segmentation-services/shop/standard")
    assert page.typed("name") == "Segments of the shop"
    old = page
    version = page.typed("version")
    page = await staff.post("/segmentation-services/shop/standard", {"name": "Our own", "version": version})
    assert "The segmentation service is changed." in page.main
    assert "Our ownstandard" in page.main
    assert "For gold" not in (await person.get("/")).main
    page = await staff.fill(old, {"name": "Slower"})
    assert page.status == 409
    assert page.errors["name"] == "Stored now: Our own"
    assert page.errors["is_active"] == "Stored now: nothing"
    page = await staff.fill(page, {"name": ""})
    assert list(page.errors) == ["name"]
    for path in ("/shop/other", "/nowhere/standard", "/back-office/standard"):
        assert (await staff.get(f"/segmentation-services{path}")).status == 404


async def test_they_are_for_staff_with_the_privilege() -> None:
    for privilege, paths in {
        "prices": ("/shipping-methods", "/shipping-methods/new", "/tax-rates", "/tax-rates/new"),
        "segments": ("/segmentation-services", "/segmentation-services/shop/standard"),
    }.items():
        mine = await (await people.staff_member(f"{privilege}@example.com", (privilege,))).signed_in()
        other = await (await people.staff_member(f"no-{privilege}@example.com", ("mail",))).signed_in()
        for path in paths:
            assert (await mine.get(path)).status == 200
            assert (await other.get(path)).status == 403
    mine = await (await people.staff_member()).signed_in()
    for path in ("/shipping-methods/none", "/shipping-methods/none/delete", "/tax-rates/XX"):
        assert (await mine.get(path)).status == 404
