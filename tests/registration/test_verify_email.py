"""Verifying the e-mail (domain.md 4; security.md, Tokens in links)."""

import asyncio

from app.sign_in.reminders import answer_reminder_requests
from tables import User
from tables.engine import DB
from tests import people
from tests.altered_links import with_one_letter_changed
from tests.browser_like import Person, mails, visit
from tests.registration.filling_in import COMPANY, PERSON


async def registered(application: str = "shop") -> Person:
    """Somebody who has just registered, with the mail in the outbox."""
    person = await visit(application)
    fields = PERSON if application == "shop" else {**PERSON, **COMPANY}
    await person.fill(await person.get("/register"), fields, form="email")
    return person


async def link() -> str:
    """The address in the newest mail that asks to verify an e-mail."""
    return (await mails(kind="verify_email"))[-1].link


async def is_verified() -> bool:
    return bool(await DB.fetch_value("SELECT bool_and(email_verified_at IS NOT NULL) FROM users"))


async def test_a_shopper_verifies_and_signs_in(database):
    person = await registered()
    page = await person.get(await link())
    assert page.h1 == "Confirm your e-mail address"
    page = await person.fill(page, {}, form="token")
    assert page.path == "/sign-in"
    assert "confirmed" in page.main
    page = await person.sign_in(PERSON["email"], PERSON["password"])
    assert page.path == "/account"
    assert page.h1 == "Hello Ines Müller"


async def test_looking_at_the_link_verifies_nothing(database):
    person = await registered()
    await person.get(await link())
    await person.client.head(await link())
    assert not await is_verified()


async def test_the_page_of_the_link_is_told_to_nobody(database):
    person = await registered()
    page = await person.get(await link())
    assert page.response.headers["referrer-policy"] == "no-referrer"
    assert page.response.headers["cache-control"] == "no-store"


async def test_until_verified_nobody_signs_in_and_the_mail_can_be_sent_again(database):
    person = await registered()
    page = await person.sign_in(PERSON["email"], PERSON["password"])
    assert (page.status, page.h1) == (403, "Verify your e-mail")
    old = await link()
    page = await person.fill(page, {}, form="person")
    assert page.h1 == "Look into your mailbox"
    assert len(await mails(kind="verify_email")) == 2
    assert (await person.get(old)).h1 == "This link does not work"
    page = await person.fill(await person.get(await link()), {}, form="token")
    assert page.path == "/sign-in"


async def test_a_used_link_says_so(database):
    person = await registered()
    address = await link()
    await person.fill(await person.get(address), {}, form="token")
    page = await person.get(address)
    assert (page.status, page.h1) == (410, "This link was used already")


async def test_an_expired_link_says_so_and_offers_a_new_one(database):
    person = await registered()
    address = await link()
    page = await person.get(address)
    await DB.execute("UPDATE link_tokens SET expires_at = now()")
    page = await person.fill(page, {}, form="token")
    assert (page.status, page.h1) == (410, "This link has expired")
    assert not await is_verified()
    page = await person.fill(page, {"email": PERSON["email"]})
    assert page.h1 == "Look into your mailbox"
    await person.fill(await person.get(await link()), {}, form="token")
    assert await is_verified()


async def test_an_altered_link_does_not_work(database):
    person = await registered()
    address = await link()
    for altered in (
        with_one_letter_changed(address),
        address.split("token=")[0] + "token=",
        address + "x",
    ):
        page = await person.get(altered)
        assert (page.status, page.h1) == (410, "This link does not work")


async def test_a_link_works_once_also_in_parallel(database):
    person = await registered("business")
    page = await person.get(await link())
    token = page.typed("token")
    answers = await asyncio.gather(*(person.post("/verify-email", {"token": token}) for _ in range(6)))
    assert sorted(answer.status for answer in answers) == [200, 410, 410, 410, 410, 410]
    assert len(await mails(kind="approval_received")) == 1


async def test_a_link_of_another_application_does_not_work(database):
    await registered("shop")
    token = (await link()).split("token=")[1]
    person = await visit("business")
    assert (await person.get(f"/verify-email?token={token}")).h1 == "This link does not work"


async def test_a_link_of_another_purpose_does_not_work(database):
    from app.applications import application_by_id
    from app.sign_in.link_tokens import Purpose, issue

    known = await people.shopper(email_verified_at=None)
    token = await issue(Purpose.RESET_PASSWORD, known.user_id, application_by_id("shop"), 60)
    person = await visit("shop")
    page = await person.post("/verify-email", {"token": token})
    assert page.h1 == "This link does not work"
    assert not await is_verified()


async def test_a_link_is_dead_after_the_email_has_changed(database):
    person = await registered()
    page = await person.get(await link())
    await User.update(
        {User.email: "other@example.com", User.email_canonical: "other@example.com"}, force=True
    )
    page = await person.fill(page, {}, form="token")
    assert (page.status, page.h1) == (410, "This link does not work")
    assert not await is_verified()


async def test_a_verified_company_awaits_approval_and_staff_and_applicant_are_told(database):
    person = await registered("business")
    page = await person.fill(await person.get(await link()), {}, form="token")
    assert page.h1 == "Your e-mail address is confirmed"
    assert "awaits approval" in page.main
    assert page.path == "/business/verify-email/done"
    [requested] = await mails(kind="approval_requested")
    assert requested.to == "approvals@example.com"
    assert requested.link.startswith("http://localhost:8000/back-office/customers/100001")
    assert "Café Mond GmbH" in requested.text
    [received] = await mails(kind="approval_received")
    assert received.to == PERSON["email"]
    page = await person.sign_in(PERSON["email"], PERSON["password"])
    assert (page.status, page.h1) == (403, "Your account awaits approval")


async def test_asking_for_a_new_link_says_the_same_to_everybody(database):
    await people.shopper("verified@example.com")
    await people.shopper("waiting@example.com", email_verified_at=None)
    said = set()
    for email in ("verified@example.com", "waiting@example.com", "nobody@example.com"):
        person = await visit("shop")
        page = await person.get("/verify-email?token=x")
        page = await person.fill(page, {"email": email})
        said.add((page.status, page.path, page.main))
    assert len(said) == 1
    assert [mail.to for mail in await mails(kind="verify_email")] == ["waiting@example.com"]


async def test_whoever_asks_for_new_links_again_and_again_floods_no_mailbox_and_ends_no_link(database):
    await people.shopper("waiting@example.com", email_verified_at=None)
    answers = set()
    for number in range(8):
        person = await visit("shop", address=f"10.0.3.{number}")
        page = await person.fill(await person.get("/verify-email?token=x"), {"email": "waiting@example.com"})
        answers.add((page.status, page.path, page.main))
    assert len(answers) == 1
    assert len(await mails(kind="verify_email")) == 5
    # The newest link goes on working, however often a stranger asks for another one.
    person = await visit("shop")
    await person.fill(await person.get(await link()), {}, form="token")
    assert await is_verified()


async def test_asking_for_a_new_link_without_email_is_refused(database):
    person = await visit("shop")
    page = await person.fill(await person.get("/verify-email?token=x"), {"email": ""})
    assert page.status == 422
    assert set(page.errors) == {"email"}


async def test_whichever_mail_verifies_the_email_staff_are_told_once_of_who_waits(database):
    person = await registered("business")
    page = await person.get("/forgotten-password")
    await person.fill(page, {"email": PERSON["email"]})
    await answer_reminder_requests()
    [reminder] = await mails(kind="password_reminder")
    assert await mails(kind="approval_requested") == []
    await person.fill(await person.get(reminder.link), {"password": people.ANOTHER_PASSWORD})
    assert await is_verified()
    page = await person.sign_in(PERSON["email"], people.ANOTHER_PASSWORD)
    assert page.h1 == "Your account awaits approval"
    [told] = await mails(kind="approval_requested")
    assert COMPANY["company_name"] in told.text
    # The link that was there for it works as well, and says nothing new.
    page = await person.fill(await person.get(await link()), {}, form="token")
    assert page.h1 == "Your e-mail address is confirmed"
    assert len(await mails(kind="approval_requested")) == len(await mails(kind="approval_received")) == 1
