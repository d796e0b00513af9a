"""Contracts in the back office: who sees them, and what can be done with them (domain.md 12)."""

import uuid
from datetime import date

import pytest

from app.contracts.account_managers import add_account_manager
from app.contracts.contract import contract_of_id, contracts_of_customer
from app.contracts.edit_contract import ContractDetails, create_contract
from app.segments.targets import targets_of
from tables.engine import DB
from tables.segments import TargetKind
from tests import people
from tests.back_office.selling_cast import send
from tests.browser_like import Person

pytestmark = pytest.mark.usefixtures("database")

FIELDS = {
    "name": "Frame contract 2026",
    "starts_on": "2026-01-01",
    "ends_on": "31.12.2026",
    "target_revenue": "50000,00",
    "comment": "Signed in Berlin.",
}


async def a_contract(known: people.Known, name: str = "Frame") -> uuid.UUID:
    return await create_contract(known.customer_id, ContractDetails(name=name, starts_on=date(2026, 1, 1)))


async def looks_after(staff: people.Known, known: people.Known) -> None:
    key = await DB.fetch_value('SELECT id FROM staff_members WHERE "user" = $1', staff.user_id)
    assert await add_account_manager(known.customer_id, key)


async def a_price_list() -> None:
    await DB.execute(
        "INSERT INTO price_lists (id, name, currency, is_net, priority, is_active, version)"
        " VALUES ('Frame', 'Frame prices', 'EUR', true, 0, true, 1)"
    )


async def test_a_contract_is_made_found_changed_and_deleted(staff: Person) -> None:
    known = await people.company()
    await a_price_list()
    page = await send(staff, "/contracts/new", {"customer": known.number, "price_lists": ["Frame"], **FIELDS})
    assert "The contract is created." in page.main
    assert page.h1 == "Contract C1001"
    (stored,) = await contracts_of_customer(known.customer_id)
    assert (stored.target_revenue, stored.ends_on) == (50000_00, date(2026, 12, 31))
    assert (await targets_of(TargetKind.PRICE_LIST, "Frame")).contracts == {stored.id}
    for found, path in (
        (True, "/contracts?q=frame"),
        (True, "/contracts?q=futterkiste"),
        (False, "/contracts?q=other"),
        (False, "/contracts?state=nothing&q=other"),
    ):
        assert ("Frame contract 2026" in (await staff.get(path)).main) is found
    page = await send(staff, f"/contracts/{stored.id}", {"name": "Renamed", "price_lists": []})
    assert "The contract is changed." in page.main
    assert page.typed("target_revenue") == "50000.00"
    page = await staff.fill(await staff.get(f"/contracts/{stored.id}/delete"), {"confirmed": "yes"})
    assert "The contract is deleted." in page.main
    assert await contracts_of_customer(known.customer_id) == []


async def test_what_cannot_be_a_contract_says_why(staff: Person) -> None:
    known, shopper = await people.company(), await people.shopper()
    page = await send(staff, "/contracts/new", {"customer": "", "name": "", "starts_on": "31.2.2026"})
    assert set(page.errors) == {"customer", "name", "starts_on"}
    page = await send(staff, "/contracts/new", {"customer": "nobody", **FIELDS})
    assert page.errors == {"customer": "There is no customer nobody."}
    page = await send(staff, "/contracts/new", {"customer": shopper.number, **FIELDS})
    assert page.errors == {"customer": "Contracts are made with business customers only."}
    for last, first in (
        ("2025-12-31", "2026-01-01"),
        ("9999-12-31", "2026-01-01"),
        ("2026-01-01", "0001-01-01"),
    ):
        fields = {**FIELDS, "customer": known.number, "starts_on": first, "ends_on": last}
        page = await send(staff, "/contracts/new", fields)
        assert page.status == 422
        assert set(page.errors) <= {"starts_on", "ends_on"}
    fields = {**FIELDS, "customer": known.number, "price_lists": ["Gone"]}
    page = await send(staff, "/contracts/new", {**FIELDS, "customer": known.number})
    page = await staff.post("/contracts/new", {**fields, "currency": "EUR"})
    assert "price_lists" in page.errors


async def test_who_saves_a_contract_that_somebody_changed_meanwhile_sees_both(staff: Person) -> None:
    key = await a_contract(await people.company())
    stale = await staff.get(f"/contracts/{key}")
    await send(staff, f"/contracts/{key}", {"name": "Theirs"})
    page = await staff.fill(stale, {"name": "Mine"}, form="name")
    assert page.status == 409
    assert page.errors["name"] == "Stored now: Theirs"
    page = await staff.fill(page, {"name": "Mine"}, form="name")
    assert (await contract_of_id(key)).name == "Mine"


async def test_the_page_shows_progress_and_the_orders_that_count(staff: Person) -> None:
    known = await people.company()
    key = await create_contract(
        known.customer_id,
        ContractDetails(name="Frame", starts_on=date(2026, 1, 1), target_revenue=1000_00),
    )
    await DB.execute(
        """
        INSERT INTO orders (id, number, application, customer, "user", email, email_canonical, buyer_name, currency,
                            is_net, net_total, tax_total, gross_total, placed_at, version)
        SELECT gen_random_uuid(), 'P' || n, 'business', $1, $2, 'x', 'x', 'Maria', 'EUR', true, 1000, 0, 1000,
               '2026-02-01T12:00:00Z', 1 FROM generate_series(1, 30) n
        """,
        known.customer_id,
        known.user_id,
    )
    page = await staff.get(f"/contracts/{key}")
    assert "€300.00 of €1,000.00 net (30 %)" in page.main
    assert "€700.00" in page.main
    assert page.main.count("Maria") == 25
    assert (await staff.get(f"/contracts/{key}?page=2")).main.count("Maria") == 5


async def test_account_managers_see_the_contracts_of_their_customers_only() -> None:
    own, other = await people.company(), await people.company("x@plain.example", company_name="Plain")
    manager = await people.staff_member("manager@example.com", privileges=())
    mine, theirs = await a_contract(own, "Mine"), await a_contract(other, "Theirs")
    person = await manager.signed_in()
    assert (await person.get("/contracts")).status == 403
    await looks_after(manager, own)
    page = await person.get("/contracts")
    assert "Mine" in page.main
    assert "Theirs" not in page.main
    assert (await person.get("/contracts?q=Theirs")).main.count("Plain") == 0
    assert (await person.get(f"/contracts/{mine}")).status == 200
    for path in (f"/contracts/{theirs}", f"/contracts/{theirs}/delete", f"/contracts/{uuid.uuid4()}"):
        assert (await person.get(path)).status == 404
    await person.get(f"/contracts/{mine}")
    assert (await person.post(f"/contracts/{theirs}", {"name": "Taken"})).status == 404
    await person.get(f"/contracts/{mine}")
    assert (await person.post(f"/contracts/{theirs}/delete", {})).status == 404
    page = await send(person, "/contracts/new", {"customer": other.number, **FIELDS})
    assert page.errors == {"customer": f"There is no customer {other.number}."}
    page = await send(person, "/contracts/new", {"customer": own.number, **FIELDS})
    assert "The contract is created." in page.main


async def test_staff_with_the_privilege_see_all_contracts_and_others_none() -> None:
    key = await a_contract(await people.company())
    person = await (await people.staff_member("c@example.com", privileges=("contracts",))).signed_in()
    assert "Frame" in (await person.get("/contracts")).main
    assert (await person.get(f"/contracts/{key}")).status == 200
    without = await (
        await people.staff_member("n@example.com", privileges=("customers", "orders"))
    ).signed_in()
    assert (await without.get(f"/contracts/{key}")).status == 403
    assert "Contracts" not in (await without.get("/")).html.split("</nav>")[0]
