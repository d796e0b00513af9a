"""Account managers are told once of contracts that end soon (domain.md 12)."""

import asyncio
import uuid
from datetime import date, timedelta

import pytest

from app.contracts.account_managers import add_account_manager
from app.contracts.contract import contract_of_id
from app.contracts.edit_contract import ContractDetails, change_contract, create_contract
from app.contracts.ending import tell_of_ending_contracts
from tables.engine import DB
from tests import people
from tests.browser_like import mails, visit

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
async def _patron(database: None) -> None:
    """The program runs, so that mails can link to its pages."""
    await visit("back-office")


async def today() -> date:
    return await DB.fetch_value("SELECT (now() AT TIME ZONE 'Europe/Berlin')::date")


async def contract_ending_in(days: int | None, known: people.Known, name: str = "Frame") -> uuid.UUID:
    last = None if days is None else await today() + timedelta(days)
    return await create_contract(
        known.customer_id, ContractDetails(name=name, starts_on=date(2026, 1, 1), ends_on=last)
    )


async def looks_after(staff: people.Known, known: people.Known) -> None:
    key = await DB.fetch_value('SELECT id FROM staff_members WHERE "user" = $1', staff.user_id)
    assert await add_account_manager(known.customer_id, key)


async def test_all_account_managers_are_told_once_with_a_link_to_the_contract() -> None:
    known = await people.company()
    first, second = await people.staff_member("a@example.com"), await people.staff_member("b@example.com")
    await looks_after(first, known)
    await looks_after(second, known)
    await DB.execute("UPDATE users SET preferred_language = 'de' WHERE id = $1", second.user_id)
    key = await contract_ending_in(30, known)
    assert sorted(await asyncio.gather(tell_of_ending_contracts(), tell_of_ending_contracts())) == [0, 1]
    assert await tell_of_ending_contracts() == 0
    told = {one.to: one for one in await mails()}
    assert sorted(told) == ["a@example.com", "b@example.com"]
    assert told["a@example.com"].subject.startswith("Contract C1001 with Alfreds Futterkiste ends on")
    assert told["b@example.com"].subject.startswith("Vertrag C1001 mit Alfreds Futterkiste endet am")
    assert any(link.endswith(f"/contracts/{key}") for link in told["a@example.com"].links)


async def test_only_contracts_that_end_within_the_days_that_are_set_are_told() -> None:
    known, staff = await people.company(), await people.staff_member()
    await looks_after(staff, known)
    for days in (-1, 31, None):
        await contract_ending_in(days, known)
    assert await tell_of_ending_contracts() == 0
    await contract_ending_in(0, known)
    assert await tell_of_ending_contracts() == 1


async def test_a_contract_that_nobody_looks_after_waits_until_somebody_does() -> None:
    known, staff = await people.company(), await people.staff_member()
    await contract_ending_in(5, known)
    assert await tell_of_ending_contracts() == 0
    await looks_after(staff, known)
    await DB.execute("UPDATE staff_members SET is_active = false")
    assert await tell_of_ending_contracts() == 0
    await DB.execute("UPDATE staff_members SET is_active = true")
    assert await tell_of_ending_contracts() == 1
    assert len(await mails()) == 1


async def test_another_end_is_told_anew() -> None:
    known, staff = await people.company(), await people.staff_member()
    await looks_after(staff, known)
    key = await contract_ending_in(5, known)
    assert await tell_of_ending_contracts() == 1
    stored = await contract_of_id(key)
    same = ContractDetails(name="Renamed", starts_on=stored.starts_on, ends_on=stored.ends_on)
    await change_contract(key, stored.version, same)
    assert await tell_of_ending_contracts() == 0
    later = ContractDetails(name="Renamed", starts_on=stored.starts_on, ends_on=await today() + timedelta(9))
    await change_contract(key, stored.version + 1, later)
    assert await tell_of_ending_contracts() == 1
