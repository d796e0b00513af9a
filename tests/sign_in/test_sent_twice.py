"""A double click: what a browser sends twice within a minute, unchanged, is taken once and answered alike."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from tables.engine import DB
from tests import people
from tests.browser_like import Person, SeenPage, mails, visit
from tests.company_users.test_joining import with_domain
from tests.registration.filling_in import COMPANY, PERSON

pytestmark = pytest.mark.usefixtures("database")

A_MINUTE_LATER = "UPDATE attempt_counters SET window_started_at = window_started_at - interval '61 seconds'"
HOWS = pytest.mark.parametrize("at_once", [True, False], ids=["at once", "one after the other"])


async def twice(
    person: Person, page: SeenPage, fields: Mapping[str, Any], form: str, *, at_once: bool
) -> list[SeenPage]:
    """What a browser is answered that sends the form of a page two times."""
    if at_once:
        return list(await asyncio.gather(*(person.fill(page, fields, form=form) for _click in range(2))))
    return [await person.fill(page, fields, form=form) for _click in range(2)]


def alike(pages: list[SeenPage]) -> SeenPage:
    """The one answer of all."""
    assert len({(one.status, one.path, one.h1) for one in pages}) == 1, [
        (one.status, one.path, one.main) for one in pages
    ]
    return pages[0]


def said(pages: list[SeenPage], words: str, at_once: bool) -> None:
    """That the message of the change was shown. At once, the page that comes first may show it for both."""
    shown = [words in one.text for one in pages]
    assert any(shown) if at_once else all(shown)


async def kinds() -> list[str]:
    return [one.kind for one in await mails()]


@HOWS
async def test_a_double_click_on_create_account_makes_one_user_and_one_mail(at_once: bool) -> None:
    person = await visit("shop")
    pages = await twice(person, await person.get("/register"), PERSON, "email", at_once=at_once)
    assert alike(pages).h1 == "Look into your mailbox"
    assert await DB.fetch_value("SELECT count(*) FROM users") == 1
    assert await kinds() == ["verify_email"]


@HOWS
async def test_a_double_click_of_a_company_makes_one_company_and_one_mail(at_once: bool) -> None:
    person = await visit("business")
    fields = {**PERSON, **COMPANY}
    assert alike(await twice(person, await person.get("/register"), fields, "email", at_once=at_once))
    assert await DB.fetch_value("SELECT count(*) FROM customers") == 1
    assert await kinds() == ["verify_email"]


@HOWS
async def test_with_a_known_e_mail_the_answer_is_the_same_and_its_owner_gets_one_mail(at_once: bool) -> None:
    await people.shopper(PERSON["email"])
    person, stranger = await visit("shop"), await visit("shop")
    page = alike(await twice(person, await person.get("/register"), PERSON, "email", at_once=at_once))
    new = {**PERSON, "email": "new@example.com"}
    other = alike(await twice(stranger, await stranger.get("/register"), new, "email", at_once=at_once))
    assert (page.status, page.path, page.main) == (other.status, other.path, other.main)
    assert sorted(await kinds()) == ["already_registered", "verify_email"]


@pytest.mark.parametrize("field", ["email", "password", "last_name"])
async def test_a_corrected_second_submission_is_taken_by_itself(field: str) -> None:
    """Back in the browser, one field put right: an e-mail makes an account, all else a mail to the owner."""
    person = await visit("shop")
    page = await person.get("/register")
    await person.fill(page, PERSON, form="email")
    right = {"email": "right@example.com", "password": "another walk by the sea", "last_name": "Miller"}
    await person.fill(page, {**PERSON, field: right[field]}, form="email")
    expected = ["verify_email", "verify_email" if field == "email" else "already_registered"]
    assert await kinds() == expected


async def test_what_was_refused_was_not_taken_and_can_be_sent_again() -> None:
    person = await visit("shop")
    page = await person.get("/register")
    assert (await person.fill(page, {**PERSON, "terms": None}, form="email")).status == 422
    assert (await person.fill(page, PERSON, form="email")).h1 == "Look into your mailbox"
    assert await kinds() == ["verify_email"]


async def test_somebody_else_s_browser_and_a_later_minute_are_no_double_click() -> None:
    person, other = await visit("shop"), await visit("shop")
    page = await person.get("/register")
    await person.fill(page, PERSON, form="email")
    await other.fill(await other.get("/register"), PERSON, form="email")
    assert await kinds() == ["verify_email", "already_registered"]
    await DB.execute(A_MINUTE_LATER)
    await person.fill(page, PERSON, form="email")
    assert await kinds() == ["verify_email", "already_registered", "already_registered"]


async def test_nothing_that_was_typed_can_be_read_in_what_is_kept() -> None:
    person = await visit("shop")
    await person.fill(await person.get("/register"), PERSON, form="email")
    [key] = [row["key"] for row in await DB.fetch("SELECT key FROM attempt_counters WHERE key LIKE 'sent:%'")]
    assert len(key) == len("sent:") + 64


@HOWS
async def test_a_reminder_is_sent_once(at_once: bool) -> None:
    ines = await people.shopper()
    person = await visit("shop")
    page = await person.get("/forgotten-password")
    alike(await twice(person, page, {"email": ines.email}, "email", at_once=at_once))
    assert await kinds() == ["password_reminder"]
    await DB.execute(A_MINUTE_LATER)
    await person.fill(page, {"email": ines.email}, form="email")
    assert await kinds() == ["password_reminder"] * 2


@HOWS
async def test_the_link_that_verifies_is_sent_again_once_and_works(at_once: bool) -> None:
    ines = await people.shopper(email_verified_at=None)
    person = await visit("shop")
    page = await person.sign_in(ines.login, ines.password)
    alike(await twice(person, page, {}, "person", at_once=at_once))
    [mail] = await mails("verify_email")
    page = await person.fill(await person.get(mail.link), {}, form="token")
    assert page.path == "/sign-in"


@HOWS
async def test_the_newsletter_is_confirmed_by_one_mail(at_once: bool) -> None:
    person = await (await people.shopper()).signed_in()
    page = await person.get("/account/consents")
    alike(await twice(person, page, {}, "newsletter", at_once=at_once))
    assert await kinds() == ["newsletter_confirm"]


@HOWS
async def test_a_new_e_mail_is_confirmed_by_one_mail(at_once: bool) -> None:
    person = await (await people.shopper()).signed_in()
    fields = {"email": "ines@new.example", "current_password": people.PASSWORD}
    alike(await twice(person, await person.get("/account/email"), fields, "email", at_once=at_once))
    [mail] = await mails("confirm_new_email")
    assert (await person.get(mail.link)).status == 200


async def test_what_was_taken_back_in_between_is_sent_anew() -> None:
    person = await (await people.shopper()).signed_in()
    new = {"email": "ines@new.example", "current_password": people.PASSWORD}
    for _again in range(2):
        await person.fill(await person.get("/account/email"), new, form="email")
        await person.post("/account/email/withdraw")
    for _again in range(2):
        await person.post("/account/consents", {"newsletter": "on"})
        await person.post("/account/consents")
    for _again in range(2):
        await person.fill(await person.get("/account/privacy"), {"kind": "export"})
        page = await person.get("/account/privacy")
        await person.post(page.form(action="/withdraw").get("action"))
    kinds_of_all = await kinds()
    assert [
        kinds_of_all.count(one) for one in ("confirm_new_email", "newsletter_confirm", "data_request_confirm")
    ] == [
        2,
        2,
        2,
    ]


@HOWS
async def test_a_data_request_is_confirmed_by_one_mail_whoever_asks(at_once: bool) -> None:
    ines = await people.shopper()
    person, guest = await ines.signed_in(), await visit("shop")
    alike(
        await twice(person, await person.get("/account/privacy"), {"kind": "export"}, "kind", at_once=at_once)
    )
    page = await guest.get("/personal-data-requests")
    alike(await twice(guest, page, {"email": ines.email, "kind": "delete"}, "email", at_once=at_once))
    assert await kinds() == ["data_request_confirm"] * 2


@HOWS
@pytest.mark.parametrize("several", [False, True], ids=["one", "several"])
async def test_an_invitation_is_sent_once_and_both_answers_say_so(at_once: bool, several: bool) -> None:
    person = await (await people.company()).signed_in()
    known = {"people": "maria@alfki.example\nnora@alfki.example"}
    fields = known if several else {"email": "nora@alfki.example"}
    page = await person.get("/account/users/invite/several" if several else "/account/users/invite")
    name = next(iter(fields))
    pages = await twice(person, page, {**fields, "roles": "buyer"}, name, at_once=at_once)
    assert alike(pages).status == 200
    assert all(one.path.endswith("/account/users/invitations") for one in pages)
    said(pages, "One person is invited" if several else "nora@alfki.example is invited by mail.", at_once)
    assert await kinds() == ["invitation"]
    assert await DB.fetch_value("SELECT count(*) FROM audit_entries WHERE action = 'user invited'") == 1


async def test_a_corrected_invitation_is_not_said_to_be_sent() -> None:
    person = await (await people.company()).signed_in()
    page = await person.get("/account/users/invite")
    fields = {"email": "nora@alfki.example", "roles": "buyer"}
    await person.fill(page, fields, form="email")
    page = await person.fill(page, {**fields, "roles": "approver"}, form="email")
    assert "invited already" in page.errors["email"]


@HOWS
async def test_a_company_is_asked_once_and_never_said_to_have_refused(at_once: bool) -> None:
    await with_domain()
    ines = await (await people.shopper("ines@alfki.example")).signed_in()
    page = await ines.get("/account/companies")
    pages = await twice(ines, page, {"comment": "Ines of the warehouse"}, "comment", at_once=at_once)
    assert alike(pages).path == "/account/companies"
    said(pages, "Alfreds Futterkiste is asked.", at_once)
    assert await kinds() == ["join_asked"]
