"""Limits are the company's that set them: a moved user begins with what staff say, and with nothing unsaid."""

from typing import Any

import pytest

from tables.engine import DB
from tests import people
from tests.back_office.test_move_user import moved, other_company
from tests.browser_like import Person
from tests.company_users.managing import press
from tests.customers.belonging import member_too
from tests.people import Known

pytestmark = pytest.mark.usefixtures("database")

LIMIT = """
    UPDATE memberships SET order_limit = 50000, budget_amount = 100000, budget_period = 'month' WHERE id = $1
"""
NONE = (None, None, "")


async def limits(of: Known) -> list[tuple[Any, ...]]:
    """What the user may spend, wherever they are."""
    rows = await DB.fetch(
        'SELECT order_limit, budget_amount, budget_period FROM memberships WHERE "user" = $1', of.user_id
    )
    return [tuple(row.values()) for row in rows]


async def limited_buyer() -> tuple[Known, Known, Known]:
    """A company, its buyer with 500 for each order and 1000 each month, and another company."""
    company, other = await people.company(), await other_company()
    buyer = await people.colleague(company, "buyer@alfki.example")
    await DB.execute(LIMIT, buyer.membership_id)
    return company, buyer, other


async def test_limits_of_the_old_customer_are_neither_kept_nor_lifted_unsaid(staff: Person) -> None:
    _company, buyer, other = await limited_buyer()
    page = await staff.get(f"/users/{buyer.user_id}/move")
    assert "Limits and budget do not go along" in page.main
    assert "Orders that go along do not count towards a budget there." in page.main
    assert "€500.00 for each order" in page.main
    assert "€1,000.00 each month" in page.main
    assert [page.typed(name) for name in ("limits", "order_limit", "budget_amount")] == ["", "", ""]
    page = await moved(staff, buyer, other.number)
    assert (page.status, list(page.errors)) == (422, ["limits"])
    assert await limits(buyer) == [(50000, 100000, "month")]
    page = await staff.fill(page, {"customer": other.number, "limits": "none"}, form="customer")
    assert "is moved" in page.text
    assert await limits(buyer) == [NONE]


async def test_staff_type_what_holds_at_the_new_customer(staff: Person) -> None:
    _company, buyer, other = await limited_buyer()
    typed = {"limits": "set", "order_limit": "70", "budget_amount": "900,50", "budget_period": "year"}
    assert "is moved" in (await moved(staff, buyer, other.number, **typed)).text
    assert await limits(buyer) == [(7000, 90050, "year")]
    history = (await staff.get(f"/customers/{other.number}/history")).main
    assert "Limit for each order: €70.00" in history
    assert "Budget: €900.50; Period of the budget: year" in history


async def test_a_user_without_limits_moves_without_a_question(staff: Person) -> None:
    company, other = await people.company(), await other_company()
    buyer = await people.colleague(company, "buyer@alfki.example")
    page = await staff.get(f"/users/{buyer.user_id}/move")
    assert page.typed("limits") == "none"
    assert "is moved" in (await moved(staff, buyer, other.number)).text
    assert await limits(buyer) == [NONE]


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"limits": "set"}, "order_limit"),
        ({"limits": "none", "order_limit": "5"}, "limits"),
        ({"limits": "set", "budget_amount": "5"}, "budget_period"),
        ({"limits": "set", "budget_period": "week"}, "budget_amount"),
        ({"limits": "set", "order_limit": "many"}, "order_limit"),
        ({"limits": "others"}, "limits"),
    ],
)
async def test_limits_that_make_no_sense_are_refused_at_the_field(
    staff: Person, typed: dict[str, str], field: str
) -> None:
    _company, buyer, other = await limited_buyer()
    page = await moved(staff, buyer, other.number, **typed)
    assert (page.status, list(page.errors)) == (422, [field])
    assert await limits(buyer) == [(50000, 100000, "month")]


async def test_who_is_there_already_keeps_the_limits_they_have_there(staff: Person) -> None:
    company, buyer, other = await limited_buyer()
    there = await member_too(buyer, other, ("viewer",))
    await DB.execute("UPDATE memberships SET order_limit = 100 WHERE id = $1", there)
    page = await staff.get(f"/users/{buyer.user_id}/move?leaves={company.number}")
    await staff.fill(page, {"customer": other.number, "limits": "set", "order_limit": "70"}, form="customer")
    assert await limits(buyer) == [(100, None, "")]


async def test_who_was_removed_begins_anew_elsewhere_and_has_the_old_limits_when_put_back(
    staff: Person,
) -> None:
    company, buyer, other = await limited_buyer()
    await press(await company.signed_in(), buyer, "/remove")
    page = await staff.get(f"/users/{buyer.user_id}/move")
    # The first form of the page is the one that puts back.
    page = await staff.fill(page, {"customer": other.number}, form="roles")
    assert list(page.errors) == ["limits"]
    await staff.fill(page, {"customer": other.number, "limits": "none"}, form="roles")
    assert await limits(buyer) == [NONE]
    second = await people.colleague(company, "second@alfki.example")
    await DB.execute(LIMIT, second.membership_id)
    await press(await company.signed_in(), second, "/remove")
    page = await staff.get(f"/users/{second.user_id}/move")
    button = next(one for one in page.tree.iterfind(".//main//form") if "Put back" in one.text_content())
    fields = {one.get("name"): one.get("value") for one in button.iter("input")}
    await staff.post(button.get("action"), fields, token=page.csrf_token)
    assert await limits(second) == [(50000, 100000, "month")]
