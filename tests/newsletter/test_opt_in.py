"""The newsletter: ticked, confirmed by mail, ended by one click (domain.md 4, Consent; RFC 8058)."""

import asyncio
import secrets
from collections.abc import Callable

import pytest

from tables.engine import DB
from tests.altered_links import with_one_letter_changed
from tests.browser_like import ORIGIN, Person, mails, visit
from tests.people import Known, shopper
from tests.sign_in.test_sent_twice import A_MINUTE_LATER

pytestmark = pytest.mark.usefixtures("database")


async def words(known: Known) -> list[bool]:
    """What the person has said about the newsletter, oldest first."""
    rows = await DB.fetch(
        "SELECT is_given FROM consents WHERE \"user\" = $1 AND kind = 'newsletter' ORDER BY recorded_at, id",
        known.user_id,
    )
    return [row["is_given"] for row in rows]


async def order_it(known: Known) -> Person:
    person = await known.signed_in()
    page = await person.get("/account/consents")
    page = await person.fill(page, {}, form="newsletter")
    assert "We have sent you a mail" in page.text
    return person


async def confirm(person: Person) -> None:
    page = await person.get((await mails("newsletter_confirm"))[-1].link)
    assert page.h1 == "Confirm the newsletter"
    page = await person.fill(page, {}, form="token")
    assert page.h1 == "You receive our newsletter"
    assert "token" not in page.path


async def end_link() -> str:
    [mail] = await mails("newsletter_welcome")
    return mail.link


async def test_a_tick_alone_is_no_consent_before_the_link_confirms_it() -> None:
    known = await shopper()
    person = await order_it(known)
    assert await words(known) == []
    assert "Please confirm the newsletter" in (await person.get("/account/consents")).main
    await confirm(await visit("shop"))
    assert await words(known) == [True]
    page = await person.get("/account/consents")
    assert f"You receive the newsletter at {known.email}" in page.main
    assert "Agreed" in page.main


async def test_opening_the_link_changes_nothing() -> None:
    known = await shopper()
    person = await order_it(known)
    await person.get((await mails("newsletter_confirm"))[-1].link)
    assert await words(known) == []


async def test_a_link_works_once_and_not_after_a_newer_one_or_another_email() -> None:
    known = await shopper()
    person = await order_it(known)
    first = (await mails("newsletter_confirm"))[-1].link
    await DB.execute(A_MINUTE_LATER)
    await person.fill(await person.get("/account/consents"), {}, form="newsletter")
    assert (await person.get(first)).status == 410
    second = (await mails("newsletter_confirm"))[-1].link
    await DB.execute("UPDATE users SET email = 'new@example.com', email_canonical = 'new@example.com'")
    page = await person.fill(await person.get(second), {}, form="token")
    assert page.status == 410
    assert await words(known) == []


async def test_the_newsletter_is_ended_in_the_account_with_its_history_kept() -> None:
    known = await shopper()
    person = await order_it(known)
    await confirm(person)
    page = await person.get("/account/consents")
    page = await person.fill(page, {}, form="newsletter")
    assert "You no longer receive the newsletter" in page.text
    assert await words(known) == [True, False]


async def test_a_mail_program_ends_it_by_one_click_without_cookie_or_token() -> None:
    known = await shopper()
    await confirm(await order_it(known))
    row = await DB.fetch_row("SELECT unsubscribe_link FROM outbox_mails WHERE kind = 'newsletter_welcome'")
    assert row["unsubscribe_link"] == await end_link()
    program = await visit("shop")
    for headers in ({}, {"Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"}):
        answer = await program.client.post(
            row["unsubscribe_link"], data={"List-Unsubscribe": "One-Click"}, headers=headers
        )
        assert answer.status_code == 200
    assert await words(known) == [True, False], "the second click finds nothing left to end"


async def test_a_person_ends_it_by_the_link_and_a_button() -> None:
    known = await shopper()
    await confirm(await order_it(known))
    person = await visit("shop")
    page = await person.get(await end_link())
    assert await words(known) == [True], "opening changes nothing"
    page = await person.fill(page, {}, form="token")
    assert page.h1 == "You no longer receive our newsletter"
    assert await words(known) == [True, False]


@pytest.mark.parametrize("change", [with_one_letter_changed, lambda link: link.partition("?")[0]])
async def test_only_the_token_of_the_mail_ends_a_newsletter(change) -> None:  # type: ignore[no-untyped-def]
    known = await shopper()
    person = await order_it(known)
    await confirm(person)
    link = change(await end_link())
    answer = await person.client.post(link, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 410, "not even the person's own session does it"
    assert await words(known) == [True]


async def test_the_links_of_old_mails_work_when_the_keys_of_the_shop_are_others(
    restarted_with: Callable[..., None],
) -> None:
    """README, Rotating keys: mails are kept for years, and nobody is to look for another way out."""
    known = await shopper()
    await confirm(await order_it(known))
    link = await end_link()
    restarted_with(PATRON_SECRET_KEYS=secrets.token_urlsafe(48))
    page = await (await visit("shop")).get(link)
    page = await (await visit("shop")).fill(page, {}, form="token") if page.status == 200 else page
    answer = await (await visit("shop")).client.post(link, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert await words(known) == [True, False]


async def test_an_old_link_ends_the_newsletter_that_was_ordered_anew() -> None:
    known = await shopper()
    person = await order_it(known)
    await confirm(person)
    old = await end_link()
    await person.fill(await person.get("/account/consents"), {}, form="newsletter")
    await DB.execute(A_MINUTE_LATER)
    await person.fill(await person.get("/account/consents"), {}, form="newsletter")
    await confirm(person)
    assert await words(known) == [True, False, True]
    links = {mail.link for mail in await mails("newsletter_welcome")}
    assert len(links) == 2
    await person.client.post(old, data={"List-Unsubscribe": "One-Click"})
    assert await words(known) == [True, False, True, False]


async def test_the_token_of_one_shop_ends_nothing_in_another() -> None:
    known = await shopper()
    await confirm(await order_it(known))
    token = (await end_link()).partition("token=")[2]
    answer = await (await visit("business")).client.post(
        f"{ORIGIN}/business/newsletter/unsubscribe?token={token}"
    )
    assert answer.status_code == 410
    assert await words(known) == [True]


async def test_two_who_confirm_at_once_are_recorded_once() -> None:
    known = await shopper()
    await order_it(known)
    link = (await mails("newsletter_confirm"))[-1].link
    people = [await visit("shop") for _ in range(3)]
    pages = [await one.get(link) for one in people]
    await asyncio.gather(*(one.fill(page, {}, form="token") for one, page in zip(people, pages, strict=True)))
    assert await words(known) == [True]
    assert len(await mails("newsletter_welcome")) == 1
