"""Deleting a customer (domain.md 2)."""

import pytest

from tests import people
from tests.browser_like import Person
from tests.customers.belonging import member_too, ordered, values

pytestmark = pytest.mark.usefixtures("database")


async def test_users_without_another_customer_go_with_it(staff: Person) -> None:
    known, other = await people.company(), await people.company("o@other.example", company_name="Other")
    both = await people.colleague(known, "both@alfki.example")
    await member_too(both, other)
    page = await staff.get(f"/customers/{known.number}/delete")
    page = await staff.fill(page, {}, form="version")
    assert f"Customer {known.number} is deleted." in page.text
    assert (await staff.get(f"/customers/{known.number}")).status == 404
    assert await values("SELECT id FROM users WHERE id = $1", known.user_id) == []
    assert await values("SELECT id FROM users WHERE id = $1", both.user_id) == [both.user_id]


async def test_an_individual_is_deleted_with_its_user(staff: Person) -> None:
    known = await people.shopper()
    await staff.post(f"/customers/{known.number}/delete", {})
    assert await values("SELECT id FROM users WHERE id = $1", known.user_id) == []


async def test_a_customer_with_orders_stays(staff: Person) -> None:
    known = await people.company()
    await ordered(known, "O-1")
    page = await staff.post(f"/customers/{known.number}/delete", {})
    assert page.status == 422
    assert "which the shop keeps" in page.errors[""]
    assert await values("SELECT number FROM customers") == [known.number]


async def test_what_has_changed_since_is_not_deleted(staff: Person) -> None:
    known = await people.company()
    page = await staff.post(f"/customers/{known.number}/delete", {"version": "99"})
    assert page.status == 409
    assert await values("SELECT number FROM customers") == [known.number]
