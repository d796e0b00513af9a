"""Staff send a newsletter: to those who confirmed it, once each, with the way to end it in every mail."""

import pytest

from tables.engine import DB
from tests.browser_like import Person, mails
from tests.newsletter.test_opt_in import confirm, order_it
from tests.people import shopper, staff_member

pytestmark = pytest.mark.usefixtures("database")

NEWS = {"shop": "shop", "headline_en": "New teas", "text_en": "Tea is here.\n\nCome and taste <it>."}


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


async def test_each_person_reads_the_newsletter_in_their_language() -> None:
    for email in ("ines@example.com", "alba@example.com"):
        await confirm(await order_it(await shopper(email)))
    await DB.execute("UPDATE users SET preferred_language = 'de' WHERE email = 'alba@example.com'")
    person = await staff()
    german = {"headline_de": "Neue Tees", "text_de": "Tee ist da."}
    page = await person.fill(await person.get("/newsletter"), NEWS | german)
    assert "2 mails are on their way." in page.text
    [english] = await mails("newsletter", "ines@example.com")
    [other] = await mails("newsletter", "alba@example.com")
    assert english.subject == "News from Patron: New teas"
    assert "Tea is here." in english.text
    assert other.subject == "Neues von Patron: Neue Tees"
    assert "Tee ist da." in other.text
    assert "Tea is here." not in other.text


async def test_who_reads_another_language_gets_the_one_that_was_written() -> None:
    await confirm(await order_it(await shopper()))
    person = await staff()
    german = {"shop": "shop", "headline_de": "Neue Tees", "text_de": "Tee ist da."}
    await person.fill(await person.get("/newsletter"), german)
    [mail] = await mails("newsletter")
    assert "Neue Tees" in mail.subject
    assert "Tee ist da." in mail.text
    # How to end it everybody reads in their own language.
    assert "You can stop it at any time" in mail.text


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ({"headline_en": "", "text_en": "x"}, {"shop", "headline_en"}),
        ({}, {"shop", "headline_en", "text_en"}),
        ({"shop": "shop", "headline_en": "x", "text_en": "x", "text_de": "y"}, {"headline_de"}),
        ({"shop": "shop", "headline_de": "x"}, {"text_de"}),
    ],
)
async def test_a_newsletter_without_shop_headline_or_text_is_not_sent(
    typed: dict[str, str], wrong: set[str]
) -> None:
    person = await staff()
    page = await person.fill(await person.get("/newsletter"), typed, form="headline_en")
    assert page.status == 422
    assert set(page.errors) == wrong
    assert page.typed("text_en").strip() == typed.get("text_en", "")
