"""Target groups by organisation and contract, and customer groups, as staff choose them (domain.md 11, 12)."""

import uuid
from datetime import date

import pytest

from app.contracts.edit_contract import ContractDetails, create_contract
from app.organisations.tree import create_organisation, organisation
from app.segments.custom import create_segment, custom_segment
from app.segments.targets import targets_of
from tables.engine import DB
from tables.segments import TargetKind
from tests import people
from tests.back_office.selling_cast import send
from tests.browser_like import Person

pytestmark = pytest.mark.usefixtures("database")

NEW_THINGS = {
    TargetKind.PRICE_LIST: ("/price-lists/new", {"id": "X", "name": "X"}, "/price-lists/X"),
    TargetKind.CATALOG_VIEW: ("/catalog-views/new", {"id": "X", "name": "X"}, "/catalog-views/X"),
    TargetKind.PROMOTION: (
        "/promotions/new",
        {"id": "X", "name_en": "X", "percent_off": "5"},
        "/promotions/X",
    ),
    TargetKind.CONTENT: ("/content/new", {"name": "X", "text_en": "Hello"}, ""),
    TargetKind.SHIPPING_METHOD: (
        "/shipping-methods/new",
        {"id": "X", "name_en": "X", "price": "5"},
        "/shipping-methods/X",
    ),
}


@pytest.mark.parametrize("kind", NEW_THINGS)
async def test_everything_can_be_aimed_at_organisations_and_contracts(
    staff: Person, kind: TargetKind
) -> None:
    north = await create_organisation("North")
    known = await people.company()
    contract = await create_contract(
        known.customer_id, ContractDetails(name="Frame", starts_on=date(2026, 1, 1))
    )
    path, fields, own = NEW_THINGS[kind]
    whom = {"target_organisations": [str(north)], "target_contracts": "C1001, C9"}
    page = await send(staff, path, {**fields, **whom})
    assert page.errors == {"target_contracts": "There is no contract C9."}
    page = await staff.fill(page, {"target_contracts": "C1001"}, form="target_contracts")
    assert page.status == 200, page.errors
    owner = await DB.fetch_value("SELECT owner FROM targets WHERE kind = $1 LIMIT 1", kind.value)
    found = await targets_of(kind, owner)
    assert (found.organisations, found.contracts) == ({north}, {contract})
    # Saving it once more keeps them.
    await send(staff, own or f"/content/{owner}", {"target_customers": known.number})
    found = await targets_of(kind, owner)
    assert (found.organisations, found.contracts) == ({north}, {contract})
    assert found.customers == {known.customer_id}


async def test_an_organisation_that_is_gone_cannot_be_chosen(staff: Person) -> None:
    await create_organisation("North")
    await staff.get("/price-lists/new")
    fields = {"id": "X", "name": "X", "currency": "EUR", "kind": "net"}
    page = await staff.post("/price-lists/new", {**fields, "target_organisations": str(uuid.uuid4())})
    assert "target_organisations" in page.errors


async def test_a_segment_is_made_a_customer_group(staff: Person) -> None:
    page = await send(staff, "/segments/new", {"id": "GOLD", "name": "Gold", "is_customer_group": "on"})
    assert "The segment is created." in page.main
    assert (await custom_segment("GOLD")).is_customer_group
    north = await create_organisation("North", customer_group="GOLD")
    page = await staff.post("/segments/GOLD", {"name": "Gold", "version": "1", "match": "all"})
    assert "It is the customer group of North. Change that first." in page.main
    assert (await custom_segment("GOLD")).is_customer_group
    page = await staff.get("/segments/GOLD/delete")
    assert "Organisation North" in page.main
    await staff.fill(page, {"confirmed": "yes"})
    assert (await organisation(north)).customer_group == ""


async def test_a_segment_that_is_no_group_is_edited_as_before(staff: Person) -> None:
    await create_segment("NEWS", "News")
    await send(staff, "/segments/NEWS", {"name": "Newer"})
    assert not (await custom_segment("NEWS")).is_customer_group
