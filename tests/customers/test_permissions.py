"""What the users of a customer may do: permissions, never the names of roles (domain.md 10)."""

import uuid

import pytest

from app.customers.permissions import Permission, permissions_of, permissions_of_account
from app.customers.types import customer_type_of
from app.visitor import recognise
from tables.engine import DB
from tables.keys import new_key
from tests import people
from tests.browser_like import Person
from tests.people import Known
from tests.segments.looking import application

pytestmark = pytest.mark.usefixtures("database")

SMB, INDIVIDUAL = customer_type_of("SMB"), customer_type_of("INDIVIDUAL")


async def permissions(known: Known, person: Person | None = None) -> frozenset[Permission]:
    browser = person or await known.signed_in()
    visitor = await recognise(application(browser.application), browser.cookie("session"), "en")
    assert visitor.account is not None
    return permissions_of_account(visitor.account)


async def role(customer_id: uuid.UUID | None, name: str, *may: str) -> str:
    key = new_key()
    await DB.execute(
        "INSERT INTO company_roles (id, customer, name, permissions, version, created_at)"
        " VALUES ($1, $2, $3, $4, 1, now())",
        key,
        customer_id,
        name,
        list(may),
    )
    return str(key)


async def give(known: Known, *roles: str) -> None:
    await DB.execute("UPDATE memberships SET roles = $1 WHERE id = $2", list(roles), known.membership_id)


def test_the_single_user_of_an_individual_customer_may_everything() -> None:
    assert permissions_of(INDIVIDUAL, ()) == frozenset(Permission)


@pytest.mark.parametrize(
    ("built_in", "may"),
    [
        ("buyer", {Permission.PURCHASE}),
        ("approver", {Permission.PURCHASE, Permission.APPROVE}),
        ("account_administrator", set(Permission)),
        ("viewer", set()),
        ("no such role", set()),
    ],
)
def test_the_built_in_roles_are_bundles_of_permissions(built_in: str, may: set[Permission]) -> None:
    assert permissions_of(SMB, [built_in]) == may


async def test_a_role_of_the_company_gives_what_it_bundles_and_nothing_unknown() -> None:
    known = await people.company()
    clerk = await role(known.customer_id, "Clerk", "purchase", "see_all_orders", "fly")
    await give(known, "viewer", clerk)
    assert await permissions(known) == {Permission.PURCHASE, Permission.SEE_ALL_ORDERS}


async def test_a_role_of_another_company_gives_nothing() -> None:
    known, other = await people.company(), await people.company("other@quick.example")
    await give(known, await role(other.customer_id, "Boss", *Permission))
    assert await permissions(known) == frozenset()


async def test_who_stands_in_for_an_approver_approves_for_that_time_and_no_more() -> None:
    approver = await people.company()
    buyer = await people.colleague(approver, "paul.buyer@alfki.example", roles=("buyer",))
    await give(approver, "account_administrator")

    async def stand_in(first: str, last: str) -> None:
        await DB.execute(
            "UPDATE memberships SET stand_in = $1, stand_in_from = now() + $2::text::interval,"
            " stand_in_until = now() + $3::text::interval WHERE id = $4",
            buyer.membership_id,
            first,
            last,
            approver.membership_id,
        )

    assert await permissions(buyer) == {Permission.PURCHASE}
    await stand_in("-1 day", "1 day")
    assert await permissions(buyer) == {Permission.PURCHASE, Permission.APPROVE}
    await stand_in("1 day", "2 days")
    assert await permissions(buyer) == {Permission.PURCHASE}
    await stand_in("-2 days", "-1 day")
    assert await permissions(buyer) == {Permission.PURCHASE}
    await stand_in("-1 day", "1 day")
    await give(approver, "buyer")
    assert await permissions(buyer) == {Permission.PURCHASE}


async def test_who_looks_at_the_shop_as_a_role_never_may_more_than_themself() -> None:
    known = await people.company()
    clerk = await role(known.customer_id, "Clerk", "purchase", "approve")
    await give(known, "buyer")
    browser = await known.signed_in()
    await DB.execute("UPDATE sessions SET view_as_role = $1", clerk)
    assert await permissions(known, browser) == {Permission.PURCHASE}
    await DB.execute("UPDATE sessions SET view_as_role = 'viewer'")
    assert await permissions(known, browser) == frozenset()
