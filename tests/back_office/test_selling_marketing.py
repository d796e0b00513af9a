"""Promotions and content in the back office (domain.md 8)."""

import pytest

from tables.engine import DB
from tests.back_office.selling_cast import category, product, send
from tests.browser_like import Person, visit

pytestmark = pytest.mark.usefixtures("database")


async def test_a_promotion_is_made_changed_and_deleted(staff: Person) -> None:
    fields = {
        "id": "summer",
        "name_en": "Summer",
        "name_de": "Sommer",
        "applies_to": "order",
        "percent_off": "12.5",
        "code": "SUN 26",
        "limit_total": "100",
        "valid_to": "2030-01-01T00:00",
        "target_segments": "IG_Everyone",
    }
    page = await send(staff, "/promotions/new", fields)
    assert "The promotion is created." in page.main
    assert "12.5 %" in page.main
    assert "0 / 100" in page.main
    page = await staff.get("/promotions/summer")
    for name, typed in fields.items():
        assert name == "id" or page.typed(name) == typed, name
    old = page
    page = await staff.fill(page, {"percent_off": "", "amount_off": "5"})
    assert "€5.00" in page.main
    page = await staff.fill(old, {"name_en": "Slower"})
    assert page.status == 409
    page = await staff.fill(await staff.get("/promotions/summer/delete"), {"confirmed": "yes"})
    assert "The promotion is deleted." in page.main
    assert await DB.fetch_value("SELECT count(*) FROM promotions") == 0


async def test_a_promotion_may_be_for_a_category_or_a_product(staff: Person) -> None:
    teas = await category()
    await product("T-1", of=teas)
    base = {"name_en": "x", "applies_to": "item", "percent_off": "10"}
    await send(staff, "/promotions/new", {**base, "id": "a", "category": str(teas)})
    await send(staff, "/promotions/new", {**base, "id": "b", "sku": "t-1"})
    assert (await staff.get("/promotions/a")).typed("category") == str(teas)
    assert (await staff.get("/promotions/b")).typed("sku") == "T-1"


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"percent_off": ""}, "percent_off"),
        ({"amount_off": "5"}, "percent_off"),
        ({"id": "new"}, "id"),
        ({"id": "ä b"}, "id"),
        ({"id": "taken"}, "id"),
        ({"code": " t a k e n "}, "code"),
        ({"limit_total": "0"}, "limit_total"),
        ({"limit_per_customer": "many"}, "limit_per_customer"),
        ({"applies_to": "order", "sku": "T-1"}, "applies_to"),
        ({"sku": "none"}, "sku"),
        ({"target_customers": "none"}, "target_customers"),
        ({"target_segments": "NOPE"}, "target_segments"),
        ({"valid_from": "2026-02-01T00:00", "valid_to": "2026-02-01T00:00"}, "valid_to"),
        ({"name_en": ""}, "name_en"),
    ],
)
async def test_what_cannot_be_a_promotion_is_refused_at_its_field(
    staff: Person, typed: dict[str, str], field: str
) -> None:
    await product("T-1")
    base = {"id": "a", "name_en": "x", "applies_to": "item", "percent_off": "10"}
    await send(staff, "/promotions/new", {**base, "id": "taken", "code": "TAKEN"})
    page = await send(staff, "/promotions/new", {**base, **typed})
    assert page.status == 422
    assert list(page.errors) == [field]


async def test_content_is_written_shown_and_deleted(staff: Person) -> None:
    fields = {
        "name": "Greeting",
        "slot": "home/banner",
        "text_en": "Hello **there** <script>alert(1)</script>",
        "text_de": "Hallo",
        "target_segments": "IG_UnregisteredUsers",
    }
    page = await send(staff, "/content/new", fields)
    assert "The content is created." in page.main
    person = await visit("shop")
    page = await person.get("/")
    assert "Hello there" in page.main
    assert "<strong>there</strong>" in page.html
    assert "<script>alert" not in page.html
    item = await DB.fetch_value("SELECT id FROM content_items")
    page = await staff.get(f"/content/{item}")
    assert "What it looks like Hello there" in page.main
    old = page
    page = await staff.fill(page, {"text_en": "Good day", "priority": "3"})
    assert "The content is changed." in page.main
    assert "Good day" in (await person.get("/")).main
    assert (await staff.fill(old, {"name": "Slower"})).status == 409
    await staff.fill(await staff.get(f"/content/{item}/delete"), {"confirmed": "yes"})
    assert "Good day" not in (await person.get("/")).main


async def test_content_needs_a_text_a_place_and_a_time_that_runs_forward(staff: Person) -> None:
    page = await send(staff, "/content/new", {"name": "x", "slot": "elsewhere"})
    assert set(page.errors) == {"slot", "text_en"}
    wrong = {"name": "x", "text_de": "x", "valid_from": "2026-02-01T00:00", "valid_to": "2026-01-01T00:00"}
    page = await send(staff, "/content/new", wrong)
    assert set(page.errors) == {"valid_to"}


async def test_without_an_active_segmentation_service_custom_segments_are_no_target(staff: Person) -> None:
    await send(staff, "/segments/new", {"id": "GOLD", "name": "Gold"})
    await DB.execute(
        "INSERT INTO segmentation_services (id, application, service, name, is_active)"
        " SELECT gen_random_uuid(), one, 'standard', 'Standard', false FROM unnest(ARRAY['shop', 'business']) one"
    )
    page = await send(staff, "/content/new", {"name": "x", "text_en": "x", "target_segments": "GOLD"})
    assert "No segmentation service is active" in page.errors["target_segments"]
