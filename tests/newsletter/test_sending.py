"""Staff send a newsletter: to those who confirmed it, once each, with the way to end it in every mail."""

import pytest

from tables.engine import DB
from tests.browser_like import Person, mails
from tests.newsletter.test_opt_in import confirm, order_it
from tests.people import shopper, staff_member

pytestmark = pytest.mark.usefixtures("database")

NEWS = {"shop": "shop", "headline": "New teas", "text": "Tea is here.\n\nCome and taste <it>."}


async def staff() -> Person:
    return await (await staff_member(privileges=("marketing",))).signed_in()


async def test_only_who_confirmed_it_gets_a_newsletter() -> None:
    reader = await shopper()
    await confirm(await order_it(reader))
    asked = await shopper("asked@example.com")
    await order_it(asked)
    await shopper("never@example.com")
    person = await staff()
    page = await person.get("/newsletter")
    assert "1 person receives it." in page.main
    page = await person.fill(page, NEWS)
    assert "1 mail is on its way." in page.text
    [mail] = await mails("newsletter")
    assert (mail.to, mail.subject) == (reader.email, "News from Patron: New teas")
    assert "Come and taste &lt;it&gt;." in mail.html
    ends = await DB.fetch_value("SELECT unsubscribe_link FROM outbox_mails WHERE kind = 'newsletter'")
    assert ends in mail.text
    assert ends in mail.html.replace("&amp;", "&")


async def test_who_ended_it_or_was_deactivated_gets_none() -> None:
    ended, disabled = await shopper(), await shopper("disabled@example.com")
    for one in (ended, disabled):
        await confirm(await order_it(one))
    await DB.execute("UPDATE users SET is_active = false WHERE id = $1", disabled.user_id)
    person = await ended.signed_in()
    await person.fill(await person.get("/account/consents"), {}, form="newsletter")
    at_desk = await staff()
    page = await at_desk.fill(await at_desk.get("/newsletter"), NEWS)
    assert "0 mails are on their way." in page.text
    assert await mails("newsletter") == []


async def test_a_form_that_is_sent_twice_is_one_newsletter() -> None:
    await confirm(await order_it(await shopper()))
    person = await staff()
    page = await person.get("/newsletter")
    await person.fill(page, NEWS)
    await person.fill(page, NEWS)
    assert len(await mails("newsletter")) == 1


async def test_a_newsletter_without_text_or_shop_is_not_sent() -> None:
    person = await staff()
    page = await person.fill(await person.get("/newsletter"), {"headline": "", "text": "x"}, form="headline")
    assert page.status == 422
    assert set(page.errors) == {"shop", "headline"}
    assert page.typed("text").strip() == "x"
