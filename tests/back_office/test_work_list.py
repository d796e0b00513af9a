"""The work list, the first page of the back office."""

import pytest

from tables.engine import DB
from tests import people
from tests.browser_like import Person, visit

pytestmark = pytest.mark.usefixtures("database")


async def test_it_is_closed_to_strangers() -> None:
    page = await (await visit("back-office")).get("/")
    assert page.path.startswith("/back-office/sign-in")


async def test_it_says_that_nothing_waits(staff: Person) -> None:
    page = await staff.get("/")
    assert page.h1 == "Work list"
    assert "Nobody waits for approval." in page.main
    assert "All mails went out or are still being tried." in page.main


async def test_it_counts_pending_approvals_and_leads_to_them(staff: Person) -> None:
    await people.pending_company("one@n.example")
    await people.pending_company("two@n.example")
    await people.company("three@n.example")
    page = await staff.get("/")
    assert "2 customers wait for approval." in page.main
    assert "Waiting since" in page.main
    assert "/back-office/customers?approval=pending" in page.links


async def test_it_counts_failed_mails_and_leads_to_them(staff: Person) -> None:
    known = await people.pending_company()
    await staff.post(f"/customers/{known.number}/approve")
    await DB.execute("UPDATE outbox_mails SET gave_up_at = now()")
    page = await staff.get("/")
    assert "1 mail could not be sent." in page.main
    assert "/back-office/mail?state=failed" in page.links


async def test_it_shows_only_what_the_staff_member_may_do_something_about() -> None:
    person = await (await people.staff_member(privileges=("mail",))).signed_in()
    page = await person.get("/")
    assert "Failed mails" in page.main
    assert "approval" not in page.main
    assert "Audit log" not in page.main


async def test_staff_without_privileges_are_told_whom_to_ask() -> None:
    person = await (await people.staff_member(privileges=())).signed_in()
    page = await person.get("/")
    assert page.status == 200
    assert "You have no privileges yet." in page.main


@pytest.mark.parametrize("path", ["/customers", "/customers/new", "/mail", "/audit"])
async def test_pages_without_the_privilege_are_refused(path: str) -> None:
    person = await (await people.staff_member(privileges=("staff",))).signed_in()
    assert (await person.get(path)).status == 403


async def test_it_speaks_german(database: str) -> None:
    known = await people.staff_member()
    await DB.execute("UPDATE users SET preferred_language = 'de'")
    page = await (await known.signed_in()).get("/")
    assert page.h1 == "Arbeitsliste"
    assert "Niemand wartet auf Freigabe." in page.main
