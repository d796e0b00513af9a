"""The company's page: its addresses, and who decides on requisitions of approvers (domain.md 6, 10)."""

import pytest

from tables.engine import DB
from tests import people

pytestmark = pytest.mark.usefixtures("database")


async def approves_own() -> bool:
    return bool(await DB.fetch_value("SELECT approves_own_requisitions FROM companies"))


async def test_approvers_decide_on_their_own_requisitions_only_when_the_company_says_so():
    known = await people.company()
    person = await known.signed_in()
    page = await person.get("/account/company")
    assert await approves_own() is False
    page = await person.fill(page, {"own_requisitions": "on"}, form="own_requisitions")
    assert "Approvers may decide on their own requisitions now." in page.text
    assert page.typed("own_requisitions") == "on"
    assert await approves_own() is True
    await person.post("/account/company/own-requisitions", {})
    assert await approves_own() is False
    rows = await DB.fetch("SELECT action FROM audit_entries WHERE customer_id = $1", known.customer_id)
    assert [row["action"] for row in rows].count("company changed") == 2


async def test_only_who_manages_the_company_has_the_switch():
    known = await people.company()
    buyer = await (await people.colleague(known, "bob@alfki.example")).signed_in()
    page = await buyer.get("/account/company")
    assert page.tree.find(".//input[@name='own_requisitions']") is None
    answer = await buyer.post("/account/company/own-requisitions", {"own_requisitions": "on"})
    assert answer.status == 403
    assert await approves_own() is False


async def test_the_page_shows_the_addresses_that_all_share_and_nobodys_own():
    known = await people.company()
    await DB.execute(
        "INSERT INTO addresses (id, customer, membership, street, city, country, company_name, first_name,"
        " last_name, street_2, postal_code, region, phone, is_preferred_billing, is_preferred_shipping, version,"
        " created_at) VALUES (gen_random_uuid(), $1, $2, 'At home 1', 'Bonn', 'DE', '', '', '', '', '53111', '',"
        " '', false, false, 1, now())",
        known.customer_id,
        known.membership_id,
    )
    page = await (await known.signed_in()).get("/account/company")
    assert "Obere Str. 57" in page.main
    assert "Preferred for invoices" in page.main
    assert "At home 1" not in page.main
