"""Moving a user with their orders to another customer (domain.md 2, 9)."""

import asyncio
import uuid

import pytest

from app.customers.moved_rows import FOLLOWS, STAYS
from app.customers.permissions import Permission
from app.organisations.tree import create_organisation, put_customer_into
from tables.engine import DB
from tests import people
from tests.browser_like import Person, SeenPage, mails, visit
from tests.company_users.managing import own_role, press
from tests.customers.belonging import (
    address,
    asked,
    basket,
    links_to_people,
    member_too,
    ordered,
    template,
    values,
)
from tests.people import Known

pytestmark = pytest.mark.usefixtures("database")

LONG_AGO = "UPDATE sessions SET authenticated_at = now() - interval '6 minutes'"


async def other_company(email: str = "o@other.example") -> Known:
    return await people.company(email, company_name="Other Ltd")


async def moved(staff: Person, who: Known, to: str, **fields: object) -> SeenPage:
    page = await staff.get(f"/users/{who.user_id}/move")
    assert page.status == 200, page.text[:300]
    return await staff.fill(page, {"customer": to, **fields}, form="customer")


async def test_moving_knows_every_column_that_points_to_people() -> None:
    known = set(FOLLOWS) | set(STAYS)
    assert await links_to_people() - known == set(), (
        "say in app/customers/moved_rows.py whether the rows go along"
    )
    assert known - await links_to_people() == set()
    assert not set(FOLLOWS) & set(STAYS)
    assert all(STAYS.values())


async def test_a_moved_user_takes_orders_and_all_of_their_own_along(staff: Person) -> None:
    company, other = await people.company(), await other_company()
    buyer = await people.colleague(company, "buyer@alfki.example")
    await ordered(buyer, "O-1")
    await ordered(company, "O-2")
    await asked(buyer, "R-1")
    await asked(buyer, "R-2", "expired")
    await template(buyer, "Mine")
    await template(buyer, "Ours", is_shared=True)
    await address(buyer, "Own street 1", is_personal=True)
    await basket(buyer)
    browser = await buyer.signed_in()
    page = await moved(staff, buyer, other.number, roles=["buyer"])
    assert page.path == f"/customers/{other.number}/users" or other.number in str(page.html)
    assert "is moved, with 1 order." in page.text
    found = await DB.fetch("SELECT number, customer FROM orders ORDER BY number")
    assert [row["customer"] for row in found] == [other.customer_id, company.customer_id]
    found = await DB.fetch("SELECT state, customer FROM requisitions ORDER BY number")
    assert [(row["state"], row["customer"]) for row in found] == [
        ("withdrawn", other.customer_id),
        ("expired", other.customer_id),
    ]
    found = await DB.fetch('SELECT customer, "user" FROM order_templates ORDER BY name')
    assert [tuple(row.values()) for row in found] == [
        (other.customer_id, buyer.user_id),
        (company.customer_id, None),
    ]
    assert await values("SELECT customer FROM addresses WHERE street = 'Own street 1'") == [other.customer_id]
    assert await values("SELECT customer FROM baskets") == [other.customer_id]
    # The person is signed out, signs in anew and acts for the new company.
    assert "Sign in" in (await browser.get("/account")).text
    browser = await buyer.signed_in()
    assert "O-1" in (await browser.get("/account/orders")).text


async def test_both_companies_histories_tell_of_the_move(staff: Person) -> None:
    company, other = await people.company(), await other_company()
    buyer = await people.colleague(company, "buyer@alfki.example")
    await moved(staff, buyer, other.number)
    for one in (company, other):
        assert "user moved" in (await staff.get(f"/customers/{one.number}/history")).main


async def test_the_last_users_place_or_the_customer_too(staff: Person) -> None:
    company, other = await people.company(), await other_company()
    await ordered(company, "O-1")
    page = await moved(staff, company, other.number)
    assert page.status == 422
    assert "last_user" in page.errors
    page = await staff.fill(page, {"customer": other.number, "last_user": "delete"}, form="customer")
    assert f"Customer {company.number} is deleted." in page.text
    assert await values("SELECT customer FROM orders") == [other.customer_id]
    assert (await staff.get(f"/customers/{company.number}")).status == 404


async def test_a_customer_stays_without_users_when_staff_say_so(staff: Person) -> None:
    company, other = await people.company(), await other_company()
    await moved(staff, company, other.number, last_user="keep")
    assert "This customer has no users." in (await staff.get(f"/customers/{company.number}/users")).text


async def test_a_customer_with_orders_of_others_is_not_deleted_with_its_last_user(staff: Person) -> None:
    company, other = await people.company(), await other_company()
    await ordered(company, "O-1")
    await DB.execute('UPDATE orders SET "user" = NULL')
    page = await moved(staff, company, other.number, last_user="delete")
    assert page.status == 422
    assert "orders of other people" in page.errors["last_user"]
    assert await values("SELECT customer FROM memberships WHERE id = $1", company.membership_id) == [
        company.customer_id
    ]


async def test_a_company_whose_last_administrator_moves_gets_another_one(staff: Person) -> None:
    company, other = await people.company(), await other_company()
    buyer = await people.colleague(company, "buyer@alfki.example")
    page = await moved(staff, company, other.number)
    assert page.status == 422
    assert "administrator" in page.errors
    page = await staff.fill(
        page, {"customer": other.number, "administrator": str(buyer.user_id)}, form="customer"
    )
    assert "is moved" in page.text
    assert await values("SELECT roles FROM memberships WHERE id = $1", buyer.membership_id) == [
        ["buyer", "account_administrator"]
    ]


async def test_roles_of_a_company_that_together_give_everything_make_an_administrator_too(
    staff: Person,
) -> None:
    company, other = await people.company(), await other_company()
    buyer = await people.colleague(company, "buyer@alfki.example")
    *most, last = (one.value for one in Permission)
    together = [await own_role(company, "Most", *most), await own_role(company, "The rest", last)]
    await DB.execute("UPDATE memberships SET roles = $2 WHERE id = $1", company.membership_id, together)
    page = await moved(staff, company, other.number)
    assert "administrator" in page.errors, "nobody else can do everything"
    await DB.execute("UPDATE memberships SET roles = $2 WHERE id = $1", buyer.membership_id, together)
    assert "is moved" in (await moved(staff, company, other.number)).text


async def test_an_individuals_user_cannot_be_moved_and_nobody_moves_to_an_individual(staff: Person) -> None:
    shopper, company = await people.shopper(), await people.company()
    assert (await staff.get(f"/users/{shopper.user_id}/move")).status == 404
    assert (await staff.post(f"/users/{shopper.user_id}/move", {"customer": company.number})).status == 404
    assert (await staff.get(f"/users/{uuid.uuid4()}/move")).status == 404
    buyer = await people.colleague(company, "buyer@alfki.example")
    for number, words in (
        (shopper.number, "exactly one user"),
        ("nobody", "no customer with this number"),
        (company.number, "already"),
    ):
        page = await moved(staff, buyer, number)
        assert page.status == 422
        assert words in page.errors["customer"]


async def preferred_by(known: Known, of: Known) -> list[object]:
    """Streets of the addresses that somebody prefers for themselves: for invoices, for deliveries."""
    row = await DB.fetch_row(
        """SELECT b.street AS billing, s.street AS shipping, m.preferred_billing, m.preferred_shipping
           FROM memberships m LEFT JOIN addresses b ON b.id = m.preferred_billing
           LEFT JOIN addresses s ON s.id = m.preferred_shipping WHERE m."user" = $1 AND m.customer = $2""",
        known.user_id,
        of.customer_id,
    )
    assert row is not None
    return [row["billing"] or row["preferred_billing"], row["shipping"] or row["preferred_shipping"]]


async def prefer(person: Person, street: str, kind: str) -> None:
    (key,) = await values("SELECT id FROM addresses WHERE street = $1", street)
    assert (await person.post(f"/account/addresses/{key}/prefer", {"kind": kind})).status == 200


async def buyer_who_prefers(company: Known) -> Known:
    """A buyer with an address of their own for deliveries, and one of the company's for invoices."""
    buyer = await people.colleague(company, "buyer@alfki.example")
    await address(company, "Company road 9")
    await address(buyer, "Own street 1", is_personal=True)
    person = await buyer.signed_in()
    await prefer(person, "Company road 9", "billing")
    await prefer(person, "Own street 1", "shipping")
    assert await preferred_by(buyer, company) == ["Company road 9", "Own street 1"]
    return buyer


async def test_a_moved_user_prefers_their_own_addresses_still_and_none_of_the_old_company(
    staff: Person,
) -> None:
    company, other = await people.company(), await other_company()
    buyer = await buyer_who_prefers(company)
    await moved(staff, buyer, other.number, roles=["buyer"])
    assert await preferred_by(buyer, other) == [None, "Own street 1"]
    await moved(staff, buyer, company.number, roles=["buyer"])
    assert await preferred_by(buyer, company) == [None, "Own street 1"]


async def test_who_was_removed_prefers_what_they_did_when_put_back_and_nothing_of_it_when_moved_elsewhere(
    staff: Person,
) -> None:
    company, other = await people.company(), await other_company()
    buyer = await buyer_who_prefers(company)
    admin = await company.signed_in()
    await press(admin, buyer, "/remove")
    page = await staff.get(f"/users/{buyer.user_id}/move")
    form = next(one for one in page.tree.iterfind(".//form") if "Put back to" in one.text_content())
    sent = {one.get("name"): one.get("value") for one in form.iterfind(".//input")}
    await staff.post(f"/users/{buyer.user_id}/move", sent)
    assert await preferred_by(buyer, company) == ["Company road 9", "Own street 1"]
    await press(admin, buyer, "/remove")
    page = await staff.get(f"/users/{buyer.user_id}/move?leaves={company.number}")
    await staff.fill(page, {"customer": other.number, "roles": ["buyer"]}, form="roles")
    assert await preferred_by(buyer, other) == [None, "Own street 1"]


async def test_who_is_there_already_keeps_their_roles_there(staff: Person) -> None:
    company, other = await people.company(), await other_company()
    buyer = await people.colleague(company, "buyer@alfki.example")
    there = await member_too(buyer, other, ("viewer",))
    await ordered(buyer, "O-1")
    await asked(buyer, "R-1", "expired")
    await address(buyer, "Own street 1", is_personal=True)
    page = await staff.get(f"/users/{buyer.user_id}/move")
    assert {company.number, other.number} <= {
        link.partition("leaves=")[2] for link in page.links if "leaves=" in link
    }
    page = await staff.get(f"/users/{buyer.user_id}/move?leaves={company.number}")
    await staff.fill(page, {"customer": other.number, "roles": ["account_administrator"]}, form="customer")
    found = await DB.fetch('SELECT id, roles FROM memberships WHERE "user" = $1', buyer.user_id)
    assert [(row["id"], row["roles"]) for row in found] == [(there, ["viewer"])]
    for table in ("addresses", "requisitions"):
        assert there in await values(f"SELECT membership FROM {table} WHERE customer = $1", other.customer_id)


async def test_two_moves_at_once_move_once(staff: Person) -> None:
    company, one, two = await people.company(), await other_company(), await other_company("t@two.example")
    buyer = await people.colleague(company, "buyer@alfki.example")
    await ordered(buyer, "O-1")
    page = await staff.get(f"/users/{buyer.user_id}/move")
    answers = await asyncio.gather(
        *(staff.fill(page, {"customer": to.number, "roles": ["buyer"]}, form="customer") for to in (one, two))
    )
    assert sorted(answer.status for answer in answers) == [200, 409]
    places = await values('SELECT customer FROM memberships WHERE "user" = $1', buyer.user_id)
    assert places == await values("SELECT customer FROM orders")


async def test_moving_is_for_staff_who_look_after_customers() -> None:
    company = await people.company()
    person = await (await people.staff_member(privileges=("orders",))).signed_in()
    assert (await person.get(f"/users/{company.user_id}/move")).status == 403


async def test_moving_gives_roles_so_that_staff_prove_anew_who_they_are(staff: Person) -> None:
    company, other = await people.company(), await other_company()
    buyer = await people.colleague(company, "buyer@alfki.example")
    page = await staff.get(f"/users/{buyer.user_id}/move")
    await DB.execute(LONG_AGO)
    roles = {"customer": other.number, "roles": ["account_administrator"]}
    assert (await staff.fill(page, roles, form="customer")).h1 == "Is it you?"
    assert await values('SELECT customer FROM memberships WHERE "user" = $1', buyer.user_id) == [
        company.customer_id
    ]
    page = await staff.get(f"/users/{buyer.user_id}/move")
    assert page.h1 == "Is it you?", "asked before anything is typed"
    page = await staff.fill(page, {"password": buyer.password})
    assert page.path.endswith(f"/users/{buyer.user_id}/move")
    await staff.fill(page, roles, form="customer")
    assert await values('SELECT customer FROM memberships WHERE "user" = $1', buyer.user_id) == [
        other.customer_id
    ]


async def test_nobody_moves_out_of_or_into_another_branch(staff: Person) -> None:
    company, other = await people.company(), await other_company()
    buyer = await people.colleague(company, "buyer@alfki.example")
    north = await create_organisation("North")
    await put_customer_into(company.customer_id, north)
    person = await (await people.staff_member("north@example.com", branch=north)).signed_in()
    assert (await person.get(f"/users/{other.user_id}/move")).status == 404
    page = await moved(person, buyer, other.number)
    assert page.status == 422
    assert "no customer with this number" in page.errors["customer"]


@pytest.mark.parametrize("language", ["en", "de"])
async def test_a_moved_user_is_told_by_mail_for_whom_they_act_now(staff: Person, language: str) -> None:
    company, other = await people.company(), await other_company()
    buyer = await people.colleague(company, "buyer@alfki.example")
    await DB.execute("UPDATE users SET preferred_language = $2 WHERE id = $1", buyer.user_id, language)
    await ordered(buyer, "O-1")
    await moved(staff, buyer, other.number, roles=["buyer"])
    [mail] = await mails("user_moved")
    assert (mail.to, mail.language) == (buyer.email, language)
    assert "Other Ltd" in mail.subject
    words = {
        "en": ("Alfreds Futterkiste", "has moved with you"),
        "de": ("Alfreds Futterkiste", "mit umgezogen"),
    }
    for said in words[language]:
        assert said in mail.text
        assert said in mail.html
    person = await visit("business")
    page = await person.get(mail.link)
    page = await person.fill(page, {"login": buyer.login, "password": buyer.password})
    assert "Other Ltd" in page.text


async def test_who_cannot_sign_in_is_not_told_of_a_move_nor_is_anybody_of_one_that_was_refused(
    staff: Person,
) -> None:
    company, other = await people.company(), await other_company()
    buyer = await people.colleague(company, "buyer@alfki.example")
    await moved(staff, buyer, "NOBODY", roles=["buyer"])
    assert await mails("user_moved") == []
    await DB.execute("UPDATE users SET is_active = false WHERE id = $1", buyer.user_id)
    await moved(staff, buyer, other.number, roles=["buyer"])
    assert await DB.fetch_value("SELECT customer FROM memberships WHERE id = $1", buyer.membership_id) == (
        other.customer_id
    )
    assert await mails("user_moved") == []
