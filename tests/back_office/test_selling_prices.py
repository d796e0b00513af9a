"""Price lists and their entries in the back office (domain.md 8)."""

import pytest

from tables.engine import DB
from tests.back_office.selling_cast import product, send
from tests.browser_like import Person, visit

pytestmark = pytest.mark.usefixtures("database")


async def test_a_price_list_sets_the_price_of_the_next_page(staff: Person) -> None:
    await product("T-1")
    fields = {"id": "everyone", "name": "Everyone", "kind": "gross", "target_segments": "IG_Everyone"}
    page = await send(staff, "/price-lists/new", fields)
    assert page.h1 == "Entries of Everyone"
    page = await staff.fill(page, {"sku": "t-1", "quantity_from": "1", "amount": "12,50"}, form="sku")
    assert "The price is added." in page.main
    assert "€12.50" in page.main
    person = await visit("shop")
    assert "€12.50" in (await person.get("/products/T-1")).main
    entry = await DB.fetch_value("SELECT id FROM price_entries")
    await send(staff, f"/price-lists/everyone/entries/{entry}", {"amount": "13.75"})
    assert "€13.75" in (await person.get("/products/T-1")).main
    page = await staff.post(f"/price-lists/everyone/entries/{entry}/delete", {})
    assert "The price is deleted." in page.main
    assert "€13.75" not in (await person.get("/products/T-1")).main


async def test_of_two_who_edit_an_entry_the_slower_sees_both_versions(staff: Person) -> None:
    await product("T-1")
    await send(staff, "/price-lists/new", {"id": "a", "name": "A"})
    await send(staff, "/price-lists/a/entries", {"sku": "T-1", "amount": "5"})
    path = f"/price-lists/a/entries/{await DB.fetch_value('SELECT id FROM price_entries')}"
    page = await staff.get(path)
    await send(staff, path, {"amount": "6"})
    page = await staff.fill(page, {"amount": "7"})
    assert page.status == 409
    assert page.errors["amount"] == "Stored now: 6.00"
    assert await DB.fetch_value("SELECT amount FROM price_entries") == 600
    page = await staff.fill(page, {"amount": "7"})
    assert "€7.00" in page.main


async def test_of_two_who_edit_a_list_the_slower_sees_both_versions(staff: Person) -> None:
    await send(staff, "/price-lists/new", {"id": "a", "name": "A"})
    page = await staff.get("/price-lists/a")
    await send(staff, "/price-lists/a", {"priority": "5", "target_segments": "IG_Everyone"})
    page = await staff.fill(page, {"priority": "7"})
    assert page.status == 409
    assert page.errors["priority"] == "Stored now: 5"
    assert page.errors["target_segments"] == "Stored now: IG_Everyone"


async def test_entries_of_equal_quantity_may_not_overlap_in_time(staff: Person) -> None:
    await product("T-1")
    await send(staff, "/price-lists/new", {"id": "a", "name": "A"})
    one = {"sku": "T-1", "quantity_from": "1", "percent_off": "10", "valid_to": "2026-06-01T00:00"}
    page = await send(staff, "/price-lists/a/entries", one)
    assert "10 % off" in page.main
    page = await send(staff, "/price-lists/a/entries", {"sku": "T-1", "amount": "5"})
    assert "at the same time" in page.errors["quantity_from"]
    page = await send(
        staff, "/price-lists/a/entries", {"sku": "T-1", "amount": "5", "valid_from": "2026-06-01T00:00"}
    )
    assert "The price is added." in page.main


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"amount": "", "percent_off": ""}, "amount"),
        ({"amount": "1", "percent_off": "1"}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"amount": "1.234"}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"amount": "1e5000"}, "amount"),
        ({"amount": "99999999999999999"}, "amount"),
        ({"percent_off": "101"}, "percent_off"),
        ({"percent_off": "0"}, "percent_off"),
        ({"amount": "1", "quantity_from": "0"}, "quantity_from"),
        ({"amount": "1", "quantity_from": "1000000000000000"}, "quantity_from"),
        ({"amount": "1", "quantity_from": "٣"}, "quantity_from"),
        ({"amount": "1", "sku": "nope"}, "sku"),
        ({"amount": "1", "valid_from": "yesterday"}, "valid_from"),
        ({"amount": "1", "valid_from": "2026-02-01T00:00", "valid_to": "2026-01-01T00:00"}, "valid_to"),
    ],
)
async def test_odd_entries_are_refused_at_their_field(
    staff: Person, typed: dict[str, str], field: str
) -> None:
    await product("T-1")
    await send(staff, "/price-lists/new", {"id": "a", "name": "A"})
    page = await send(staff, "/price-lists/a/entries", {"sku": "T-1", **typed})
    assert page.status == 422
    assert list(page.errors) == [field]


async def test_a_price_list_is_changed_and_deleted(staff: Person) -> None:
    await send(staff, "/price-lists/new", {"id": "a", "name": "A", "target_segments": "IG_Everyone"})
    page = await send(staff, "/price-lists/new", {"id": "a", "name": "A"})
    assert page.errors == {"id": "There is one with this id already."}
    old = await staff.get("/price-lists/a")
    assert old.typed("target_segments") == "IG_Everyone"
    page = await staff.fill(old, {"name": "B", "priority": "-5", "valid_from": "2026-01-01T10:30"})
    assert page.typed("valid_from") == "2026-01-01T10:30"
    assert page.typed("priority") == "-5"
    page = await staff.fill(old, {"name": "C"})
    assert page.status == 409
    assert "B" in (await staff.get("/price-lists?q=a")).main
    await staff.fill(await staff.get("/price-lists/a/delete"), {"confirmed": "yes"})
    assert await DB.fetch_value("SELECT count(*) FROM price_lists") == 0
    assert await DB.fetch_value("SELECT count(*) FROM targets") == 0
