"""The audit log says who is given which prices, views, promotions, content and shipping methods, before and after
(domain.md 15)."""

from datetime import date
from typing import Any

import msgspec
import pytest

from app.contracts.edit_contract import ContractDetails, create_contract
from app.organisations.tree import create_organisation
from tables.engine import DB
from tables.segments import TargetKind
from tests import people
from tests.back_office.selling_cast import category, product, send
from tests.back_office.test_selling_targets import NEW_THINGS
from tests.browser_like import Person

pytestmark = pytest.mark.usefixtures("database")

NAMES = {
    TargetKind.PRICE_LIST: ("Price list", "Preisliste"),
    TargetKind.CATALOG_VIEW: ("Catalog view", "Katalogansicht"),
    TargetKind.PROMOTION: ("Promotion", "Aktion"),
    TargetKind.CONTENT: ("Content", "Inhalt"),
    TargetKind.SHIPPING_METHOD: ("Shipping method", "Versandart"),
}


async def told(action: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """(before, after) of the entries of an action that staff did, in their order: each has a transaction."""
    rows = await DB.fetch(
        "SELECT before::text AS before, after::text AS after FROM audit_entries"
        " WHERE action = $1 AND actor_name = 'Maria Anders' AND application = 'back-office' ORDER BY happened_at",
        action,
    )
    decoded = [
        [msgspec.json.decode(row[one], type=dict[str, Any]) for one in ("before", "after")] for row in rows
    ]
    return [(before, after) for before, after in decoded]


async def log_of(staff: Person, action: str) -> str:
    """What the page of the audit log says of an action."""
    return (await staff.get(f"/audit?action={action.replace(' ', '+')}")).main


@pytest.mark.parametrize("kind", NEW_THINGS)
async def test_the_log_says_whom_it_was_meant_for_and_is_meant_for_now(
    staff: Person, kind: TargetKind
) -> None:
    north = await create_organisation("North")
    await create_organisation("Hamburg", parent=north)
    hamburg = await DB.fetch_value("SELECT id FROM organisations WHERE name = 'Hamburg'")
    known = await people.company()
    await create_contract(known.customer_id, ContractDetails(name="Frame", starts_on=date(2026, 1, 1)))
    path, fields, own = NEW_THINGS[kind]
    await send(staff, path, {**fields, "target_segments": ["IG_SMBCustomers"]})
    owner = await DB.fetch_value("SELECT owner FROM targets WHERE kind = $1", kind.value)
    own = own or f"/content/{owner}"
    whom = {
        "target_segments": ["IG_Everyone"],
        "target_customers": known.number,
        "target_organisations": [str(hamburg)],
        "target_contracts": "C1001",
    }
    page = await send(staff, own, whom)
    assert page.status == 200, page.errors
    of = {"target_of": kind.value, "id": owner, "name": "X"}
    nobody: dict[str, list[str]] = {"segments": [], "customers": [], "organisations": [], "contracts": []}
    all_companies = {**of, **nobody, "segments": ["IG_SMBCustomers"]}
    everyone = {
        **of,
        "segments": ["IG_Everyone"],
        "customers": [known.number],
        "organisations": ["North > Hamburg"],
        "contracts": ["C1001"],
    }
    assert await told("target group changed") == [
        ({**of, **nobody}, all_companies),
        (all_companies, everyone),
    ]
    log = await log_of(staff, "target group changed")
    name, german = NAMES[kind]
    assert f"Target group of: {name}; Id: {owner}; Name: X; Segments: SMB Customers → Everyone" in log
    for change in ("Organisations: North > Hamburg", f"Customers: {known.number}", "Contracts: C1001"):
        assert change in log
    # Saved again, with the same target group, nobody is given anything else.
    await send(staff, own, {"is_active": ""})
    assert len(await told("target group changed")) == 2
    await staff.fill(await staff.get(f"{own}/delete"), {"confirmed": "yes"})
    *_earlier, (before, after) = await told("target group changed")
    del of["name"]
    assert ({**before, "name": "X"}, after) == (everyone, {**of, **nobody})
    reader = await people.staff_member("heike@example.com")
    await DB.execute("UPDATE users SET preferred_language = 'de' WHERE id = $1", reader.user_id)
    log = await log_of(await reader.signed_in(), "target group changed")
    assert f"Zielgruppe von: {german}" in log
    assert "Segmente: Geschäftskunden → Alle" in log


async def test_the_log_says_what_a_price_list_was_and_is(staff: Person) -> None:
    await send(staff, "/price-lists/new", {"id": "gold", "name": "Gold", "kind": "net", "is_active": "on"})
    await send(
        staff,
        "/price-lists/gold",
        {"name": "Gold 2", "kind": "gross", "valid_to": "2030-01-01T00:00", "is_active": ""},
    )
    ((before, after),) = await told("price list changed")
    assert before == {
        "id": "gold",
        "name": "Gold",
        "currency": "EUR",
        "is_net": True,
        "priority": 0,
        "is_active": True,
    }
    assert {name: one for name, one in after.items() if name != "valid_to"} == {
        **before,
        "name": "Gold 2",
        "is_net": False,
        "is_active": False,
    }
    log = await log_of(staff, "price list changed")
    assert "Name: Gold → Gold 2" in log
    assert "Valid until: Jan 1, 2030, 12:00" in log
    assert "Currency" not in log, "what stayed the same is no change"
    await staff.fill(await staff.get("/price-lists/gold/delete"), {"confirmed": "yes"})
    assert await told("price list deleted") == [(after, {})]


async def test_the_log_says_which_rules_a_catalog_view_had_and_has(staff: Person) -> None:
    teas, nuts = await category("teas", "Teas"), await category("nuts", "Nuts")
    await product("T-1", of=teas)
    await product("N-1", of=nuts)
    fields = {"id": "some", "name": "Some", "description": "For some", "is_active": "on"}
    rules: dict[str, Any] = {"include_all": "", "include_categories": [str(teas)], "exclude_products": "T-1"}
    await send(staff, "/catalog-views/new", {**fields, **rules})
    changed: dict[str, Any] = {
        "include_all": "on",
        "include_categories": [],
        "include_products": "",
        "exclude_categories": [str(nuts)],
        "exclude_products": "N-1, T-1",
    }
    await send(staff, "/catalog-views/some", changed)
    of = {"id": "some", "name": "Some", "description": "For some", "is_active": True}
    before = {**of, "include_categories": ["teas"], "exclude_products": ["T-1"]}
    after = {**of, "include_all": True, "exclude_categories": ["nuts"], "exclude_products": ["N-1", "T-1"]}
    assert await told("catalog view created") == [({}, before)]
    assert await told("catalog view changed") == [(before, after)]
    log = await log_of(staff, "catalog view changed")
    assert "Include categories: teas → –" in log
    assert "Exclude products: T-1 → N-1, T-1" in log
    assert "Include the whole catalog: Yes" in log
    await staff.fill(await staff.get("/catalog-views/some/delete"), {"confirmed": "yes"})
    assert await told("catalog view deleted") == [(after, {})]


async def test_the_log_says_what_a_promotion_was_and_is(staff: Person) -> None:
    await product("T-1", of=await category("teas", "Teas"))
    fields = {"id": "spring", "name_en": "Spring", "applies_to": "item", "amount_off": "5", "sku": "T-1"}
    await send(staff, "/promotions/new", {**fields, "code": "SPRING", "is_active": "on"})
    changed = {
        "amount_off": "",
        "percent_off": "12.5",
        "sku": "",
        "applies_to": "order",
        "minimum_order": "40",
    }
    await send(staff, "/promotions/spring", {**changed, "name_de": "Frühling", "limit_total": "100"})
    of = {"id": "spring", "currency": "EUR", "code": "SPRING", "is_active": True}
    before = {
        **of,
        "names": {"en": "Spring"},
        "applies_to": "item",
        "amount_off": "5.00 EUR",
        "product": "T-1",
    }
    after = {
        **of,
        "names": {"en": "Spring", "de": "Frühling"},
        "applies_to": "order",
        "percent_off": "12.50",
        "minimum_order": "40.00 EUR",
        "limit_total": 100,
    }
    assert await told("promotion created") == [({}, before)]
    assert await told("promotion changed") == [(before, after)]
    log = await log_of(staff, "promotion changed")
    assert "Name: en: Spring → de: Frühling / en: Spring" in log
    assert "Taken off: Items → Order" in log
    assert "Amount off: €5.00 → –" in log
    assert "From an order of: €40.00" in log
    await staff.fill(await staff.get("/promotions/spring/delete"), {"confirmed": "yes"})
    assert await told("promotion deleted") == [(after, {})]


async def test_the_log_says_what_content_said_and_says(staff: Person) -> None:
    fields = {"name": "Hello", "slot": "home/banner", "text_en": "Hello all", "is_active": "on"}
    await send(staff, "/content/new", fields)
    item = await DB.fetch_value("SELECT id::text FROM content_items")
    changed = {"text_en": "Hello **you**", "text_de": "Hallo Sie", "slot": "basket/note", "priority": "3"}
    await send(staff, f"/content/{item}", changed)
    of = {"id": item, "name": "Hello", "is_active": True}
    before = {**of, "slot": "home/banner", "texts": {"en": "Hello all"}, "priority": 0}
    after = {
        **of,
        "slot": "basket/note",
        "texts": {"en": "Hello **you**", "de": "Hallo Sie"},
        "priority": 3,
    }
    assert await told("content created") == [({}, before)]
    assert await told("content changed") == [(before, after)]
    log = await log_of(staff, "content changed")
    assert "Text: en: Hello all → de: Hallo Sie / en: Hello **you**" in log
    assert "home/banner" not in log, "places are told by their names"
    await staff.fill(await staff.get(f"/content/{item}/delete"), {"confirmed": "yes"})
    assert await told("content deleted") == [(after, {})]


async def test_the_log_says_what_a_shipping_method_was_and_is(staff: Person) -> None:
    fields = {"id": "express", "name_en": "Express", "price": "9.90", "position": "2", "is_active": "on"}
    await send(staff, "/shipping-methods/new", {**fields, "free_from": "100"})
    changed = {"name_en": "Very fast", "description_en": "By bike", "price": "1234.50", "free_from": ""}
    await send(staff, "/shipping-methods/express", changed)
    of = {"id": "express", "position": 2, "is_active": True}
    before = {**of, "names": {"en": "Express"}, "price": "9.90 EUR", "free_from": "100.00 EUR"}
    after = {
        **of,
        "names": {"en": "Very fast"},
        "descriptions": {"en": "By bike"},
        "price": "1234.50 EUR",
    }
    assert await told("shipping method created") == [({}, before)]
    assert await told("shipping method changed") == [(before, after)]
    log = await log_of(staff, "shipping method changed")
    assert "Price, net: €9.90 → €1,234.50" in log
    assert "Description: en: By bike" in log
    assert "Free from: €100.00 → –" in log
    await staff.fill(await staff.get("/shipping-methods/express/delete"), {"confirmed": "yes"})
    assert await told("shipping method deleted") == [(after, {})]


async def test_the_log_says_what_an_organisation_or_contract_was_a_target_of_until_it_was_deleted(
    staff: Person,
) -> None:
    north = await create_organisation("North")
    known = await people.company()
    details = ContractDetails(name="Frame", starts_on=date(2026, 1, 1))
    contract = await create_contract(known.customer_id, details)
    whom = {"target_organisations": [str(north)], "target_contracts": "C1001"}
    for kind in (TargetKind.PRICE_LIST, TargetKind.SHIPPING_METHOD):
        path, fields, _own = NEW_THINGS[kind]
        await send(staff, path, {**fields, **whom})
    for path, action in (
        (f"/organisations/{north}/delete", "organisation deleted"),
        (f"/contracts/{contract}/delete", "contract deleted"),
    ):
        page = await staff.fill(await staff.get(path), {"confirmed": "yes"})
        assert page.status == 200
        ((before, _after),) = await told(action)
        assert before["used by"] == ["price_list X", "shipping_method X"]
        assert "Used by: Price list X, Shipping method X" in await log_of(staff, action)
