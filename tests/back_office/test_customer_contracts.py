"""The tabs of a customer's page about what binds it: contracts, account managers, organisation, and what is
effective through them (domain.md 11, 12)."""

import uuid
from datetime import date

import pytest

from app.contracts.account_managers import account_managers_of, add_account_manager
from app.contracts.edit_contract import ContractDetails, create_contract
from app.organisations.tree import create_organisation
from app.segments.custom import create_segment
from app.segments.members import assign
from app.segments.targets import aim
from tables.engine import DB
from tables.segments import TargetKind
from tests import people
from tests.browser_like import Person

pytestmark = pytest.mark.usefixtures("database")


async def price_list(key: str, **whom: object) -> None:
    await DB.execute(
        "INSERT INTO price_lists (id, name, currency, is_net, priority, is_active, version)"
        " VALUES ($1::text, 'List ' || $1::text, 'EUR', true, 0, true, 1)",
        key,
    )
    await aim(TargetKind.PRICE_LIST, key, **whom)


async def key_of(known: people.Known) -> uuid.UUID:
    return await DB.fetch_value('SELECT id FROM staff_members WHERE "user" = $1', known.user_id)


async def test_an_account_manager_is_added_and_removed(staff: Person) -> None:
    company, manager = await people.company(), await people.staff_member("manager@example.com")
    path = f"/customers/{company.number}/account-managers"
    page = await staff.get(path)
    assert "Nobody looks after this customer yet." in page.main
    page = await staff.fill(page, {"staff_member": str(await key_of(manager))}, form="staff_member")
    assert "looks after the customer now." in page.main
    assert [one.email for one in await account_managers_of(company.customer_id)] == ["manager@example.com"]
    page = await staff.post(path, {"staff_member": str(await key_of(manager))})
    assert "staff_member" in page.errors
    page = await staff.post(f"{path}/{await key_of(manager)}/remove")
    assert "The account manager is removed." in page.main
    assert await account_managers_of(company.customer_id) == []


async def test_nobody_makes_themself_an_account_manager_without_the_privilege() -> None:
    company = await people.company()
    known = await people.staff_member("c@example.com", privileges=("customers",))
    person = await known.signed_in()
    page = await person.get(f"/customers/{company.number}/account-managers")
    assert page.status == 200
    assert "Add an account manager" not in page.main
    wanted = {"staff_member": str(await key_of(known))}
    assert (await person.post(f"/customers/{company.number}/account-managers", wanted)).status == 403


async def test_the_contracts_tab_is_for_account_managers_and_the_privilege() -> None:
    company, other = await people.company(), await people.company("x@plain.example")
    details = ContractDetails(name="Frame", starts_on=date(2026, 1, 1))
    await create_contract(company.customer_id, details)
    known = await people.staff_member("c@example.com", privileges=("customers",))
    person = await known.signed_in()
    path = f"/customers/{company.number}/contracts"
    assert (await person.get(path)).status == 403
    general = await person.get(f"/customers/{company.number}")
    assert f"/back-office{path}" not in general.links
    assert await add_account_manager(company.customer_id, await key_of(known))
    assert f"/back-office{path}" in (await person.get(f"/customers/{company.number}")).links
    assert "Frame" in (await person.get(path)).main
    assert (await person.get(f"/customers/{other.number}/contracts")).status == 403


async def test_people_have_neither_contracts_nor_an_organisation(staff: Person) -> None:
    shopper = await people.shopper()
    north = await create_organisation("North")
    for tab in ("contracts", "account-managers"):
        assert (await staff.get(f"/customers/{shopper.number}/{tab}")).status == 404
    page = await staff.get(f"/customers/{shopper.number}")
    assert "Save the organisation" not in page.html
    page = await staff.post(f"/customers/{shopper.number}/organisation", {"organisation": str(north)})
    assert page.status == 404


async def test_a_company_is_put_into_an_organisation_and_out_again(staff: Person) -> None:
    company = await people.company()
    north = await create_organisation("North")
    page = await staff.get(f"/customers/{company.number}")
    page = await staff.fill(page, {"organisation": str(north)}, form="organisation")
    assert "The organisation of the customer is saved." in page.main
    assert page.typed("organisation") == str(north)
    page = await staff.post(f"/customers/{company.number}/organisation", {"organisation": str(uuid.uuid4())})
    assert "There is no such organisation." in page.main
    await staff.fill(page, {"organisation": ""}, form="organisation")
    assert await DB.fetch_value("SELECT count(*) FROM customers WHERE organisation IS NOT NULL") == 0


async def test_what_is_effective_through_organisations_contracts_and_their_group_is_told(
    staff: Person,
) -> None:
    company = await people.company()
    for segment in ("GOLD", "SILVER"):
        await create_segment(segment, segment.title(), is_customer_group=True)
        await price_list(segment, segments=[segment])
    await assign("SILVER", [company.customer_id])
    region = await create_organisation("North", customer_group="GOLD")
    hamburg = await create_organisation("Hamburg", parent=region)
    await DB.execute("UPDATE customers SET organisation = $1", hamburg)
    await price_list("region", organisations=[region])
    await price_list("elsewhere", organisations=[await create_organisation("South")])
    for name, first, last in (
        ("now", date(2026, 1, 1), None),
        ("over", date(2020, 1, 1), date(2020, 12, 31)),
    ):
        contract = await create_contract(
            company.customer_id, ContractDetails(name=name, number=name, starts_on=first, ends_on=last)
        )
        await price_list(name, contracts=[contract])
    page = await staff.get(f"/customers/{company.number}/price-lists")
    assert "None names this customer." in page.main
    for found in ("List region", "Organisation North", "List now", "Contract now", "List GOLD"):
        assert found in page.main
    for missing in ("List elsewhere", "List over", "List SILVER"):
        assert missing not in page.main
    page = await staff.get(f"/customers/{company.number}/segments")
    assert "By its organisation the customer has the customer group Gold." in page.main
