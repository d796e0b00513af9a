"""Who is removed by their company is out at once, and known no more than a stranger (domain.md 2)."""

import asyncio

import pytest

from app.requisitions.expiring import expire_requisitions
from app.sign_in.codes import answer_code_requests
from app.sign_in.reminders import answer_reminder_requests
from tables.engine import DB
from tests import people
from tests.browser_like import SeenPage, mails, visit
from tests.company_users.managing import actions, at_once, company_with_buyer, membership, press
from tests.customers.belonging import values
from tests.people import Known
from tests.registration.filling_in import PERSON
from tests.requisitions import asking
from tests.sign_in.software_passkey import SoftwarePasskey, add, use

pytestmark = pytest.mark.usefixtures("database")

NEW = {"first_name": "Nora", "last_name": "Newman", "password": "a quiet harbour at dawn"}


async def with_removed_buyer() -> tuple[Known, Known]:
    """A company with its administrator, and somebody whom they have just removed."""
    boss, buyer = await company_with_buyer()
    page = await press(await boss.signed_in(), buyer, "/remove")
    assert "is removed" in page.text
    return boss, buyer


async def test_sign_in_answers_like_to_an_unknown_login() -> None:
    _boss, buyer = await with_removed_buyer()
    answers = []
    for login in (buyer.login, "nobody@alfki.example"):
        page = await (await visit("business")).sign_in(login, buyer.password)
        answers.append((page.status, page.main.replace(login, "…")))
    assert answers[0] == answers[1]


async def test_a_passkey_does_not_tell_who_was_removed() -> None:
    boss, buyer = await company_with_buyer()
    passkey = SoftwarePasskey()
    await add(await buyer.signed_in(), passkey)
    await press(await boss.signed_in(), buyer, "/remove")
    stranger = SoftwarePasskey()
    other = await people.shopper()
    await add(await other.signed_in(), stranger)
    await DB.execute("DELETE FROM users WHERE id = $1", other.user_id)
    answers = [await use(await visit("business"), one) for one in (passkey, stranger)]
    assert answers[0].status == 422
    assert answers[0].main == answers[1].main


async def test_no_mail_of_before_and_none_of_later_opens_the_account() -> None:
    boss, buyer = await company_with_buyer()
    forgetful, coded = await visit("business"), await visit("business")
    await forgetful.fill(await forgetful.get("/forgotten-password"), {"email": buyer.email})
    await answer_reminder_requests()
    [reset] = await mails("password_reminder", to=buyer.email)
    page = await coded.fill(await coded.get("/sign-in/code"), {"login": buyer.login})
    await answer_code_requests()
    [code] = await mails("sign_in_code", to=buyer.email)
    await press(await boss.signed_in(), buyer, "/remove")
    assert (await forgetful.get(reset.link)).status == 410
    number = next(word for word in code.text.split() if word.isdigit() and len(word) == 6)
    assert (await coded.fill(page, {"code": number})).status == 422
    # Asking again is mailed nothing, as for a stranger.
    await forgetful.fill(await forgetful.get("/forgotten-password"), {"email": buyer.email})
    await coded.fill(await coded.get("/sign-in/code"), {"login": buyer.login})
    await answer_reminder_requests()
    await answer_code_requests()
    assert [one.kind for one in await mails(to=buyer.email)] == [
        "password_reminder",
        "sign_in_code",
        "member_removed",
    ]
    assert await values("SELECT to_email FROM outbox_mails WHERE to_email LIKE '%.invalid'") == []


async def test_the_email_can_be_registered_anew() -> None:
    _boss, buyer = await with_removed_buyer()
    person = await visit("shop")
    await person.fill(await person.get("/register"), {**PERSON, "email": buyer.email}, form="email")
    assert [one.kind for one in await mails(to=buyer.email)] == ["member_removed", "verify_email"]
    assert await values("SELECT id FROM users WHERE login = $1", buyer.email) != [buyer.user_id]


async def test_the_email_is_invited_as_somebody_new() -> None:
    boss, buyer = await with_removed_buyer()
    browser = await boss.signed_in()
    page = await browser.get("/account/users/invite")
    await browser.fill(page, {"email": buyer.email, "roles": "buyer"}, form="email")
    person = await visit("business")
    page = await person.get((await mails("invitation", buyer.email))[-1].link)
    page = await person.fill(page, NEW, form="password")
    assert "Please sign in." in page.text
    page = await person.sign_in(buyer.email, NEW["password"])
    assert page.status == 200
    assert "Nora Newman" in (await browser.get("/account/users")).main


async def test_nobody_mails_who_was_removed_about_what_they_had_asked_for() -> None:
    known = await asking.company()
    await asking.ask(await known.buyer.signed_in())
    await DB.execute("UPDATE requisitions SET expires_at = now()")
    await press(await known.admin.signed_in(), known.buyer, "/remove")
    assert await expire_requisitions() == 1
    assert await mails("requisition_decided") == []


async def test_who_is_removed_twice_at_once_is_removed_once() -> None:
    boss, buyer = await company_with_buyer()
    browser, version = await boss.signed_in(), (await membership(buyer))["version"]
    answers = await at_once(*(press(browser, buyer, "/remove", version=version) for _ in range(4)))
    assert sorted({one.status for one in answers}) in ([200, 404], [200, 404, 409], [200, 409])
    assert [one.status for one in answers].count(200) == 1
    assert await actions(boss) == ["member removed"]
    assert await DB.fetch_value("SELECT count(*) FROM departures") == 1
    assert len(await mails("member_removed")) == 1


async def test_who_is_removed_while_joining_another_company_is_not_lost() -> None:
    boss, buyer = await company_with_buyer()
    other = await people.company("horst@quick.example", company_name="QUICK-Stop")
    inviter = await other.signed_in()
    page = await inviter.get("/account/users/invite")
    await inviter.fill(page, {"email": buyer.email, "roles": "buyer"}, form="email")
    [mail] = await mails("invitation", buyer.email)
    joining, removing = await buyer.signed_in(), await boss.signed_in()
    page = await joining.get(mail.link)

    async def accepted() -> SeenPage:
        return await joining.fill(page, {}, form="token")

    answers = await asyncio.gather(accepted(), press(removing, buyer, "/remove"))
    # None of them waits for one that waits for it.
    assert {one.status for one in answers} <= {200, 404, 409, 410}
    places = await values('SELECT customer FROM memberships WHERE "user" = $1', buyer.user_id)
    login = await DB.fetch_value("SELECT login FROM users WHERE id = $1", buyer.user_id)
    # Either they are a user of the other company, with their login, or a stranger in both.
    assert (places, login == buyer.login) in (([other.customer_id], True), ([], False))
