"""A customer's page and what staff do there."""

import asyncio
import uuid

import pytest

from tables.engine import DB
from tests import people
from tests.browser_like import Person, mails, visit
from tests.people import Known

pytestmark = pytest.mark.usefixtures("database")


async def stored(known: Known) -> dict[str, object]:
    row = await DB.fetch_row("SELECT * FROM customers WHERE id = $1", known.customer_id)
    assert row is not None
    return row


async def test_it_shows_all_about_a_company(staff: Person) -> None:
    known = await people.company()
    await people.colleague(known, "paul@alfki.example")
    page = await staff.get(f"/customers/{known.number}")
    assert page.h1 == "Alfreds Futterkiste"
    for text in (known.number, "Approved", "Active", "Company name"):
        assert text in page.main
    # Whom staff write to or call before they decide: the first user, and the address.
    for text in ("Maria Anders", known.email, "Verified", "Obere Str. 57"):
        assert text in page.main
    assert "paul@alfki.example" not in page.main
    users = await staff.get(f"/customers/{known.number}/users")
    for text in (known.email, "paul@alfki.example"):
        assert text in users.main
    assert "Obere Str. 57" in (await staff.get(f"/customers/{known.number}/addresses")).main
    assert (await staff.get(f"/customers/{known.number}/general")).main == page.main


async def test_it_shows_all_about_an_individual(staff: Person) -> None:
    known = await people.shopper(first_name="Ines", last_name="Blum")
    page = await staff.get(f"/customers/{known.number}")
    assert page.h1 == "Ines Blum"
    assert known.email in page.main
    page = await staff.get(f"/customers/{known.number}/users")
    assert known.email in page.main
    # The user of an individual customer is not managed on its own (domain.md 2).
    assert "Disable everywhere" not in page.main


async def test_it_costs_the_same_queries_however_many_users_there_are(
    staff: Person, queries: list[str]
) -> None:
    known = await people.company()
    counts = []
    for _time in range(2):
        for tab in ("", "/users"):
            queries.clear()
            await staff.get(f"/customers/{known.number}{tab}")
            counts.append(len(queries))
        for n in range(10):
            await people.colleague(known, f"{_time}-{n}@alfki.example")
    assert counts[:2] == counts[2:]
    assert max(counts) < 12


async def test_an_unknown_number_is_not_found(staff: Person) -> None:
    for path in ("/customers/nobody", "/customers/nobody/general"):
        assert (await staff.get(path)).status == 404
    for verb in ("approve", "reject", "enable", "disable", "password-mail"):
        assert (await staff.post(f"/customers/nobody/{verb}")).status == 404


async def test_staff_approve_a_pending_customer(staff: Person) -> None:
    known = await people.pending_company()
    page = await staff.get(f"/customers/{known.number}")
    page = await staff.post(f"/customers/{known.number}/approve", {"version": "1"})
    assert page.path == f"/back-office/customers/{known.number}"
    assert "New Owner Ltd is approved and told so by mail." in page.main
    assert (await stored(known))["approval_status"] == "approved"
    assert len(await mails("approved", to=known.email)) == 1


async def test_staff_reject_with_a_comment_that_the_history_shows(staff: Person) -> None:
    known = await people.pending_company()
    page = await staff.get(f"/customers/{known.number}")
    page = await staff.fill(page, {"comment": "No register number"})
    assert "New Owner Ltd is rejected and told so by mail." in page.main
    assert "No register number" in page.main
    assert "customer rejected" in page.main
    (mail,) = await mails("rejected")
    assert "No register number" in mail.text


async def test_a_decision_on_what_has_changed_meanwhile_is_told(staff: Person) -> None:
    known = await people.pending_company()
    page = await staff.get(f"/customers/{known.number}")
    other = await (await people.staff_member("second@example.com")).signed_in()
    await other.post(f"/customers/{known.number}/approve", {"version": "1"})
    page = await staff.fill(page, {"comment": "My reason"})
    assert page.status == 409
    assert "Somebody else was faster" in page.main
    assert "You wanted: Reject." in page.main
    assert "customer approved" in page.main
    # What was typed stays.
    assert "My reason" in page.html
    assert (await stored(known))["approval_status"] == "approved"
    assert await mails("rejected") == []


async def test_two_staff_members_at_once_decide_once(staff: Person) -> None:
    known = await people.pending_company()
    other = await (await people.staff_member("second@example.com")).signed_in()
    path = f"/customers/{known.number}"
    await asyncio.gather(staff.get(path), other.get(path))
    pages = await asyncio.gather(
        staff.post(f"{path}/approve", {"version": "1"}),
        other.post(f"{path}/reject", {"version": "1", "comment": "No"}),
    )
    assert sorted(one.status for one in pages) == [200, 409]
    assert len(await mails()) == 1


async def test_a_comment_that_is_too_long_is_refused_and_kept(staff: Person) -> None:
    known = await people.pending_company()
    page = await staff.post(f"/customers/{known.number}/reject", {"comment": "x" * 2001})
    assert page.status == 422
    assert page.errors == {"comment": "Please use at most 2000 characters."}
    assert (await stored(known))["approval_status"] == "pending"


@pytest.mark.parametrize("version", ["x", "-1", "1e3", "99999999999999999999", "²"])
async def test_a_version_that_is_none_is_refused(staff: Person, version: str) -> None:
    known = await people.pending_company()
    page = await staff.post(f"/customers/{known.number}/approve", {"version": version})
    assert page.status == 422
    assert (await stored(known))["approval_status"] == "pending"


async def test_staff_disable_and_enable_a_customer(staff: Person) -> None:
    known = await people.company()
    person = await known.signed_in()
    page = await staff.get(f"/customers/{known.number}")
    page = await staff.post(f"/customers/{known.number}/disable", {"version": "1"})
    assert "The customer is disabled. Its users are signed out." in page.main
    assert "Sign out" not in (await person.get("/")).text
    page = await staff.post(f"/customers/{known.number}/enable", {"version": "2"})
    assert "The customer is enabled." in page.main
    (mail,) = await mails("choose_password")
    assert mail.to == known.email


async def test_switching_with_a_stale_version_is_told(staff: Person) -> None:
    known = await people.company()
    await staff.post(f"/customers/{known.number}/disable", {"version": "1"})
    page = await staff.post(f"/customers/{known.number}/enable", {"version": "1"})
    assert page.status == 409
    assert "You wanted: Enable." in page.main
    assert (await stored(known))["is_active"] is False
    assert await mails("choose_password") == []


async def test_what_is_so_already_is_said(staff: Person) -> None:
    known = await people.company()
    page = await staff.post(f"/customers/{known.number}/enable")
    assert "That was so already. Nothing has changed." in page.main
    assert await mails() == []


@pytest.mark.parametrize(
    ("verb", "table", "key"),
    [("", "users", "user_id"), ("-membership", "memberships", "membership_id")],
)
async def test_staff_disable_and_enable_one_user_of_a_company(
    staff: Person, verb: str, table: str, key: str
) -> None:
    known = await people.company()
    paul = await people.colleague(known, "paul@alfki.example")
    path = f"/customers/{known.number}/users/{paul.user_id}"
    page = await staff.post(f"{path}/disable{verb}", {"version": "1"})
    assert page.status == 200
    row = f"SELECT is_active FROM {table} WHERE id = $1"
    assert await DB.fetch_value(row, getattr(paul, key)) is False
    assert await DB.fetch_value(row, getattr(known, key)) is True
    assert (await (await visit("business")).sign_in(paul.login, paul.password)).status == 403
    await staff.post(f"{path}/enable{verb}", {"version": "2"})
    assert await DB.fetch_value(row, getattr(paul, key)) is True
    assert [one.to for one in await mails("choose_password")] == ["paul@alfki.example"]


@pytest.mark.parametrize("verb", ["", "-membership"])
async def test_letting_a_user_in_again_asks_staff_who_they_are(staff: Person, verb: str) -> None:
    known = await people.company()
    paul = await people.colleague(known, "paul@alfki.example", ("account_administrator",))
    path = f"/customers/{known.number}/users/{paul.user_id}"
    await staff.post(f"{path}/disable{verb}", {"version": "1"})
    await DB.execute("UPDATE sessions SET authenticated_at = now() - interval '6 minutes'")
    page = await staff.post(f"{path}/enable{verb}", {"version": "2"})
    assert page.h1 == "Is it you?"
    assert await mails("choose_password") == []
    await staff.fill(page, {"password": paul.password})
    await staff.post(f"{path}/enable{verb}", {"version": "2"})
    assert [one.to for one in await mails("choose_password")] == [paul.email]


async def test_letting_a_customer_in_again_asks_staff_who_they_are(staff: Person) -> None:
    known = await people.company()
    await staff.post(f"/customers/{known.number}/disable", {"version": "1"})
    await DB.execute("UPDATE sessions SET authenticated_at = now() - interval '6 minutes'")
    page = await staff.post(f"/customers/{known.number}/enable", {"version": "2"})
    assert page.h1 == "Is it you?"
    assert (await stored(known))["is_active"] is False
    assert await mails("choose_password") == []
    await staff.fill(page, {"password": known.password})
    await staff.post(f"/customers/{known.number}/enable", {"version": "2"})
    assert (await stored(known))["is_active"] is True
    assert [one.to for one in await mails("choose_password")] == [known.email]


async def test_the_user_of_an_individual_is_not_managed_on_its_own(staff: Person) -> None:
    known = await people.shopper()
    for verb in ("disable", "enable", "disable-membership", "enable-membership"):
        page = await staff.post(f"/customers/{known.number}/users/{known.user_id}/{verb}")
        assert page.status == 404


async def test_a_user_of_another_customer_is_not_found(staff: Person) -> None:
    known = await people.company()
    other = await people.company("o@o.example", company_name="Other")
    for user in (other.user_id, uuid.uuid4()):
        page = await staff.post(f"/customers/{known.number}/users/{user}/disable")
        assert page.status == 404
    assert (await staff.post(f"/customers/{known.number}/users/nonsense/disable")).status == 404


async def test_staff_send_a_password_mail_to_one_user(staff: Person) -> None:
    known = await people.company()
    await people.colleague(known, "paul@alfki.example")
    page = await staff.post(f"/customers/{known.number}/password-mail", {"user": str(known.user_id)})
    assert "A password mail goes to Maria Anders." in page.main
    (mail,) = await mails()
    assert (mail.kind, mail.to) == ("choose_password", known.email)
    assert "http://localhost:8000/business/reset-password?token=" in mail.link


async def test_staff_send_a_password_mail_from_the_customer_s_page(staff: Person) -> None:
    known = await people.company()
    await people.colleague(known, "paul@alfki.example")
    page = await staff.get(f"/customers/{known.number}")
    page = await staff.fill(page, {}, form="user")
    assert "A password mail goes to Maria Anders." in page.main
    assert [(one.kind, one.to) for one in await mails()] == [("choose_password", known.email)]
    disabled = await people.shopper(is_active=False)
    page = await staff.get(f"/customers/{disabled.number}")
    assert "Send password mail" not in page.main


async def test_who_has_not_verified_the_e_mail_is_marked_before_staff_decide(staff: Person) -> None:
    known = await people.pending_company(email_verified_at=None)
    assert "Not verified" in (await staff.get(f"/customers/{known.number}")).main


async def test_staff_send_password_mails_to_all_users(staff: Person) -> None:
    known = await people.company()
    await people.colleague(known, "paul@alfki.example")
    page = await staff.post(f"/customers/{known.number}/password-mail")
    assert "2 password mails are on their way." in page.main
    assert sorted(one.to for one in await mails()) == [known.email, "paul@alfki.example"]


async def test_no_password_mail_for_disabled_users_or_users_of_others(staff: Person) -> None:
    known = await people.company(is_active=False)
    other = await people.company("o@o.example", company_name="Other")
    for user in (known.user_id, other.user_id, "nonsense"):
        page = await staff.post(f"/customers/{known.number}/password-mail", {"user": str(user)})
        assert "There is no enabled user to send a password mail to." in page.main
    assert await mails() == []


async def test_every_change_is_in_the_audit_log(staff: Person) -> None:
    known = await people.pending_company()
    path = f"/customers/{known.number}"
    await staff.post(f"{path}/approve")
    await staff.post(f"{path}/disable")
    await staff.post(f"{path}/enable")
    await staff.post(f"{path}/password-mail")
    entries = await DB.fetch(
        "SELECT action FROM audit_entries WHERE customer_id = $1 ORDER BY happened_at, id", known.customer_id
    )
    assert [one["action"] for one in entries] == [
        "customer approved",
        "customer disabled",
        "customer enabled",
        "password mail sent",
    ]


async def test_changing_addresses_refuse_get(staff: Person) -> None:
    known = await people.company()
    for verb in ("approve", "reject", "enable", "disable", "password-mail"):
        assert (await staff.get(f"/customers/{known.number}/{verb}")).status == 405


async def test_customers_and_strangers_are_kept_out() -> None:
    known = await people.pending_company()
    for person in (await visit("back-office"), await (await people.company()).signed_in()):
        page = await person.get(f"/back-office/customers/{known.number}")
        assert page.h1 != "New Owner Ltd"
    assert (await stored(known))["approval_status"] == "pending"
