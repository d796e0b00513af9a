"""Staff members in the back office: who may do what, and who says so (domain.md 15)."""

import asyncio

import pytest

from app.back_office.privileges import ALL_PRIVILEGES
from tables.engine import DB
from tests import people
from tests.back_office.selling_cast import send
from tests.browser_like import Person, mails, visit
from tests.customers.belonging import member_too
from tests.people import Known

pytestmark = pytest.mark.usefixtures("database")

ALL = [one.value for one in ALL_PRIVILEGES]


async def page_of(known: Known) -> str:
    member = await DB.fetch_value('SELECT id FROM staff_members WHERE "user" = $1', known.user_id)
    return f"/staff/{member}"


async def privileges_of(known: Known) -> set[str]:
    return set(await DB.fetch_value('SELECT privileges FROM staff_members WHERE "user" = $1', known.user_id))


async def is_active(known: Known) -> bool:
    found: bool = await DB.fetch_value('SELECT is_active FROM staff_members WHERE "user" = $1', known.user_id)
    return found


async def test_a_new_staff_member_chooses_a_password_by_mail(staff: Person) -> None:
    fields = {
        "first_name": "Anna",
        "last_name": "Ahorn",
        "email": "anna@example.com",
        "login": "anna",
        "preferred_language": "de",
        "privileges": ["orders", "mail"],
    }
    page = await send(staff, "/staff/new", fields)
    assert "Anna Ahorn is added and gets a mail to choose a password." in page.main
    assert "Price lists" not in page.main
    (mail,) = await mails("staff_welcome")
    assert (mail.to, mail.language) == ("anna@example.com", "de")
    person = await visit("back-office")
    await person.fill(await person.get(mail.link), {"password": "a desk with a green lamp"})
    assert (await person.sign_in("anna", "a desk with a green lamp")).status == 200
    assert (await person.get("/orders")).status == 200
    assert (await person.get("/customers")).status == 403
    page = await send(staff, "/staff/new", {**fields, "email": "x"})
    assert set(page.errors) == {"email"}
    page = await send(staff, "/staff/new", {**fields, "login": "ANNA"})
    assert page.errors == {"login": "Another user has this login."}
    page = await send(staff, "/staff/new", {**fields, "login": "b", "privileges": []})
    assert set(page.errors) == {"privileges"}


async def test_privileges_are_changed_and_whoever_loses_one_is_signed_out(staff: Person) -> None:
    known = await people.staff_member("second@example.com", ("orders", "mail"))
    person = await known.signed_in()
    page = await send(staff, await page_of(known), {"privileges": ["orders", "mail", "audit"]})
    assert "The privileges are changed." in page.main
    assert (await person.get("/audit")).status == 200
    await send(staff, await page_of(known), {"privileges": ["orders"]})
    assert (await person.get("/orders")).path.startswith("/back-office/sign-in")
    assert await privileges_of(known) == {"orders"}
    page = await send(staff, await page_of(known), {"privileges": ["orders"]})
    assert "Nothing has changed." in page.main
    actions = await DB.fetch("SELECT action FROM audit_entries WHERE user_id = $1", known.user_id)
    assert [row["action"] for row in actions].count("privileges changed") == 2


async def test_nobody_grants_more_than_they_have() -> None:
    known = await people.staff_member("keeper@example.com", ("staff", "mail"))
    other = await people.staff_member("other@example.com", ("mail",))
    await people.staff_member("all@example.com")
    person = await known.signed_in()
    for path in (await page_of(known), await page_of(other)):
        page = await person.get(path)
        assert "Price lists" not in page.main
        page = await person.post(
            path, {"privileges": ["staff", "mail", "prices"], "version": page.typed("version")}
        )
        assert page.status == 422
        assert page.errors == {"privileges": "You cannot grant what you may not do yourself: Price lists."}
    page = await person.get("/staff/new")
    fields = {"first_name": "A", "last_name": "B", "email": "a@example.com", "login": "a"}
    page = await person.fill(page, {**fields, "privileges": ALL})
    assert "You cannot grant" in page.errors["privileges"]
    assert await DB.fetch_value("SELECT count(*) FROM staff_members") == 3
    # Nor are privileges brought back by enabling somebody.
    strong = await people.staff_member("strong@example.com", ("prices",))
    await DB.execute('UPDATE staff_members SET is_active = false WHERE "user" = $1', strong.user_id)
    page = await person.get(await page_of(strong))
    page = await person.post(f"{await page_of(strong)}/enable", {"version": page.typed("version")})
    assert "You cannot grant" in page.main
    assert not await is_active(strong)


async def test_nobody_takes_their_own_right() -> None:
    known = await people.staff_member()
    await people.staff_member("second@example.com")
    person = await known.signed_in()
    path = await page_of(known)
    page = await person.get(path)
    version = page.typed("version")
    page = await person.fill(page, {"privileges": ["mail"]})
    assert page.status == 422
    assert "You cannot take this from yourself." in page.errors["privileges"]
    page = await person.post(f"{path}/disable", {"version": version})
    assert "You cannot take this from yourself." in page.main
    assert await privileges_of(known) == set(ALL)
    assert await is_active(known)


async def test_there_is_always_somebody_with_all_privileges(staff: Person) -> None:
    keeper = await (await people.staff_member("keeper@example.com", ("staff",))).signed_in()
    (page,) = [
        await keeper.get(f"/staff/{row['id']}")
        for row in await DB.fetch("SELECT id FROM staff_members WHERE 'mail' = ANY(privileges)")
    ]
    path = page.path.removeprefix("/back-office")
    shown = await keeper.fill(page, {"privileges": ["mail", "staff"]}, form="privileges")
    assert shown.errors == {"privileges": "There must always be an active staff member with all privileges."}
    shown = await keeper.post(f"{path}/disable", {"version": page.typed("version")})
    assert "There must always be" in shown.main
    assert await DB.fetch_value("SELECT bool_and(is_active) FROM staff_members")


async def test_two_who_disable_each_other_at_once_leave_one() -> None:
    one, other = await people.staff_member(), await people.staff_member("second@example.com")
    mine, theirs = await one.signed_in(), await other.signed_in()
    path_of_one, path_of_other = await page_of(one), await page_of(other)
    version = (await mine.get(path_of_other)).typed("version")
    await theirs.get(path_of_one)
    await asyncio.gather(
        mine.post(f"{path_of_other}/disable", {"version": version}),
        theirs.post(f"{path_of_one}/disable", {"version": version}),
    )
    assert await DB.fetch_value("SELECT count(*) FROM staff_members WHERE is_active") == 1


async def test_a_disabled_staff_member_is_out_at_once_and_may_come_back_by_mail(staff: Person) -> None:
    known = await people.staff_member("second@example.com", ("mail",))
    person = await known.signed_in()
    path = await page_of(known)
    page = await staff.get(path)
    page = await staff.post(f"{path}/disable", {"version": page.typed("version")})
    assert "is disabled and signed out." in page.main
    assert (await person.get("/mail")).path.startswith("/back-office/sign-in")
    assert (await person.sign_in(known.login, known.password)).status == 403
    page = await staff.post(f"{path}/password-mail")
    assert "There is no enabled user" in page.main
    page = await staff.post(f"{path}/enable", {"version": (await staff.get(path)).typed("version")})
    assert "is enabled and gets a mail to choose a password." in page.main
    assert [one.to for one in await mails("choose_password")] == ["second@example.com"]
    page = await staff.post(f"{path}/password-mail")
    assert "A password mail goes to" in page.main
    assert (await person.sign_in(known.login, known.password)).status == 200


async def test_of_two_who_change_privileges_the_slower_sees_both_versions(staff: Person) -> None:
    known = await people.staff_member("second@example.com", ("mail",))
    path = await page_of(known)
    page = await staff.get(path)
    await send(staff, path, {"privileges": ["mail", "audit"]})
    page = await staff.fill(page, {"privileges": ["mail", "orders"]})
    assert page.status == 409
    assert page.errors["privileges"] == "Stored now: Audit log, Mails"
    assert await privileges_of(known) == {"mail", "audit"}
    page = await staff.post(f"{path}/disable", {"version": "old"})
    assert "Please decide anew." in page.main
    assert await is_active(known)


async def test_the_pages_are_for_those_who_look_after_staff() -> None:
    known = await people.staff_member(privileges=tuple(one for one in ALL if one != "staff"))
    person = await known.signed_in()
    for path in ("/staff", "/staff/new", await page_of(known)):
        assert (await person.get(path)).status == 403
    for verb in ("", "/disable", "/enable", "/password-mail"):
        assert (await person.post(f"{await page_of(known)}{verb}")).status == 403
    keeper = await (await people.staff_member("k@example.com", ("staff",))).signed_in()
    for path in ("/staff/00000000-0000-7000-8000-000000000000", "/staff/nobody"):
        assert (await keeper.get(path)).status == 404


async def test_disabling_a_user_everywhere_leaves_somebody_with_all_privileges(database: str) -> None:
    company, last = await people.company(), await people.staff_member()
    await member_too(last, company)
    clerk = await (await people.staff_member("clerk@example.com", ("customers",))).signed_in()
    path = f"/customers/{company.number}/users/{last.user_id}/disable"
    page = await clerk.post(path)
    assert page.status == 422
    assert "There must always be an active staff member with all privileges." in page.main
    await last.signed_in()
    assert not await DB.fetch_value("SELECT count(*) FROM audit_entries WHERE action = 'user disabled'")
    await people.staff_member("second@example.com")
    page = await clerk.post(path)
    assert "is disabled and signed out." in page.main


async def test_who_is_disabled_everywhere_is_let_in_at_their_customer_first(staff: Person) -> None:
    company, known = await people.company(), await people.staff_member("second@example.com", ("mail",))
    await member_too(known, company)
    path = f"/customers/{company.number}/users/{known.user_id}"
    await staff.post(f"{path}/disable")
    member = await page_of(known)
    page = await staff.post(f"{member}/enable", {"version": (await staff.get(member)).typed("version")})
    assert "This person is disabled everywhere." in page.main
    await staff.post(f"{path}/enable")
    await known.signed_in()


async def test_a_user_without_all_privileges_is_disabled_everywhere_by_anybody(database: str) -> None:
    company = await people.company()
    clerk_known = await people.staff_member("clerk@example.com", ("customers",))
    await member_too(clerk_known, company)
    await people.colleague(company, "second@alfki.example", ("account_administrator",))
    clerk = await clerk_known.signed_in()
    page = await clerk.post(f"/customers/{company.number}/users/{company.user_id}/disable")
    assert "is disabled and signed out." in page.main


async def test_the_last_two_leave_one_however_they_are_kept_out(database: str) -> None:
    company = await people.company()
    one, other = await people.staff_member(), await people.staff_member("second@example.com")
    for known in (one, other):
        await member_too(known, company)
    keeper_known = await people.staff_member("keeper@example.com", ("staff", "customers"))
    keeper, clerk = await keeper_known.signed_in(), await keeper_known.signed_in()
    path = await page_of(other)
    version = (await keeper.get(path)).typed("version")
    await asyncio.gather(
        clerk.post(f"/customers/{company.number}/users/{one.user_id}/disable"),
        keeper.post(f"{path}/disable", {"version": version}),
    )
    left = await DB.fetch(
        """SELECT u.login FROM staff_members s JOIN users u ON u.id = s."user"
           WHERE s.is_active AND u.is_active AND 'mail' = ANY(s.privileges)"""
    )
    assert len(left) == 1


async def test_the_last_two_disabled_everywhere_at_once_leave_one(database: str) -> None:
    company = await people.company()
    last_two = [await people.staff_member(), await people.staff_member("second@example.com")]
    for known in last_two:
        await member_too(known, company)
    clerk_known = await people.staff_member("clerk@example.com", ("customers",))
    clerks = [await clerk_known.signed_in() for _one in last_two]
    pages = await asyncio.gather(
        *(
            clerk.post(f"/customers/{company.number}/users/{known.user_id}/disable")
            for clerk, known in zip(clerks, last_two, strict=True)
        )
    )
    assert sorted(page.status for page in pages) == [200, 422]


LONG_AGO = "UPDATE sessions SET authenticated_at = now() - interval '6 minutes'"


async def test_what_staff_members_may_do_changes_only_for_who_has_just_proved_who_they_are(
    staff: Person,
) -> None:
    known = await people.staff_member("paul@example.com", ("mail",))
    path = await page_of(known)
    at_hand = await staff.get(path)
    new = await staff.get("/staff/new")
    await DB.execute(LONG_AGO)
    person = {"first_name": "Eve", "last_name": "Elm", "email": "eve@example.com", "login": "eve"}
    added = await staff.fill(
        new, {**person, "preferred_language": "en", "privileges": ALL}, form="first_name", follow=False
    )
    changed = await staff.fill(at_hand, {"privileges": ALL}, form="privileges", follow=False)
    others = [await staff.post(path + what, {}, follow=False) for what in ("/branch", "/disable", "/enable")]
    for answer in (added, changed, *others):
        assert answer.status == 303
        assert "/back-office/sign-in/again" in answer.response.headers["location"]
    for page in (path, "/staff/new"):
        assert (await staff.get(page)).h1 == "Is it you?"
    assert await privileges_of(known) == {"mail"}
    assert await is_active(known)
    assert await DB.fetch_value("SELECT count(*) FROM users WHERE login = 'eve'") == 0
    assert (await staff.get("/staff")).h1 == "Staff members", "who may what can be looked at"


async def test_after_the_proof_the_page_of_the_staff_member_opens(staff: Person) -> None:
    known = await people.staff_member("paul@example.com", ("mail",))
    path = await page_of(known)
    await DB.execute(LONG_AGO)
    page = await staff.fill(await staff.get(path), {"password": people.PASSWORD})
    assert page.path == f"/back-office{path}"
    await staff.fill(page, {"privileges": ["mail", "orders"]}, form="privileges")
    assert await privileges_of(known) == {"mail", "orders"}
