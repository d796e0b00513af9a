"""Languages: each person is spoken to in the language that they chose, or that their browser asks for."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.languages import (
    current_language,
    date_text,
    datetime_text,
    money_text,
    ngettext,
    preferred_language,
    spoken_languages,
    translation_files,
    translations,
)
from app.languages import gettext as _
from tables.engine import DB
from tests.browser_like import mails, visit
from tests.people import company, shopper, staff_member

BOTH = ("en", "de")


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT", "de"),
        ("DE", "de"),
        ("en-GB,en;q=0.9,de;q=0.8", "en"),
        ("de;q=0.8,en;q=0.9", "en"),
        ("fr,de;q=0.5", "de"),
        ("fr", "en"),
        ("*", "en"),
        ("de;q=0", "en"),
        ("en;q=0,de;q=0.1", "de"),
        ("de;q=lots", "en"),
        ("de;q=0.5,en;q=0.5", "de"),
        (";;;,,,q=", "en"),
        ("de;q=-1", "en"),
        ("de;q=inf", "de"),
        ("de;q=nan", "en"),
        ("x" * 10_000, "en"),
    ],
)
def test_the_browser_says_which_language_a_person_reads(accepted: str, chosen: str) -> None:
    assert preferred_language(None, accepted, BOTH) == chosen


def test_what_the_person_chose_comes_before_what_the_browser_says() -> None:
    assert preferred_language("de", "en", BOTH) == "de"
    assert preferred_language("tlh", "de", BOTH) == "de"
    assert preferred_language("", "de", BOTH) == "de"


def test_the_first_language_of_the_application_is_the_last_resort() -> None:
    assert preferred_language(None, "fr", ("de", "en")) == "de"


@given(st.text(max_size=80), st.text(max_size=10))
def test_no_header_is_a_fault(accepted: str, wanted: str) -> None:
    assert preferred_language(wanted, accepted, BOTH) in BOTH


PAGES = {
    "shop": ("/", "/sign-in", "/forgotten-password", "/register", "/register/individual", "/reset-password"),
    "business": ("/", "/sign-in", "/forgotten-password", "/register", "/register/smb"),
    "back-office": ("/sign-in", "/forgotten-password"),
}


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("application", sorted(PAGES))
async def test_german_pages_are_german(application: str) -> None:
    english, german = await visit(application, language="en"), await visit(application, language="de-DE")
    for path in PAGES[application]:
        source, translated = await english.get(path), await german.get(path)
        assert source.tree.get("lang") == "en"
        assert translated.tree.get("lang") == "de"
        assert source.h1 != translated.h1, path
        assert source.title != translated.title, path


@pytest.mark.usefixtures("database")
async def test_the_switch_changes_the_language_and_stays_on_the_page() -> None:
    person = await visit("shop")
    page = await person.get("/register/individual?from=mail")
    switch = page.tree.find(".//form[@class='language-switch']")
    (button,) = switch.findall(".//button")
    assert (button.get("value"), button.text, button.get("lang")) == ("de", "Deutsch", "de")
    sent = {one.get("name"): one.get("value") for one in switch.iter("input")} | {"language": "de"}
    page = await person.post(switch.get("action"), sent)
    assert page.path == "/register/individual?from=mail"
    assert page.tree.get("lang") == "de"
    assert (await person.get("/")).tree.get("lang") == "de", "and is remembered"
    back = page.tree.find(".//form[@class='language-switch']//button")
    assert back.get("value") == "en"


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example", "/business/", "", "/\\evil"])
async def test_the_switch_leads_to_no_other_site(wanted: str) -> None:
    person = await visit("shop")
    await person.get("/")
    page = await person.post("/language", {"language": "de", "next": wanted}, follow=False)
    assert page.status == 303
    assert page.response.headers["location"] == "/"


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("language", ["tlh", "", "DE", "de\r\nSet-Cookie: a=b", "x" * 5000])
async def test_a_language_that_the_site_does_not_speak_changes_nothing(language: str) -> None:
    person = await visit("shop")
    await person.get("/")
    page = await person.post("/language", {"language": language, "next": "/sign-in"}, follow=False)
    assert page.status == 303
    assert "patron-shop-language" not in page.response.headers.get("set-cookie", "")
    assert (await person.get("/")).tree.get("lang") == "en"


@pytest.mark.usefixtures("database")
async def test_each_application_remembers_its_own_choice() -> None:
    person = await visit("business")
    await person.get("/")
    await person.post("/language", {"language": "de", "next": "/business/"})
    cookie = next(one for one in person.client.cookies.jar if one.name == "patron-business-language")
    assert cookie.path == "/business/"
    assert (await person.get("/")).tree.get("lang") == "de"
    answer = await person.client.get("http://localhost:8000/")
    assert 'lang="en"' in answer.text


@pytest.mark.usefixtures("database")
async def test_the_language_of_the_account_wins_over_the_browser() -> None:
    person = await (await shopper(preferred_language="de")).signed_in(language="en")
    assert (await person.get("/account")).tree.get("lang") == "de"
    assert (await person.get("/")).tree.get("lang") == "de"


@pytest.mark.usefixtures("database")
async def test_the_switch_of_a_signed_in_person_changes_pages_and_mails() -> None:
    known = await shopper()
    person = await known.signed_in()
    await person.get("/account")
    page = await person.post("/language", {"language": "de", "next": "/account"})
    assert page.tree.get("lang") == "de"
    stored = await DB.fetch_value("SELECT preferred_language FROM users WHERE id = $1", known.user_id)
    assert stored == "de"
    stranger = await visit("shop", language="en")
    await stranger.post("/forgotten-password", {"email": known.email})
    (mail,) = await mails(to=known.email)
    assert mail.language == "de"
    assert "Passwort" in mail.subject


@pytest.mark.usefixtures("database")
async def test_who_has_yet_to_show_more_than_a_password_can_choose_a_language_too() -> None:
    """The account's language is not theirs to change yet, so the browser's choice counts."""
    known = await company()
    person = await known.signed_in()
    await DB.execute("UPDATE customers SET is_active = false WHERE id = $1", known.customer_id)
    page = await person.get("/account")
    assert (page.status, page.tree.get("lang")) == (403, "en")
    page = await person.post("/language", {"language": "de", "next": "/business/account"})
    assert (page.status, page.tree.get("lang")) == (403, "de")


@pytest.mark.usefixtures("database")
async def test_staff_read_their_own_language() -> None:
    known = await staff_member()
    await DB.execute("UPDATE users SET preferred_language = 'de' WHERE id = $1", known.user_id)
    person = await known.signed_in()
    assert (await person.get("/")).tree.get("lang") == "de"


def test_the_site_speaks_english_and_german() -> None:
    assert spoken_languages() == ("en", "de")
    assert translation_files("de")
    assert translation_files("tlh") == []
    assert translations("tlh").gettext("Sign in") == "Sign in"


def test_numbers_choose_the_plural_and_values_are_filled_in() -> None:
    token = current_language.set("de")
    try:
        one = ngettext("Please try again in one second.", "Please try again in %(n)s seconds.", 1)
        many = ngettext("Please try again in one second.", "Please try again in %(n)s seconds.", 7)
        assert "einer Sekunde" in one
        assert "7 Sekunden" in many
        assert "10" in _("Please use at most %(n)s characters.", n=10)
    finally:
        current_language.reset(token)
    assert ngettext("one day", "%(n)s days", 1) == "one day"
    assert ngettext("one day", "%(n)s days", 0) == "0 days"


def test_dates_and_amounts_are_written_as_people_do() -> None:
    day = date(2026, 3, 31)
    assert date_text(day, "en") == "March 31, 2026"
    assert date_text(day, "de") == "31. März 2026"
    moment = datetime(2026, 3, 31, 13, 5, tzinfo=UTC)
    assert datetime_text(moment, "de", "UTC") == "31.03.2026, 13:05 UTC"
    assert datetime_text(moment, "de", "Europe/Berlin") == "31.03.2026, 15:05 MESZ"
    assert datetime_text(moment, "en", "Europe/Berlin") == "Mar 31, 2026, 3:05\u202fPM CEST"
    assert money_text(123456, "EUR", "de") == "1.234,56\xa0€"
    assert money_text(123456, "EUR", "en") == "€1,234.56"
    assert money_text(500, "JPY", "en") == "¥500"
