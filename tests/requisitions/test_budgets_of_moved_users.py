"""A budget counts what was ordered for this company, not what a moved user has brought along (domain.md 9, 10)."""

import asyncio

import pytest

from app.requisitions.budgets import spent_in_period
from tests import people
from tests.back_office.test_merge_customers import merged, undone
from tests.back_office.test_move_user import moved
from tests.browser_like import Person
from tests.checkout.ordering import order, place
from tests.customers.belonging import member_too, values
from tests.people import Known
from tests.requisitions.asking import company as company_with_shop
from tests.requisitions.asking import review
from tests.requisitions.test_budgets import bought, limit

pytestmark = pytest.mark.usefixtures("database")

# €1,000 a month, as staff type it.
BUDGET = {"limits": "set", "budget_amount": "1000", "budget_period": "month"}


def at(who: Known, company: Known) -> Known:
    """Who somebody is at a company that they came to."""
    return Known(**{**vars(who), "customer_id": company.customer_id, "number": company.number})


async def buyer_and_companies() -> tuple[Person, Known, Known, Known]:
    """Staff, a buyer with €1,000 a month of which €900 are spent, their company, and another one."""
    staff = await (await people.staff_member()).signed_in()
    company = await people.company()
    other = await people.company("o@other.example", company_name="Other Ltd")
    buyer = await people.colleague(company, "buyer@alfki.example")
    await limit(buyer.membership_id, amount=100_000, period="month")
    await bought(buyer, 90_000)
    return staff, buyer, company, other


async def spent(who: Known, company: Known) -> int:
    """What somebody has spent of the budget that they have at a company."""
    (place_,) = await values(
        'SELECT id FROM memberships WHERE "user" = $1 AND customer = $2', who.user_id, company.customer_id
    )
    return await spent_in_period(place_)


async def moved_on(staff: Person, who: Known, to: Known) -> None:
    assert "is moved" in (await moved(staff, who, to.number, **BUDGET)).text


async def test_who_is_moved_in_the_middle_of_a_month_begins_with_the_whole_budget() -> None:
    staff, buyer, company, other = await buyer_and_companies()
    assert await spent(buyer, company) == 90_000
    await moved_on(staff, buyer, other)
    assert await values("SELECT customer FROM orders") == [other.customer_id]
    assert await spent(buyer, other) == 0
    await bought(at(buyer, other), 700)
    assert await spent(buyer, other) == 700


async def test_a_moved_user_orders_within_the_new_budget_without_being_asked() -> None:
    of = await company_with_shop(None, 2000, "month")
    await order(await of.buyer.signed_in())
    other = await people.company("o@other.example", company_name="Other Ltd")
    staff = await (await people.staff_member()).signed_in()
    limits = {"limits": "set", "budget_amount": "20", "budget_period": "month"}
    assert "is moved" in (await moved(staff, of.buyer, other.number, **limits)).text
    person = await of.buyer.signed_in()
    # One tea is 15.00: the first one leaves too little for a second.
    assert (await place(person, await review(person))).h1.startswith("Thank you")
    assert await spent(of.buyer, other) == 1500
    assert (await place(person, await review(person))).h1.startswith("Requisition R-")


async def test_what_was_brought_along_does_not_count_for_who_has_a_budget_there_already() -> None:
    staff, buyer, company, other = await buyer_and_companies()
    there = await member_too(buyer, other)
    await limit(there, amount=50_000, period="month")
    await bought(at(buyer, other), 700)
    page = await staff.get(f"/users/{buyer.user_id}/move?leaves={company.number}")
    assert "is moved" in (await staff.fill(page, {"customer": other.number}, form="customer")).text
    assert await spent(buyer, other) == 700


async def test_who_is_moved_back_goes_on_where_they_were() -> None:
    staff, buyer, company, other = await buyer_and_companies()
    await moved_on(staff, buyer, other)
    await bought(at(buyer, other), 700)
    await moved_on(staff, buyer, company)
    # What was ordered for the other company meanwhile has come along, and does not count.
    assert await spent(buyer, company) == 90_000
    await moved_on(staff, buyer, other)
    assert await spent(buyer, other) == 700


async def test_orders_of_a_company_that_was_deleted_with_its_last_user_do_not_count_elsewhere() -> None:
    staff, buyer, company, other = await buyer_and_companies()
    await moved(staff, company, other.number, administrator=str(buyer.user_id))
    await moved_on_and_deleted(staff, buyer, other)
    assert await values("SELECT count(*) FROM customers WHERE id = $1", company.customer_id) == [0]
    assert await spent(buyer, other) == 0


async def moved_on_and_deleted(staff: Person, who: Known, to: Known) -> None:
    assert "is deleted" in (await moved(staff, who, to.number, last_user="delete", **BUDGET)).text


async def test_an_order_that_is_placed_while_its_user_is_moved_counts_where_it_was_placed() -> None:
    of = await company_with_shop(None, None)
    other = await people.company("o@other.example", company_name="Other Ltd")
    staff = await (await people.staff_member()).signed_in()
    person = await of.buyer.signed_in()
    last_page = await review(person)
    page = await staff.get(f"/users/{of.buyer.user_id}/move")
    _ordered, answer = await asyncio.gather(
        place(person, last_page),
        staff.fill(page, {"customer": other.number, **BUDGET}, form="customer"),
    )
    assert "is moved" in answer.text
    # Either the order was first and came along, or there is none: the person was signed out.
    assert await values("SELECT customer FROM orders") in ([], [other.customer_id])
    assert await spent(of.buyer, other) == 0


async def test_what_was_spent_goes_on_counting_when_two_records_of_a_company_are_merged() -> None:
    staff, buyer, company, other = await buyer_and_companies()
    await merged(staff, other, company)
    assert await spent(buyer, other) == 90_000
    await undone(staff, other)
    assert await spent(buyer, company) == 90_000


async def test_what_somebody_has_spent_at_both_counts_together_until_the_merge_is_undone() -> None:
    staff, buyer, company, other = await buyer_and_companies()
    there = await member_too(buyer, other)
    await limit(there, amount=50_000, period="month")
    await bought(at(buyer, other), 700)
    await merged(staff, other, company)
    assert await spent(buyer, other) == 90_700
    await undone(staff, other)
    assert (await spent(buyer, company), await spent(buyer, other)) == (90_000, 700)


async def test_what_a_user_has_brought_from_the_other_record_of_the_company_counts_once_they_are_merged() -> (
    None
):
    staff, buyer, company, other = await buyer_and_companies()
    await moved_on(staff, buyer, other)
    assert await spent(buyer, other) == 0
    await merged(staff, other, company)
    assert await spent(buyer, other) == 90_000
    await undone(staff, other)
    assert await spent(buyer, other) == 0


async def test_what_was_brought_from_the_company_that_stays_does_not_count_again_once_the_merge_is_undone() -> (
    None
):
    staff, buyer, company, other = await buyer_and_companies()
    await moved_on(staff, buyer, other)
    await merged(staff, company, other)
    assert await spent(buyer, company) == 90_000
    await undone(staff, company)
    assert await spent(buyer, other) == 0
    await moved_on(staff, buyer, company)
    assert await spent(buyer, company) == 90_000


async def test_who_is_moved_out_of_a_merged_company_counts_for_the_one_that_is_back_when_moved_there() -> (
    None
):
    staff, buyer, company, other = await buyer_and_companies()
    third = await people.company("t@third.example", company_name="Third")
    await merged(staff, other, company)
    await moved_on(staff, buyer, third)
    assert await spent(buyer, third) == 0
    await undone(staff, other)
    assert await spent(buyer, third) == 0
    await moved_on(staff, buyer, other)
    assert await spent(buyer, other) == 0
    await moved_on(staff, buyer, company)
    assert await spent(buyer, company) == 90_000


async def test_what_another_company_has_spent_does_not_count_by_a_merge() -> None:
    staff, buyer, company, other = await buyer_and_companies()
    third = await people.company("t@third.example", company_name="Third")
    await moved_on(staff, buyer, other)
    await merged(staff, third, other)
    assert await spent(buyer, third) == 0
    await undone(staff, third)
    assert await spent(buyer, other) == 0
    await moved_on(staff, buyer, company)
    assert await spent(buyer, company) == 90_000
