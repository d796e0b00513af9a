"""Implicit segments: who is in them, sentence by sentence (domain.md 7)."""

import pytest

from app.segments.implicit import implicit_segments
from app.sign_in.sessions import end_sessions_of
from tables.engine import DB
from tests import people
from tests.browser_like import visit
from tests.customers.belonging import member_too
from tests.registration.filling_in import PERSON
from tests.segments.looking import place_order, segments

pytestmark = pytest.mark.usefixtures("database")

STRANGER = {"IG_Everyone", "IG_UnregisteredUsers"}
NEW_SHOPPER = {"IG_Everyone", "IG_RegisteredUsers", "IG_IndividualCustomers", "IG_NewUsers"}
RECURRING_SHOPPER = NEW_SHOPPER - {"IG_NewUsers"} | {"IG_RecurringUsers"}
NEW_COMPANY = {"IG_Everyone", "IG_RegisteredUsers", "IG_SMBCustomers", "IG_NewUsers"}
RECURRING_COMPANY = NEW_COMPANY - {"IG_NewUsers"} | {"IG_RecurringUsers"}


def test_the_predefined_segments_have_their_ids_and_names() -> None:
    assert {one.id: one.name for one in implicit_segments()} == {
        "IG_Everyone": "Everyone",
        "IG_IndividualCustomers": "Individual Customers",
        "IG_SMBCustomers": "SMB Customers",
        "IG_NewUsers": "New Customers",
        "IG_RecurringUsers": "Recurring Customers",
        "IG_RegisteredUsers": "Registered Customers",
        "IG_UnregisteredUsers": "Unregistered Customers",
    }


async def test_a_visitor_who_never_signed_in_is_in_everyone_and_unregistered() -> None:
    for application in ("shop", "business"):
        assert await segments(await visit(application)) == STRANGER


async def test_who_is_registered_but_not_recognised_is_unregistered() -> None:
    known = await people.shopper()
    assert await segments(await visit("shop")) == STRANGER
    person = await known.signed_in()
    await end_sessions_of(known.user_id)
    assert await segments(person) == STRANGER


async def test_who_signs_out_is_unregistered_again() -> None:
    person = await (await people.shopper()).signed_in()
    await person.post("/sign-out")
    assert await segments(person) == STRANGER


async def test_who_may_not_use_the_application_any_more_is_unregistered() -> None:
    known = await people.shopper()
    person = await known.signed_in()
    await DB.execute("UPDATE customers SET is_active = false WHERE id = $1", known.customer_id)
    assert await segments(person) == STRANGER


async def test_after_sign_in_a_shopper_is_registered_of_its_type_and_new() -> None:
    assert await segments(await (await people.shopper()).signed_in()) == NEW_SHOPPER


async def test_after_sign_in_a_companys_user_is_registered_of_its_type_and_new() -> None:
    assert await segments(await (await people.company()).signed_in()) == NEW_COMPANY


async def test_staff_members_belong_to_no_customers_segment() -> None:
    assert await segments(await (await people.staff_member()).signed_in()) == STRANGER


async def test_a_customer_is_new_in_every_session_until_something_is_ordered() -> None:
    known = await people.shopper()
    for _time in range(3):
        assert await segments(await known.signed_in()) == NEW_SHOPPER


async def test_the_order_does_not_make_recurring_in_the_session_in_which_it_is_placed() -> None:
    known = await people.shopper()
    person = await known.signed_in()
    await place_order(known)
    assert await segments(person) == NEW_SHOPPER
    await person.get("/account")
    assert await segments(person) == NEW_SHOPPER
    await place_order(known)
    assert await segments(person) == NEW_SHOPPER


async def test_the_next_sign_in_after_the_order_makes_recurring() -> None:
    known = await people.shopper()
    person = await known.signed_in()
    await place_order(known)
    await person.post("/sign-out")
    await person.sign_in(known.login, known.password)
    assert await segments(person) == RECURRING_SHOPPER


async def test_a_customer_never_becomes_new_again() -> None:
    known = await people.shopper()
    await known.signed_in()
    await place_order(known)
    await known.signed_in()
    since = await DB.fetch_value("SELECT recurring_since FROM customers")
    await DB.execute("UPDATE orders SET state = 'cancelled'")
    assert await segments(await known.signed_in()) == RECURRING_SHOPPER
    assert await DB.fetch_value("SELECT recurring_since FROM customers") == since


async def test_only_the_first_order_counts() -> None:
    known = await people.shopper()
    await place_order(known)
    first = await DB.fetch_value("SELECT first_order_at FROM customers")
    await place_order(known)
    assert await DB.fetch_value("SELECT first_order_at FROM customers") == first


async def test_a_wrong_password_is_no_sign_in() -> None:
    known = await people.shopper()
    person = await known.signed_in()
    await place_order(known)
    await (await visit("shop")).sign_in(known.login, "not the password at all")
    assert await segments(person) == NEW_SHOPPER


async def test_in_a_company_one_users_order_and_another_users_sign_in_make_recurring() -> None:
    known = await people.company()
    other = await people.colleague(known, "paul@alfki.example")
    person = await known.signed_in()
    await place_order(known)
    assert await segments(person) == NEW_COMPANY
    colleague = await other.signed_in()
    assert await segments(colleague) == RECURRING_COMPANY
    # The customer is recurring now, and with it all of its users, whichever session they are in.
    assert await segments(person) == RECURRING_COMPANY


async def test_a_colleague_who_was_signed_in_before_the_order_changes_nothing() -> None:
    known = await people.company()
    colleague = await (await people.colleague(known, "paul@alfki.example")).signed_in()
    await place_order(known)
    await colleague.get("/account")
    assert await segments(colleague) == NEW_COMPANY


async def test_orders_of_one_customer_change_no_other() -> None:
    known, other = await people.shopper(), await people.shopper("other@example.com")
    await place_order(known)
    await known.signed_in()
    assert await segments(await other.signed_in()) == NEW_SHOPPER


async def test_a_new_customer_type_brings_its_own_segment(association: None) -> None:
    assert "IG_AssociationCustomers" in {one.id for one in implicit_segments()}
    person = await visit("business")
    page = await person.get("/register/association")
    await person.fill(page, {**PERSON, "register_number": "VR 12345"})
    await DB.execute("UPDATE users SET email_verified_at = now()")
    await person.sign_in(PERSON["email"], PERSON["password"])
    new = {"IG_Everyone", "IG_RegisteredUsers", "IG_AssociationCustomers", "IG_NewUsers"}
    assert await segments(person) == new
    await DB.execute("UPDATE customers SET first_order_at = now() - interval '1 day'")
    await person.post("/sign-out")
    await person.sign_in(PERSON["email"], PERSON["password"])
    assert await segments(person) == new - {"IG_NewUsers"} | {"IG_RecurringUsers"}


async def test_who_buys_for_two_companies_makes_each_recurring_by_a_sign_in_after_its_order_and_a_switch() -> (
    None
):
    older = await people.company()
    newer = await people.company("horst@quick.example", company_name="QUICK-Stop")
    await member_too(older, newer)
    person = await older.signed_in()
    await person.post("/switch-customer", {"customer": newer.number})
    await place_order(newer)
    # The session in which it was placed: coming back within it changes nothing.
    assert await segments(person) == NEW_COMPANY
    await person.post("/switch-customer", {"customer": older.number})
    await person.post("/switch-customer", {"customer": newer.number})
    assert await segments(person) == NEW_COMPANY
    person = await older.signed_in()
    # The sign-in itself was for the other company, which has ordered nothing.
    assert await segments(person) == NEW_COMPANY
    await person.post("/switch-customer", {"customer": newer.number})
    assert await segments(person) == RECURRING_COMPANY
    await person.post("/switch-customer", {"customer": older.number})
    assert await segments(person) == NEW_COMPANY
    since = await DB.fetch(
        "SELECT company_name, recurring_since FROM customers c JOIN companies ON customer = c.id"
    )
    assert {one["company_name"]: one["recurring_since"] is not None for one in since} == {
        "Alfreds Futterkiste": False,
        "QUICK-Stop": True,
    }


async def test_a_switch_that_is_refused_makes_nobody_recurring() -> None:
    known, other = (
        await people.company(),
        await people.company("horst@quick.example", company_name="QUICK-Stop"),
    )
    await place_order(other)
    person = await known.signed_in()
    await person.post("/switch-customer", {"customer": other.number})
    assert await DB.fetch_value("SELECT count(*) FROM customers WHERE recurring_since IS NOT NULL") == 0
