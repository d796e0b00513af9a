"""Former users: staff move them to another customer, or put a removal right, until they are deleted (domain.md 2, 9)."""

import asyncio

import pytest

from app.customers.departures import delete_former_users
from app.organisations.tree import create_organisation, put_customer_into
from tables.engine import DB
from tests import people
from tests.back_office.test_merge_customers import merged, undone
from tests.browser_like import Person, SeenPage, mails, visit
from tests.company_users.managing import actions, own_role, press
from tests.customers.belonging import address, asked, basket, member_too, ordered, template, values
from tests.people import Known
from tests.registration.filling_in import PERSON

pytestmark = pytest.mark.usefixtures("database")


async def other_company(email: str = "o@other.example") -> Known:
    return await people.company(email, company_name="Other Ltd")


async def with_buyer(email: str = "buyer@alfki.example") -> tuple[Known, Known]:
    company = await people.company()
    return company, await people.colleague(company, email)


async def removed(company: Known, who: Known) -> None:
    page = await press(await company.signed_in(), who, "/remove")
    assert "is removed" in page.text, page.text[:300]


async def put_back(staff: Person, who: Known) -> SeenPage:
    page = await staff.get(f"/users/{who.user_id}/move")
    form = next(one for one in page.tree.iterfind(".//form") if "Put back to" in "".join(one.itertext()))
    sent = {one.get("name"): one.get("value") for one in form.iterfind(".//input")}
    return await staff.post(f"/users/{who.user_id}/move", sent)


async def brought(staff: Person, who: Known, company: Known, to: Known, **fields: object) -> SeenPage:
    page = await staff.get(f"/users/{who.user_id}/move?leaves={company.number}")
    assert page.status == 200, page.text[:300]
    return await staff.fill(page, {"customer": to.number, **fields}, form="roles")


async def test_staff_see_who_was_removed_when_and_by_whom(staff: Person) -> None:
    company, buyer = await with_buyer()
    assert "Former users" not in (await staff.get(f"/customers/{company.number}/users")).main
    await removed(company, buyer)
    page = await staff.get(f"/customers/{company.number}/users")
    former = page.main.partition("Former users")[2]
    for said in (buyer.email, "Maria Anders", "Bring back"):
        assert said in former
    assert f"/back-office/users/{buyer.user_id}/move?leaves={company.number}" in page.links
    other = await other_company()
    assert "Former users" not in (await staff.get(f"/customers/{other.number}/users")).main


async def test_nowhere_else_is_somebody_found_who_was_removed(staff: Person) -> None:
    company, buyer = await with_buyer()
    await removed(company, buyer)
    assert company.number not in (await staff.get(f"/customers?q={buyer.email}")).main
    assert buyer.email not in (await (await company.signed_in()).get("/account/users")).main
    assert await values("SELECT count(*) FROM listed_members") == [1]


async def test_who_was_removed_is_moved_and_everything_of_theirs_follows(staff: Person) -> None:
    (company, buyer), other = await with_buyer(), await other_company()
    await ordered(buyer, "O-1")
    await ordered(company, "O-2")
    await asked(buyer, "R-1")
    await template(buyer, "Mine")
    await template(buyer, "Ours", is_shared=True)
    await address(buyer, "Own street 1", is_personal=True)
    await basket(buyer)
    await removed(company, buyer)
    page = await brought(staff, buyer, company, other, roles=["approver"])
    assert "is moved, with 1 order." in page.text
    assert buyer.email in page.main
    assert "Former users" not in (await staff.get(f"/customers/{company.number}/users")).main
    found = await DB.fetch("SELECT number, customer FROM orders ORDER BY number")
    assert [row["customer"] for row in found] == [other.customer_id, company.customer_id]
    for table in ("requisitions", "addresses", "baskets", "memberships"):
        assert other.customer_id in await values(f"SELECT customer FROM {table}"), table
    assert await values("SELECT state FROM requisitions") == ["withdrawn"]
    assert await values(
        "SELECT street FROM addresses WHERE customer = $1 ORDER BY street", other.customer_id
    ) == [
        "Obere Str. 57",
        "Own street 1",
    ]
    assert await values('SELECT customer FROM order_templates WHERE "user" = $1', buyer.user_id) == [
        other.customer_id
    ]
    place = await DB.fetch_row('SELECT id, roles FROM memberships WHERE "user" = $1', buyer.user_id)
    assert place == {"id": buyer.membership_id, "roles": ["approver"]}
    browser = await buyer.signed_in()
    assert "O-1" in (await browser.get("/account/orders")).text
    assert "O-1" not in (await (await company.signed_in()).get("/account/orders")).text


async def test_who_is_moved_after_a_removal_is_told_and_may_choose_a_password(staff: Person) -> None:
    (company, buyer), other = await with_buyer(), await other_company()
    await ordered(buyer, "O-1")
    await removed(company, buyer)
    await brought(staff, buyer, company, other)
    assert [one.kind for one in await mails(to=buyer.email)] == [
        "member_removed",
        "user_moved",
        "choose_password",
    ]
    [mail] = await mails("choose_password")
    person = await visit("business")
    page = await person.get(mail.link)
    page = await person.fill(page, {"password": "a long walk by the sea"}, form="password")
    assert (await person.sign_in(buyer.login, "a long walk by the sea")).status == 200
    for one in (company, other):
        assert "user moved" in (await staff.get(f"/customers/{one.number}/history")).main


async def test_a_removal_by_mistake_is_put_right_as_if_it_had_never_been(staff: Person) -> None:
    company = await people.company()
    clerk = await own_role(company, "Clerk", "see_all_orders")
    buyer = await people.colleague(company, "buyer@alfki.example", roles=("buyer", clerk))
    await DB.execute(
        "UPDATE memberships SET order_limit = 5000, department = 'Kitchen', stand_in = $2 WHERE id = $1",
        buyer.membership_id,
        company.membership_id,
    )
    await ordered(buyer, "O-1")
    await asked(buyer, "R-1")
    await address(buyer, "Own street 1", is_personal=True)
    of_place = "SELECT id, customer, roles, order_limit, department, stand_in FROM memberships WHERE id = $1"
    of_user = "SELECT login, login_canonical, email, email_canonical, is_active, password_hash FROM users WHERE id = $1"
    before = await DB.fetch_row(of_place, buyer.membership_id), await DB.fetch_row(of_user, buyer.user_id)
    addresses = await DB.fetch("SELECT * FROM addresses ORDER BY id")
    requisitions = await DB.fetch("SELECT * FROM requisitions")
    await removed(company, buyer)
    page = await put_back(staff, buyer)
    assert "is a user of this customer again." in page.text
    assert before == (
        await DB.fetch_row(of_place, buyer.membership_id),
        await DB.fetch_row(of_user, buyer.user_id),
    )
    assert await DB.fetch("SELECT * FROM addresses ORDER BY id") == addresses
    assert await DB.fetch("SELECT * FROM requisitions") == requisitions
    assert "O-1" in (await (await buyer.signed_in()).get("/account/orders")).text
    assert buyer.email in (await (await company.signed_in()).get("/account/users")).main
    assert [one.kind for one in await mails(to=buyer.email)] == ["member_removed", "choose_password"]
    assert await actions(company) == ["member removed", "member put back"]


async def test_who_was_disabled_before_the_removal_still_is(staff: Person) -> None:
    company, buyer = await with_buyer()
    await DB.execute("UPDATE users SET is_active = false WHERE id = $1", buyer.user_id)
    await removed(company, buyer)
    await put_back(staff, buyer)
    assert await values("SELECT is_active FROM users WHERE id = $1", buyer.user_id) == [False]
    assert await mails("choose_password") == []


async def test_a_login_that_was_taken_since_is_not_given_back(staff: Person) -> None:
    (company, buyer), other = await with_buyer(), await other_company()
    await ordered(buyer, "O-1")
    await removed(company, buyer)
    page = await staff.get(f"/users/{buyer.user_id}/move")
    again = await people.shopper(buyer.email)
    page = await staff.fill(page, {"customer": other.number}, form="roles")
    assert page.status == 422
    assert f"registered with the login {buyer.email} since" in page.errors[""]
    assert await values("SELECT customer FROM orders") == [company.customer_id]
    assert await values("SELECT id FROM users WHERE login = $1", buyer.email) == [again.user_id]
    assert await mails("user_moved") == []


async def test_what_was_left_is_handed_over_to_the_account_that_has_the_login_now(staff: Person) -> None:
    (company, buyer), other = await with_buyer(), await other_company()
    await ordered(buyer, "O-1")
    await asked(buyer, "R-1")
    await template(buyer, "Mine")
    await address(buyer, "Own street 1", is_personal=True)
    await removed(company, buyer)
    again = await people.shopper(buyer.email, first_name="Bea", last_name="Again")
    page = await staff.get(f"/users/{buyer.user_id}/move")
    assert "Bea Again has registered with the login" in page.main
    page = await staff.post(page.form(action=f"/hand-over?leaves={company.number}").get("action"))
    assert f"belongs to the account {buyer.email} now" in page.text
    assert "In use elsewhere" in page.main
    for table in ("orders", "requisitions", "order_templates", "departures"):
        assert await values(f'SELECT "user" FROM {table}') == [again.user_id], table
    assert await values("SELECT id FROM users WHERE id = $1", buyer.user_id) == []
    assert "former user handed over" in (await staff.get(f"/customers/{company.number}/history")).main
    # From there they follow to another customer, as the place itself does.
    await brought(staff, again, company, other)
    assert await values("SELECT customer FROM orders") == [other.customer_id]
    assert await values("SELECT customer FROM addresses WHERE street = 'Own street 1'") == [other.customer_id]
    assert await values(
        'SELECT customer FROM memberships WHERE "user" = $1 ORDER BY created_at', again.user_id
    )


@pytest.mark.parametrize(
    "change",
    ["email_canonical = 'x@alfki.example'", "email_verified_at = NULL", "is_active = false"],
    ids=["another e-mail", "not confirmed", "disabled"],
)
async def test_nothing_is_handed_over_to_somebody_who_may_be_another_person(
    staff: Person, change: str
) -> None:
    company, buyer = await with_buyer()
    await ordered(buyer, "O-1")
    await removed(company, buyer)
    again = await people.shopper(buyer.email)
    await DB.execute(f"UPDATE users SET {change} WHERE id = $1", again.user_id)
    assert "hand-over" not in (await staff.get(f"/users/{buyer.user_id}/move")).html
    assert (await staff.post(f"/users/{buyer.user_id}/hand-over")).status == 409
    assert await values('SELECT "user" FROM orders') == [buyer.user_id]


async def test_handing_over_asks_staff_who_they_are(staff: Person) -> None:
    company, buyer = await with_buyer()
    await ordered(buyer, "O-1")
    await removed(company, buyer)
    again = await people.shopper(buyer.email)
    await DB.execute("UPDATE sessions SET authenticated_at = now() - interval '6 minutes'")
    page = await staff.post(f"/users/{buyer.user_id}/hand-over")
    assert page.h1 == "Is it you?"
    assert await values('SELECT "user" FROM orders') == [buyer.user_id]
    await staff.fill(page, {"password": again.password})
    await staff.post(f"/users/{buyer.user_id}/hand-over")
    assert await values('SELECT "user" FROM orders') == [again.user_id]


async def test_handing_over_twice_at_once_happens_once(staff: Person) -> None:
    company, buyer = await with_buyer()
    await ordered(buyer, "O-1")
    await removed(company, buyer)
    again = await people.shopper(buyer.email)
    answers = await asyncio.gather(*(staff.post(f"/users/{buyer.user_id}/hand-over") for _ in range(3)))
    assert [one.status for one in answers].count(200) == 1
    assert {one.status for one in answers} <= {200, 404, 409}
    assert await values('SELECT "user" FROM orders') == [again.user_id]
    assert (await actions(company)).count("former user handed over") == 1


async def test_who_has_other_customers_keeps_the_login_and_the_orders_can_follow(staff: Person) -> None:
    (company, buyer), other = await with_buyer(), await other_company()
    there = await member_too(buyer, other, ("viewer",))
    await ordered(buyer, "O-1")
    await removed(company, buyer)
    assert "In use elsewhere" in (await staff.get(f"/customers/{company.number}/users")).main
    await brought(staff, buyer, company, other)
    assert await values("SELECT customer FROM orders") == [other.customer_id]
    found = await DB.fetch('SELECT id, roles FROM memberships WHERE "user" = $1', buyer.user_id)
    assert [(row["id"], row["roles"]) for row in found] == [(there, ["viewer"])]
    assert [one.kind for one in await mails(to=buyer.email)] == ["member_removed", "user_moved"]


async def test_who_has_left_two_companies_has_the_login_back_by_either(staff: Person) -> None:
    (company, buyer), other, third = (
        await with_buyer(),
        await other_company(),
        await other_company("t@t.example"),
    )
    await member_too(buyer, other)
    await ordered(buyer, "O-1")
    await removed(company, buyer)
    await removed(other, buyer)
    await brought(staff, buyer, company, third)
    assert (await (await buyer.signed_in()).get("/account")).status == 200
    assert await values('SELECT customer FROM departures WHERE "user" = $1', buyer.user_id) == [
        other.customer_id
    ]
    assert await values("SELECT customer FROM orders") == [third.customer_id]


async def test_after_thirty_days_a_former_user_is_deleted_and_the_orders_stay(staff: Person) -> None:
    company, buyer = await with_buyer()
    await ordered(buyer, "O-1")
    await basket(buyer)
    await removed(company, buyer)
    kept = "SELECT extract(day FROM kept_until - removed_at)::int FROM departures"
    assert await values(kept) == [30]
    assert await delete_former_users() == 0
    await DB.execute("UPDATE departures SET kept_until = now()")
    assert (await staff.get(f"/users/{buyer.user_id}/move")).status == 404
    assert "Former users" not in (await staff.get(f"/customers/{company.number}/users")).main
    assert await delete_former_users() == 1
    for table in ("departures", "baskets"):
        assert await values(f"SELECT count(*) FROM {table}") == [0]
    assert await values("SELECT id FROM users WHERE id = $1", buyer.user_id) == []
    assert await values('SELECT "user" FROM orders WHERE customer = $1', company.customer_id) == [None]


async def test_who_has_other_customers_stays_after_thirty_days(staff: Person) -> None:
    (company, buyer), other = await with_buyer(), await other_company()
    await member_too(buyer, other)
    await removed(company, buyer)
    await DB.execute("UPDATE departures SET kept_until = now()")
    assert await delete_former_users() == 1
    assert (await (await buyer.signed_in()).get("/account")).status == 200


async def test_of_several_departures_the_last_one_decides_when_the_user_is_deleted() -> None:
    (company, buyer), other = await with_buyer(), await other_company()
    await member_too(buyer, other)
    await removed(company, buyer)
    await removed(other, buyer)
    await DB.execute("UPDATE departures SET kept_until = now() WHERE customer = $1", other.customer_id)
    assert await delete_former_users() == 0
    await DB.execute("UPDATE departures SET kept_until = now()")
    assert await delete_former_users() == 2
    assert await values("SELECT id FROM users WHERE id = $1", buyer.user_id) == []


async def test_former_users_go_with_a_customer_that_is_deleted(staff: Person) -> None:
    company, buyer = await with_buyer()
    await removed(company, buyer)
    page = await staff.get(f"/customers/{company.number}/delete")
    await staff.fill(page, {}, form="version")
    assert await values("SELECT id FROM users WHERE id = $1", buyer.user_id) == []


async def test_former_users_follow_when_customers_are_merged(staff: Person) -> None:
    (company, buyer), other = await with_buyer(), await other_company()
    await removed(company, buyer)
    await merged(staff, other, company)
    assert await values("SELECT customer FROM departures") == [other.customer_id]
    await put_back(staff, buyer)
    assert await values('SELECT customer FROM memberships WHERE "user" = $1', buyer.user_id) == [
        other.customer_id
    ]


async def test_undoing_a_merge_brings_nobody_back_who_was_removed_since(staff: Person) -> None:
    (company, buyer), other = await with_buyer(), await other_company()
    await member_too(buyer, other)
    await merged(staff, company, other)
    await removed(company, buyer)
    assert "The merge is undone" in (await undone(staff, company)).text
    assert await values('SELECT customer FROM memberships WHERE "user" = $1', buyer.user_id) == []
    await put_back(staff, buyer)
    assert (await (await buyer.signed_in()).get("/account")).status == 200


async def test_two_who_move_a_former_user_at_once_move_them_once(staff: Person) -> None:
    company, buyer = await with_buyer()
    one, two = await other_company(), await other_company("t@two.example")
    await ordered(buyer, "O-1")
    await removed(company, buyer)
    page = await staff.get(f"/users/{buyer.user_id}/move")
    answers = await asyncio.gather(
        *(staff.fill(page, {"customer": to.number, "roles": ["buyer"]}, form="roles") for to in (one, two))
    )
    assert sorted(answer.status for answer in answers) == [200, 409]
    places = await values('SELECT customer FROM memberships WHERE "user" = $1', buyer.user_id)
    assert places == await values("SELECT customer FROM orders")
    assert len(await mails("user_moved")) == 1


async def test_a_former_user_who_is_moved_while_the_time_runs_out_is_moved_or_deleted(staff: Person) -> None:
    (company, buyer), other = await with_buyer(), await other_company()
    await ordered(buyer, "O-1")
    await removed(company, buyer)
    page = await staff.get(f"/users/{buyer.user_id}/move")
    await DB.execute("UPDATE departures SET kept_until = now() + interval '150 milliseconds'")

    async def deleted() -> None:
        for _ in range(20):
            await delete_former_users()
            await asyncio.sleep(0.02)

    answer, _ = await asyncio.gather(
        staff.fill(page, {"customer": other.number, "roles": ["buyer"]}, form="roles"), deleted()
    )
    users = await values("SELECT login FROM users WHERE id = $1", buyer.user_id)
    if answer.status == 200:
        assert users == [buyer.login]
        assert await values("SELECT customer FROM orders") == [other.customer_id]
    else:
        assert (answer.status, users) == (404, [])
        assert await values("SELECT customer FROM orders") == [company.customer_id]


async def test_who_registers_while_the_login_is_given_back_gets_it_or_does_not(staff: Person) -> None:
    (company, buyer), other = await with_buyer(), await other_company()
    await removed(company, buyer)
    page = await staff.get(f"/users/{buyer.user_id}/move")
    person = await visit("shop")
    form = await person.get("/register")
    answer, _registered = await asyncio.gather(
        staff.fill(page, {"customer": other.number, "roles": ["buyer"]}, form="roles"),
        person.fill(form, {**PERSON, "email": buyer.email}, form="email"),
    )
    [owner] = await values("SELECT id FROM users WHERE login_canonical = $1", buyer.login)
    assert (answer.status, owner == buyer.user_id) in ((200, True), (422, False))


async def test_who_is_limited_to_a_branch_moves_former_users_of_it_only() -> None:
    (company, buyer), other = await with_buyer(), await other_company()
    clerk = await people.colleague(other, "clerk@other.example")
    await removed(company, buyer)
    await removed(other, clerk)
    north = await create_organisation("North")
    await put_customer_into(company.customer_id, north)
    person = await (await people.staff_member("north@example.com", branch=north)).signed_in()
    assert (await person.get(f"/users/{buyer.user_id}/move")).status == 200
    assert (await person.get(f"/users/{clerk.user_id}/move")).status == 404
