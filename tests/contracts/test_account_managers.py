"""Account managers: who looks after a customer (domain.md 12)."""

import asyncio
import uuid

import pytest

from app.contracts.account_managers import (
    account_managers_of,
    add_account_manager,
    possible_account_managers,
    remove_account_manager,
)
from app.organisations.tree import create_organisation, put_customer_into
from tables.engine import DB
from tests import people

pytestmark = pytest.mark.usefixtures("database")


async def key_of(known: people.Known) -> uuid.UUID:
    return await DB.fetch_value('SELECT id FROM staff_members WHERE "user" = $1', known.user_id)


async def test_a_staff_member_looks_after_a_customer_once() -> None:
    company, staff = await people.company(), await people.staff_member()
    key = await key_of(staff)
    both = await asyncio.gather(*(add_account_manager(company.customer_id, key) for _turn in range(2)))
    assert sorted(both) == [False, True]
    assert [one.email for one in await account_managers_of(company.customer_id)] == [staff.email]
    assert await possible_account_managers(company.customer_id) == []
    assert await remove_account_manager(company.customer_id, key)
    assert not await remove_account_manager(company.customer_id, key)
    rows = await DB.fetch(
        "SELECT action FROM audit_entries WHERE customer_id = $1 ORDER BY id", company.customer_id
    )
    assert [row["action"] for row in rows] == ["account manager added", "account manager removed"]


async def test_only_active_staff_can_look_after_a_customer() -> None:
    company, staff = await people.company(), await people.staff_member()
    await DB.execute("UPDATE staff_members SET is_active = false")
    assert not await add_account_manager(company.customer_id, await key_of(staff))
    assert not await add_account_manager(company.customer_id, uuid.uuid4())


async def test_who_is_limited_to_a_branch_looks_after_its_customers_only() -> None:
    company, staff = await people.company(), await people.staff_member()
    north = await create_organisation("North")
    hamburg = await create_organisation("Hamburg", parent=north)
    await DB.execute("UPDATE staff_members SET organisation = $1", north)
    assert not await add_account_manager(company.customer_id, await key_of(staff))
    await put_customer_into(company.customer_id, hamburg)
    assert await add_account_manager(company.customer_id, await key_of(staff))
