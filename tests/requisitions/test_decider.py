"""Who may no longer decide when the decision is written decides nothing, though they could when they pressed."""

import asyncio

import pytest

from tables.engine import DB
from tests import people
from tests.company_users.managing import own_role
from tests.other_connection import other_connection, until_somebody_waits
from tests.requisitions.asking import Company, ask, company, id_of
from tests.requisitions.test_deciding import orders, state

# What somebody else is about to change while the approver presses the button, as the program does: those who manage a
# company's people hold the customer. $1 is the membership of the approver.
HOLD_COMPANY = (
    "SELECT FROM customers WHERE id = (SELECT customer FROM memberships WHERE id = $1) FOR NO KEY UPDATE"
)
DEMOTE = "UPDATE memberships SET roles = '{buyer}' WHERE id = $1"
DISABLE = "UPDATE memberships SET is_active = false WHERE id = $1"
DISABLE_USER = 'UPDATE users SET is_active = false WHERE id = (SELECT "user" FROM memberships WHERE id = $1)'
DISABLE_CUSTOMER = (
    "UPDATE customers SET is_active = false WHERE id = (SELECT customer FROM memberships WHERE id = $1)"
)
REMOVE = "DELETE FROM memberships WHERE id = $1"
CHANGE_ROLE = (
    "UPDATE company_roles SET permissions = '{purchase}'"
    " WHERE customer = (SELECT customer FROM memberships WHERE id = $1)"
)
END_STANDING_IN = "UPDATE memberships SET stand_in = NULL, stand_in_until = now() WHERE stand_in = $1"
DEMOTE_ABSENT = "UPDATE memberships SET roles = '{buyer}' WHERE stand_in = $1"
DISABLE_ABSENT = (
    'UPDATE users SET is_active = false WHERE id = (SELECT "user" FROM memberships WHERE stand_in = $1)'
)


async def by_role(of: Company) -> people.Known:
    return of.approver


async def by_own_role(of: Company) -> people.Known:
    role = await own_role(of.admin, "Decider", "approve")
    return await people.colleague(of.admin, "dora@alfki.example", (role,))


async def by_standing_in(of: Company) -> people.Known:
    carl = await people.colleague(of.admin, "carl@alfki.example")
    await DB.execute(
        "UPDATE memberships SET stand_in = $2, stand_in_from = now() - interval '1 day',"
        " stand_in_until = now() + interval '1 day' WHERE id = $1",
        of.approver.membership_id,
        carl.membership_id,
    )
    return carl


async def decided_meanwhile(
    database: str, who: people.Known, key: str, change: tuple[str, ...], button: str
) -> int:
    """The status of a decision that is sent before a change, and written after it."""
    person = await who.signed_in()
    page = await person.get(f"/account/requisitions/{key}")
    assert "Your decision" in page.main
    fields = {"comment": "No"} if button == "comment" else {}
    async with other_connection(database) as other:
        async with other.transaction():
            for statement in change:
                await other.execute(statement, who.membership_id)
            # Also who asks for no lock of these waits here.
            await other.execute("SELECT FROM requisitions FOR UPDATE")
            deciding = asyncio.create_task(person.fill(page, fields, form=button))
            await until_somebody_waits(deciding)
        return (await deciding).status


async def asked(of: Company) -> str:
    """The id of a requisition whose payment holds money."""
    key = id_of(await ask(await of.buyer.signed_in()))
    await DB.execute("UPDATE requisitions SET checkout = jsonb_set(checkout, '{payment}', '\"test\"')")
    return key


@pytest.mark.parametrize(
    ("who", "change"),
    [
        (by_role, (HOLD_COMPANY, DEMOTE)),
        (by_role, (HOLD_COMPANY, DISABLE)),
        (by_role, (HOLD_COMPANY, REMOVE)),
        (by_role, (DISABLE_USER,)),
        (by_role, (DISABLE_CUSTOMER,)),
        (by_own_role, (HOLD_COMPANY, CHANGE_ROLE)),
        (by_standing_in, (END_STANDING_IN,)),
        (by_standing_in, (HOLD_COMPANY, DEMOTE_ABSENT)),
        (by_standing_in, (DISABLE_ABSENT,)),
    ],
)
async def test_who_loses_the_right_while_their_approval_waits_orders_nothing(database, who, change):
    of = await company()
    key = await asked(of)
    assert await decided_meanwhile(database, await who(of), key, change, "review") == 403
    assert (await orders(), await state()) == (0, "pending")
    # What was held for the order is given back.
    assert await DB.fetch_value("SELECT state FROM payments") == "releasing"


@pytest.mark.parametrize(
    ("who", "change"),
    [
        (by_role, (HOLD_COMPANY, DEMOTE)),
        (by_role, (DISABLE_USER,)),
        (by_standing_in, (END_STANDING_IN,)),
    ],
)
async def test_who_loses_the_right_while_their_rejection_waits_rejects_nothing(database, who, change):
    of = await company()
    key = await asked(of)
    assert await decided_meanwhile(database, await who(of), key, change, "comment") == 403
    assert await state() == "pending"


@pytest.mark.parametrize("button", ["review", "comment"])
async def test_who_keeps_the_right_decides_also_when_something_else_changes_meanwhile(database, button):
    of = await company()
    key = await asked(of)
    change = ("UPDATE memberships SET department = 'Kitchen' WHERE id = $1",)
    assert await decided_meanwhile(database, await by_standing_in(of), key, change, button) == 200
    assert await state() == {"review": "approved", "comment": "rejected"}[button]
