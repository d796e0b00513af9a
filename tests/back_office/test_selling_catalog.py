"""Products, categories and catalog views in the back office."""

import uuid

import pytest

from tables.engine import DB
from tests import people
from tests.back_office.selling_cast import category, product, send
from tests.browser_like import Person, visit

pytestmark = pytest.mark.usefixtures("database")


async def test_a_product_is_made_found_changed_and_deleted(staff: Person) -> None:
    teas = await category()
    fields = {
        "sku": "NW-900",
        "category": str(teas),
        "name_en": "Green tea",
        "name_de": "Grüner Tee",
        "stock": "7",
    }
    page = await send(staff, "/products/new", fields)
    assert "The product is created." in page.main
    assert "Green tea" in (await staff.get("/products?q=nw-9")).main
    assert "Green tea" in (await staff.get("/products?q=grüner")).main
    assert "Green tea" not in (await staff.get("/products?q=coffee")).main
    page = await send(staff, "/products/NW-900", {"name_en": "Greener tea", "minimum_quantity": "2"})
    assert page.h1 == "Product NW-900"
    assert page.typed("name_de") == "Grüner Tee"
    assert page.typed("minimum_quantity") == "2"
    page = await staff.fill(await staff.get("/products/NW-900/delete"), {"confirmed": "yes"})
    assert "The product is deleted." in page.main
    actions = await DB.fetch("SELECT action FROM audit_entries WHERE action LIKE 'product %' ORDER BY id")
    assert [row["action"] for row in actions] == ["product created", "product changed", "product deleted"]


async def test_changing_a_product_does_not_bring_back_what_was_sold_meanwhile(staff: Person) -> None:
    await product("T-1", stock=10)
    page = await staff.get("/products/T-1")
    await DB.execute("UPDATE products SET stock = stock - 4")
    page = await staff.fill(page, {"name_en": "Renamed", "stock": "15"})
    assert await DB.fetch_value("SELECT stock FROM products") == 11


async def test_what_cannot_be_a_product_says_why(staff: Person) -> None:
    await product("T-1")
    teas = await category()
    wrong = {"sku": "t-1", "category": str(teas), "name_en": "x", "stock": "-1", "step_quantity": "0"}
    page = await send(staff, "/products/new", wrong)
    assert set(page.errors) == {"stock", "step_quantity"}
    page = await staff.fill(page, {"stock": "1", "step_quantity": "1"})
    assert page.errors == {"sku": "Another product has this SKU."}
    page = await staff.fill(page, {"sku": "T-2", "category": str(uuid.uuid4())})
    assert "category" in page.errors
    page = await staff.fill(page, {"sku": "T-2", "category": str(teas), "picture": "../../etc/passwd"})
    assert "picture" in page.errors


async def test_a_product_that_somebody_changed_meanwhile_is_not_overwritten(staff: Person) -> None:
    await product("T-1")
    page = await staff.get("/products/T-1")
    await send(staff, "/products/T-1", {"name_en": "Faster"})
    page = await staff.fill(page, {"name_en": "Slower"})
    assert page.status == 409
    assert page.errors["name_en"] == "Stored now: Faster"
    assert "Faster" in (await staff.get("/products")).main


async def test_of_two_who_edit_a_category_the_slower_sees_both_versions(staff: Person) -> None:
    drinks, teas = await category("drinks", "Drinks"), await category()
    page = await staff.get(f"/categories/{teas}")
    await send(staff, f"/categories/{teas}", {"name_en": "Faster", "parent": str(drinks)})
    page = await staff.fill(page, {"name_en": "Slower"})
    assert page.status == 409
    assert page.errors["name_en"] == "Stored now: Faster"
    assert page.errors["parent"] == "Stored now: Drinks"
    assert set(page.errors) == {"", "name_en", "parent"}
    assert page.typed("name_en") == "Slower"
    page = await staff.fill(page, {"parent": str(drinks)})
    assert "The category is changed." in page.main
    assert "– Slower" in page.main


async def test_categories_are_made_moved_and_deleted_when_empty(staff: Person) -> None:
    page = await send(staff, "/categories/new", {"slug": "drinks", "name_en": "Drinks"})
    assert "The category is created." in page.main
    drinks = await DB.fetch_value("SELECT id FROM categories")
    await send(staff, "/categories/new", {"slug": "teas", "name_en": "Teas", "parent": str(drinks)})
    assert "– Teas" in (await staff.get("/categories")).main
    page = await send(staff, "/categories/new", {"slug": "Bad Slug", "name_en": "x"})
    assert "small letters" in page.errors["slug"]
    page = await send(staff, "/categories/new", {"slug": "teas", "name_en": "x"})
    assert page.errors == {"slug": "Another category has this address."}
    page = await send(staff, f"/categories/{drinks}", {"parent": str(drinks)})
    assert page.errors == {"parent": "A category cannot stand below itself."}
    page = await staff.post(f"/categories/{drinks}/delete", {})
    assert "so it is not deleted" in page.main
    teas = await DB.fetch_value("SELECT id FROM categories WHERE slug = 'teas'")
    page = await staff.fill(await staff.get(f"/categories/{teas}/delete"), {"confirmed": "yes"})
    assert "The category is deleted." in page.main


async def test_what_a_promotion_or_view_is_for_is_not_deleted_and_says_so(staff: Person) -> None:
    teas = await category()
    await product("T-1", of=await category("coffees", "Coffees"))
    fields = {"id": "TEN", "name_en": "Ten", "percent_off": "10", "target_segments": ["IG_Everyone"]}
    await send(staff, "/promotions/new", {**fields, "applies_to": "item", "sku": "T-1"})
    fields = {"id": "some", "name": "Some teas", "target_segments": ["IG_Everyone"]}
    await send(staff, "/catalog-views/new", {**fields, "include_categories": [str(teas)]})
    for path, table, used_by in (
        ("/products/T-1", "products", "Promotion Ten"),
        (f"/categories/{teas}", "categories", "Catalog view Some teas"),
    ):
        page = await staff.get(f"{path}/delete")
        assert used_by in page.main
        assert "Change that first." in page.main
        before = await DB.fetch_value(f"SELECT count(*) FROM {table}")
        page = await staff.post(f"{path}/delete", {"confirmed": "yes"})
        assert page.status == 200
        assert await DB.fetch_value(f"SELECT count(*) FROM {table}") == before
    assert await DB.fetch_value("SELECT count(*) FROM promotions") == 1
    assert await DB.fetch_value("SELECT count(*) FROM catalog_view_rules WHERE category IS NOT NULL") == 1


async def test_a_catalog_view_hides_a_category_from_its_target_group(staff: Person) -> None:
    teas, coffees = await category(), await category("coffees", "Coffees")
    await product("T-1", of=teas)
    await product("C-1", of=coffees)
    await product("C-2", of=coffees)
    person = await visit("shop")
    assert (await person.get("/products/T-1")).status == 200
    fields = {
        "id": "no-teas",
        "name": "Without teas",
        "exclude_categories": str(teas),
        "exclude_products": "c-2",
        "target_segments": "IG_Everyone",
    }
    page = await send(staff, "/catalog-views/new", fields)
    assert "The catalog view is created." in page.main
    assert (await person.get("/products/T-1")).status == 404
    assert (await person.get("/products/C-1")).status == 200
    assert (await person.get("/products/C-2")).status == 404
    page = await staff.get("/catalog-views/no-teas")
    assert page.typed("exclude_categories") == str(teas)
    assert page.typed("exclude_products").strip() == "C-2"
    assert page.typed("include_all") == "on"
    page = await staff.fill(page, {"exclude_products": "nope"})
    assert page.errors == {"exclude_products": "There is no product nope."}
    page = await staff.fill(await staff.get("/catalog-views/no-teas/delete"), {"confirmed": "yes"})
    assert (await person.get("/products/T-1")).status == 200


async def test_a_target_group_may_name_customers_by_number(staff: Person) -> None:
    known = await people.company()
    page = await send(
        staff, "/catalog-views/new", {"id": "v", "name": "V", "target_customers": f"{known.number} 4711"}
    )
    assert page.errors == {"target_customers": "There is no customer 4711."}
    page = await staff.fill(page, {"target_customers": known.number})
    assert "The catalog view is created." in page.main
    assert (await staff.get("/catalog-views/v")).typed("target_customers").strip() == known.number
