"""Every rule of enabling and disabling (domain.md 3, 4, 5)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.customers.activation import (
    disable_customer,
    disable_membership,
    disable_user,
    enable_customer,
    enable_membership,
    enable_user,
)
from app.errors import Conflict
from app.visitor import Visitor
from tables import Customer, Membership, User
from tables.engine import DB
from tests import people
from tests.back_office.acting import visitor_of
from tests.browser_like import mails, patron, visit
from tests.people import Known

pytestmark = pytest.mark.usefixtures("database")

Switch = Callable[..., Awaitable[bool]]
# What is switched, the table it stands in, and which id of the known person names it.
KINDS = [
    pytest.param(disable_customer, enable_customer, Customer, "customer_id", id="customer"),
    pytest.param(disable_user, enable_user, User, "user_id", id="user"),
    pytest.param(disable_membership, enable_membership, Membership, "membership_id", id="membership"),
]


@pytest.fixture
async def staff(database: str) -> Visitor:
    """A staff member at work."""
    patron()
    return await visitor_of(await people.staff_member())


async def switched(switch: Switch, table: Any, known: Known, key: str, staff: Visitor) -> bool:
    row = await table.objects().get(table.id == getattr(known, key))
    return await switch(row.id, version=row.version, visitor=staff)


@pytest.mark.parametrize(("disable", "enable", "table", "key"), KINDS)
async def test_disabling_ends_the_sessions_at_once(
    disable: Switch, enable: Switch, table: Any, key: str, staff: Visitor
) -> None:
    known = await people.company()
    person = await known.signed_in()
    assert "Sign out" in (await person.get("/")).text
    assert await switched(disable, table, known, key, staff)
    assert "Sign out" not in (await person.get("/")).text
    assert await DB.fetch_value("SELECT count(*) FROM sessions") == 0
    assert (await (await visit("business")).sign_in(known.login, known.password)).status == 403


@pytest.mark.parametrize(("disable", "enable", "table", "key"), KINDS)
async def test_a_session_that_ended_does_not_come_back_with_enabling(
    disable: Switch, enable: Switch, table: Any, key: str, staff: Visitor
) -> None:
    known = await people.company()
    person = await known.signed_in()
    await switched(disable, table, known, key, staff)
    await switched(enable, table, known, key, staff)
    assert "Sign out" not in (await person.get("/")).text
    assert (await (await visit("business")).sign_in(known.login, known.password)).status == 200


@pytest.mark.parametrize(("disable", "enable", "table", "key"), KINDS)
async def test_from_disabled_to_enabled_sends_the_password_mail(
    disable: Switch, enable: Switch, table: Any, key: str, staff: Visitor
) -> None:
    known = await people.company()
    await switched(disable, table, known, key, staff)
    assert await mails() == []
    assert await switched(enable, table, known, key, staff)
    (mail,) = await mails("choose_password")
    assert mail.to == known.email
    assert mail.link.startswith("http://localhost:8000/business/reset-password?token=")


@pytest.mark.parametrize(("disable", "enable", "table", "key"), KINDS)
async def test_enabling_what_is_enabled_changes_nothing_and_mails_nobody(
    disable: Switch, enable: Switch, table: Any, key: str, staff: Visitor
) -> None:
    known = await people.company()
    assert not await switched(enable, table, known, key, staff)
    assert await mails() == []
    assert await DB.fetch_value("SELECT count(*) FROM audit_entries") == 0
    row = await table.objects().get(table.id == getattr(known, key))
    assert row.version == 1


@pytest.mark.parametrize(("disable", "enable", "table", "key"), KINDS)
async def test_what_has_changed_meanwhile_is_not_switched(
    disable: Switch, enable: Switch, table: Any, key: str, staff: Visitor
) -> None:
    known = await people.company()
    with pytest.raises(Conflict):
        await disable(getattr(known, key), version=7, visitor=staff)
    assert (await table.objects().get(table.id == getattr(known, key))).is_active


@pytest.mark.parametrize(("disable", "enable", "table", "key"), KINDS)
async def test_of_two_that_disable_at_once_one_counts_and_the_other_is_told(
    disable: Switch, enable: Switch, table: Any, key: str, staff: Visitor
) -> None:
    known = await people.company()
    done = await asyncio.gather(
        *(disable(getattr(known, key), version=1, visitor=staff) for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in done) == ["Conflict", "bool"]


@pytest.mark.parametrize(("disable", "enable", "table", "key"), KINDS)
async def test_each_change_is_in_the_audit_log(
    disable: Switch, enable: Switch, table: Any, key: str, staff: Visitor
) -> None:
    known = await people.company()
    await switched(disable, table, known, key, staff)
    await switched(enable, table, known, key, staff)
    entries = await DB.fetch("SELECT * FROM audit_entries ORDER BY happened_at, id")
    name = table.__name__.lower()
    assert [one["action"] for one in entries] == [f"{name} disabled", f"{name} enabled"]
    assert all(one["actor_name"] == staff.name for one in entries)


async def test_disabling_a_customer_ends_the_sessions_of_all_its_users_and_of_no_others(
    staff: Visitor,
) -> None:
    known = await people.company()
    colleague = await people.colleague(known, "second@alfki.example")
    stranger = await people.company("other@other.example", company_name="Other")
    theirs = [await known.signed_in(), await colleague.signed_in()]
    others = await stranger.signed_in()
    await switched(disable_customer, Customer, known, "customer_id", staff)
    for person in theirs:
        assert "Sign out" not in (await person.get("/")).text
    assert "Sign out" in (await others.get("/")).text


async def test_enabling_a_customer_mails_its_enabled_users_only(staff: Visitor) -> None:
    known = await people.company(customer_is_active=False)
    await people.colleague(known, "disabled@alfki.example")
    left = await people.colleague(known, "left@alfki.example")
    await DB.execute("UPDATE users SET is_active = false WHERE email = 'disabled@alfki.example'")
    await DB.execute("UPDATE memberships SET is_active = false WHERE id = $1", left.membership_id)
    await switched(enable_customer, Customer, known, "customer_id", staff)
    assert [one.to for one in await mails()] == [known.email]


async def test_enabling_does_not_approve(staff: Visitor) -> None:
    known = await people.pending_company(customer_is_active=False)
    await switched(enable_customer, Customer, known, "customer_id", staff)
    assert await DB.fetch_value("SELECT approval_status FROM customers") == "pending"
