"""The page of a link to a new password, and what links can and cannot do (security.md, Tokens in links)."""

import asyncio
import uuid
from collections.abc import Callable

import pytest

from app.applications import application_by_id
from app.sign_in.link_tokens import Purpose, issue
from app.sign_in.password_mails import reset_link
from tables.engine import DB
from tests import people
from tests.altered_links import with_one_letter_changed
from tests.browser_like import mails, patron, visit

pytestmark = pytest.mark.usefixtures("database")


async def link_for(known: people.Known, minutes: int = 60) -> str:
    async with DB.transaction():
        patron()  # links are known once the application is built
    return await reset_link(known.user_id, application_by_id(known.application), minutes)


async def test_opening_the_link_changes_nothing() -> None:
    ines = await people.shopper()
    link = await link_for(ines)
    scanner = await visit("shop")
    for _ in range(3):
        assert (await scanner.get(link)).status == 200
    person = await visit("shop")
    assert (
        await person.fill(await person.get(link), {"password": people.ANOTHER_PASSWORD})
    ).path == "/sign-in"


async def test_the_page_says_whose_password_it_is_to_people_and_to_password_managers() -> None:
    ines = await people.shopper()
    person = await visit("shop")
    page = await person.get(await link_for(ines))
    assert f"For your login {ines.login}." in page.main
    assert page.tree.xpath("//form//input[@autocomplete='username']/@value") == [ines.login]
    # What is sent for it changes nothing, and a link that is used up says nothing any more.
    page = await person.fill(page, {"password": people.ANOTHER_PASSWORD, "username": "somebody.else"})
    assert (await person.sign_in(ines.login, people.ANOTHER_PASSWORD)).path == "/account"
    page = await (await visit("shop")).get("/reset-password?token=wrong")
    assert ines.login not in page.text


async def test_a_link_works_once() -> None:
    ines = await people.shopper()
    link = await link_for(ines)
    person = await visit("shop")
    page = await person.get(link)
    await person.fill(page, {"password": people.ANOTHER_PASSWORD})
    page = await person.fill(page, {"password": "another choice entirely"})
    assert (page.status, page.h1) == (410, "This link no longer works")
    assert page.title == "This link no longer works – Patron"
    assert "used already" in page.text
    assert (await person.sign_in(ines.login, people.ANOTHER_PASSWORD)).path == "/account"


async def test_of_parallel_uses_of_a_link_one_counts() -> None:
    ines = await people.shopper()
    link = await link_for(ines)
    everybody = [await visit("shop", address=f"10.0.2.{n}") for n in range(6)]
    opened = [await one.get(link) for one in everybody]
    answers = await asyncio.gather(
        *(
            one.fill(page, {"password": f"choice number {n} of mine"})
            for n, (one, page) in enumerate(zip(everybody, opened, strict=True))
        )
    )
    assert sorted(one.status for one in answers) == [200, 410, 410, 410, 410, 410]
    assert len(await mails("password_changed")) == 1


async def test_an_expired_link_says_so() -> None:
    ines = await people.shopper()
    link = await link_for(ines)
    await DB.execute("UPDATE link_tokens SET expires_at = now() - interval '1 second'")
    page = await (await visit("shop")).get(link)
    assert page.status == 410
    assert "expired" in page.text


async def test_altered_foreign_and_wrong_purpose_links_do_not_work() -> None:
    ines = await people.shopper()
    link = await link_for(ines)
    async with DB.transaction():
        verify = await issue(Purpose.VERIFY_EMAIL, ines.user_id, application_by_id("shop"), 60)
        business = await issue(Purpose.RESET_PASSWORD, ines.user_id, application_by_id("business"), 60)
    token = link.partition("token=")[2]
    for wrong in (
        with_one_letter_changed(token),
        verify,
        business,
        "",
        "x" * 5000,
        "a.b.c",
    ):
        person = await visit("shop")
        page = await person.get(f"/reset-password?token={wrong}")
        assert page.status == 410
        await person.get("/sign-in")
        page = await person.post("/reset-password", {"token": wrong, "password": people.ANOTHER_PASSWORD})
        assert page.status in (410, 422)
    assert (await (await visit("shop")).sign_in(ines.login, ines.password)).path == "/account"


async def test_links_signed_with_an_older_key_work_until_the_key_is_gone(
    restarted_with: Callable[..., None],
) -> None:
    ines = await people.shopper()
    old, new = "old-k8Xw2vQz6Rm4Tn1Yb7Lc3Hd9Jf5-0123456789", "new-k8Xw2vQz6Rm4Tn1Yb7Lc3Hd9Jf5-0123456789"
    restarted_with(PATRON_SECRET_KEYS=old)
    link = await link_for(ines)
    for keys, status in ((f"{new},{old}", 200), (new, 410)):
        restarted_with(PATRON_SECRET_KEYS=keys)
        assert (await (await visit("shop")).get(link)).status == status


async def test_after_a_reset_all_sessions_end_and_a_notice_is_mailed() -> None:
    ines = await people.shopper()
    elsewhere = await ines.signed_in()
    link = await link_for(ines)
    person = await visit("shop")
    await person.fill(await person.get(link), {"password": people.ANOTHER_PASSWORD})
    assert (await elsewhere.get("/account")).path.startswith("/sign-in")
    (notice,) = await mails("password_changed")
    assert notice.to == ines.email
    assert await DB.fetch_value("SELECT count(*) FROM audit_entries WHERE action = 'password reset'") == 1


async def test_a_reset_kills_the_other_links_to_a_new_password() -> None:
    ines = await people.shopper()
    first, second = await link_for(ines), await link_for(ines)
    person = await visit("shop")
    await person.fill(await person.get(second), {"password": people.ANOTHER_PASSWORD})
    assert (await person.get(first)).status == 410


async def test_a_reset_link_is_dead_after_a_later_sign_in() -> None:
    ines = await people.shopper()
    link = await link_for(ines)
    await ines.signed_in()
    assert (await (await visit("shop")).get(link)).status == 410


async def test_a_reset_verifies_the_e_mail_since_the_link_was_in_the_mailbox() -> None:
    ines = await people.shopper(email_verified_at=None)
    link = await link_for(ines)
    person = await visit("shop")
    await person.fill(await person.get(link), {"password": people.ANOTHER_PASSWORD})
    assert (await person.sign_in(ines.login, people.ANOTHER_PASSWORD)).path == "/account"


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("", "fill in"),
        ("short one", "at least 15"),
        ("x" * 1025, "at most 1024"),
        ("passwordpassword", "others would guess"),
        ("aaaaaaaaaaaaaaaaaa", "others would guess"),
        ("maria.anders.2026!!", "do not use your name"),
        ("ines@example.com1", "do not use your name"),
        ("patron patron maria", "do not use your name"),
    ],
)
async def test_a_password_that_others_would_guess_is_refused_and_the_link_still_works(
    password: str, words: str
) -> None:
    ines = await people.shopper()
    link = await link_for(ines)
    person = await visit("shop")
    page = await person.fill(await person.get(link), {"password": password})
    assert page.status == 422
    assert words in page.errors["password"]
    assert not password or password not in page.html
    page = await person.fill(page, {"password": people.ANOTHER_PASSWORD})
    assert page.path == "/sign-in"


async def test_the_page_says_how_long_the_password_of_its_person_has_to_be_and_strangers_learn_nothing() -> (
    None
):
    """Eight characters are enough with a second factor (security.md, Passwords)."""
    ines, alba = await people.shopper(), await people.shopper("alba@example.com")
    await DB.execute(
        'INSERT INTO second_factors (id, "user", secret_encrypted, confirmed_at, last_time_step, created_at)'
        " VALUES ($1, $2, 'not used here', now(), 0, now())",
        uuid.uuid4(),
        ines.user_id,
    )
    of_ines, of_alba = await link_for(ines), await link_for(alba)
    person = await visit("shop")
    page = await person.get(of_ines)
    assert "At least 8 characters." in page.main
    assert "at_least=8" in page.html
    assert "At least 15 characters." in (await person.get(of_alba)).main
    # Also beside the message, when the first choice was too short.
    page = await person.fill(await person.get(of_ines), {"password": "short"})
    assert "at least 8" in page.errors["password"]
    assert "At least 8 characters." in page.main
    # Who has no link that works cannot tell one account from the other.
    await DB.execute("UPDATE link_tokens SET expires_at = now() - interval '1 second'")
    gone = [await person.get(one) for one in (of_ines, of_alba)]
    assert gone[0].main == gone[1].main
    assert "characters" not in gone[0].main
    assert (await person.get(of_ines + "x")).main == (await person.get(of_alba + "x")).main


async def test_the_page_of_a_link_tells_its_address_to_nobody_and_is_not_kept() -> None:
    ines = await people.shopper()
    page = await (await visit("shop")).get(await link_for(ines))
    assert page.response.headers["referrer-policy"] == "no-referrer"
    assert page.response.headers["cache-control"] == "no-store"


async def test_the_token_itself_is_not_in_the_database() -> None:
    ines = await people.shopper()
    token = (await link_for(ines)).partition("token=")[2]
    rows = str(await DB.fetch("SELECT * FROM link_tokens"))
    assert token not in rows


async def test_well_known_change_password_leads_to_the_right_page() -> None:
    person = await visit("shop")
    page = await person.get("/.well-known/change-password", follow=False)
    assert page.status in (302, 303)
    assert page.response.headers["location"] == "/forgotten-password"


async def test_a_sign_in_under_way_does_not_survive_a_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    """The old password is checked, the owner resets it, and only then the session would begin."""
    from app.sign_in import finish_sign_in
    from app.sign_in.sessions import end_sessions_of

    ines = await people.shopper()
    begin = finish_sign_in.begin_session

    async def begin_after_the_reset(*arguments: object, **more: object) -> object:
        await end_sessions_of(ines.user_id)
        return await begin(*arguments, **more)

    monkeypatch.setattr(finish_sign_in, "begin_session", begin_after_the_reset)
    person = await visit("shop")
    page = await person.sign_in(ines.login, ines.password)
    assert page.path.startswith("/sign-in")
    assert await DB.fetch_value("SELECT count(*) FROM sessions") == 0
