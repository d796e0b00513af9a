"""The security page: sessions and the history of sign-ins (security.md, Sessions)."""

import uuid

import pytest

from app.sign_in.history import delete_old_history
from tables.engine import DB
from tests import people
from tests.browser_like import Person, SeenPage, visit

pytestmark = pytest.mark.usefixtures("database")

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/18.5 Mobile/15E148 Safari/604.1"
)


async def with_browser(known: people.Known, user_agent: str, address: str = "127.0.0.1") -> Person:
    person = await visit(known.application, address=address)
    person.client.headers["User-Agent"] = user_agent
    assert (await person.sign_in(known.login, known.password)).status == 200
    return person


def rows(page: SeenPage, heading: str) -> list[str]:
    """The rows of a part of the page, as text."""
    (part,) = [one for one in page.tree.iterfind(".//main//section") if one.get("aria-labelledby") == heading]
    return [" ".join(" ".join(one.itertext()).split()) for one in part.iterfind(".//tbody/tr")]


def end_link(page: SeenPage) -> str:
    return next(
        one.get("action") for one in page.tree.iterfind(".//main//form") if one.get("action").endswith("/end")
    )


async def test_sessions_are_listed_with_device_network_and_this_one_first() -> None:
    ines = await people.shopper()
    await with_browser(ines, IPHONE, "2001:db8::7")
    person = await with_browser(ines, FIREFOX, "192.0.2.7")
    listed = rows(await person.get("/account/security"), "sessions")
    assert len(listed) == 2
    assert listed[0].startswith("Firefox on Windows This device IPv4")
    assert listed[1].startswith("Safari on iPhone IPv6")


async def test_sessions_that_are_over_are_not_listed() -> None:
    ines = await people.shopper()
    await with_browser(ines, IPHONE)
    await DB.execute("UPDATE sessions SET last_used_at = now() - interval '15 days'")
    await with_browser(ines, IPHONE)
    await DB.execute("UPDATE sessions SET signed_in_at = NULL WHERE last_used_at > now() - interval '1 day'")
    person = await with_browser(ines, FIREFOX)
    assert len(rows(await person.get("/account/security"), "sessions")) == 1


async def test_ending_one_session_signs_that_browser_out_and_no_other() -> None:
    ines = await people.shopper()
    phone = await with_browser(ines, IPHONE)
    person = await with_browser(ines, FIREFOX)
    page = await person.get("/account/security")
    page = await person.post(end_link(page))
    assert "This session has ended." in page.text
    assert (await phone.get("/account")).path.startswith("/sign-in")
    assert (await person.get("/account")).status == 200


async def test_ending_all_others_leaves_this_one_and_those_of_other_people() -> None:
    ines, omar = await people.shopper(), await people.shopper("omar@example.com")
    others = [await with_browser(ines, IPHONE), await with_browser(ines, IPHONE)]
    stranger = await omar.signed_in()
    person = await with_browser(ines, FIREFOX)
    await person.get("/account/security")
    page = await person.post("/account/security/sessions/end-others")
    assert "2 other sessions have ended." in page.text
    for one in others:
        assert (await one.get("/account")).path.startswith("/sign-in")
    assert (await person.get("/account")).status == 200
    assert (await stranger.get("/account")).status == 200


async def test_a_foreign_session_is_as_missing_as_one_that_never_was() -> None:
    ines, omar = await people.shopper(), await people.shopper("omar@example.com")
    stranger = await omar.signed_in()
    foreign = await DB.fetch_value("SELECT id FROM sessions")
    person = await ines.signed_in()
    for one in (foreign, uuid.uuid4()):
        page = await person.post(f"/account/security/sessions/{one}/end", follow=False)
        assert page.status == 404
    assert (await stranger.get("/account")).status == 200


async def test_the_history_tells_of_failures_too() -> None:
    ines = await people.shopper()
    await (await visit("shop")).sign_in(ines.login, "not the password at all")
    person = await with_browser(ines, FIREFOX)
    listed = rows(await person.get("/account/security"), "history")
    assert len(listed) == 2
    assert "Signed in Password Firefox on Windows This machine" in listed[0]
    assert "Wrong password Password Unknown device" in listed[1]


async def test_the_history_is_ones_own_and_ends_after_90_days() -> None:
    ines, omar = await people.shopper(), await people.shopper("omar@example.com")
    await omar.signed_in()
    person = await ines.signed_in()
    assert len(rows(await person.get("/account/security"), "history")) == 1
    await DB.execute("UPDATE sign_in_attempts SET attempted_at = now() - interval '91 days'")
    assert "Nobody has tried" in (await person.get("/account/security")).main
    assert await delete_old_history() == 2
    assert await delete_old_history() == 0


async def test_a_long_history_is_read_page_by_page() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    for _ in range(30):
        await DB.execute(
            'INSERT INTO sign_in_attempts (id, "user", application, outcome, attempted_at)'
            " VALUES ($1, $2, 'shop', 'wrong password', now() - interval '1 day')",
            uuid.UUID(int=uuid.uuid4().int >> 8),
            ines.user_id,
        )
    page = await person.get("/account/security")
    assert len(rows(page, "history")) == 20
    older = next(one for one in page.links if "before=" in one)
    page = await person.get(older)
    assert len(rows(page, "history")) == 11
    assert "Where you are signed in" not in page.main


async def test_nothing_that_a_browser_says_of_itself_is_shown_as_it_was_sent() -> None:
    ines = await people.shopper()
    person = await with_browser(ines, "<b>evil</b> Firefox/1 Windows")
    page = await person.get("/account/security")
    assert "evil" not in page.html
    assert "Firefox on Windows" in page.main


async def test_the_page_speaks_german() -> None:
    ines = await people.shopper(preferred_language="de")
    person = await with_browser(ines, FIREFOX)
    page = await person.get("/account/security")
    assert page.h1 == "Sicherheit"
    assert "Firefox auf Windows" in page.main
    assert "Angemeldet Passwort" in rows(page, "history")[0]


async def test_staff_have_the_same_page_in_the_back_office() -> None:
    admin = await people.staff_member(privileges=())
    person = await admin.signed_in()
    other = await admin.signed_in()
    page = await person.get("/security")
    assert page.h1 == "Security"
    assert len(rows(page, "sessions")) == 2
    await person.post("/security/sessions/end-others")
    assert (await other.get("/")).path.startswith("/back-office/sign-in")
