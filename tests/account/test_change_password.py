"""Changing one's password (domain.md 6)."""

import asyncio

import pytest

from app.applications import application_by_id
from app.sign_in.password_mails import reset_link
from tables.engine import DB
from tests import people
from tests.browser_like import Person, SeenPage, mails, visit

pytestmark = pytest.mark.usefixtures("database")

PATH = "/account/password"


async def change(
    person: Person, password: str = people.ANOTHER_PASSWORD, current: str = people.PASSWORD
) -> SeenPage:
    page = await person.get(PATH)
    return await person.fill(page, {"current_password": current, "password": password})


async def test_changing_the_password_needs_the_current_one() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    for wrong, words in (("a wrong password altogether", "not your password"), ("", "fill in")):
        page = await change(person, current=wrong)
        assert page.status == 422
        assert words in page.errors["current_password"]
        assert people.ANOTHER_PASSWORD not in page.html
    assert not await mails("security_changed")
    assert (await (await visit("shop")).sign_in(ines.login, ines.password)).path == "/account"


async def test_the_new_password_signs_in_and_the_old_one_no_longer() -> None:
    ines = await people.shopper()
    page = await change(await ines.signed_in())
    assert page.path == PATH
    assert "Your new password is set." in page.text
    assert (await (await visit("shop")).sign_in(ines.login, ines.password)).status == 422
    assert (await (await visit("shop")).sign_in(ines.login, people.ANOTHER_PASSWORD)).path == "/account"


async def test_changing_the_password_ends_the_other_sessions_and_this_one_gets_a_new_id() -> None:
    ines = await people.shopper()
    person, elsewhere = await ines.signed_in(), await ines.signed_in()
    before = person.cookie("session")
    await change(person)
    assert (await elsewhere.get("/account")).path.startswith("/sign-in")
    assert (await person.get("/account")).status == 200
    assert person.cookie("session") != before
    old = await visit("shop")
    old.client.cookies.set("patron-shop-session", before or "", domain="localhost.local", path="/")
    assert (await old.get("/account")).path.startswith("/sign-in"), "the old id opens nothing any more"
    assert await DB.fetch_value("SELECT count(*) FROM sessions") == 1


async def test_a_change_is_no_sign_in_and_makes_nobody_a_recurring_customer() -> None:
    """Recurring are those who sign in in a later session than that of their first order (domain.md 7)."""
    ines = await people.shopper()
    person = await ines.signed_in()
    await DB.execute("UPDATE customers SET first_order_at = now()")
    await change(person)
    assert await DB.fetch_value("SELECT recurring_since FROM customers") is None


async def test_the_change_is_told_by_mail_and_written_into_the_audit_log() -> None:
    ines = await people.shopper()
    await change(await ines.signed_in())
    (mail,) = await mails("security_changed")
    assert mail.to == ines.email
    assert people.ANOTHER_PASSWORD not in mail.text + mail.html
    assert await DB.fetch_value("SELECT count(*) FROM audit_entries WHERE action = 'password changed'") == 1


async def test_open_links_to_a_new_password_and_to_a_new_e_mail_die() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    page = await person.get("/account/email")
    await person.fill(page, {"email": "ines@new.example", "current_password": ines.password})
    reset = await reset_link(ines.user_id, application_by_id("shop"), 60)
    confirm = (await mails("confirm_new_email"))[-1].link
    await change(person)
    stranger = await visit("shop")
    assert [(await stranger.get(one)).status for one in (reset, confirm)] == [410, 410]


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("", "fill in"),
        ("short one", "at least 15"),
        ("x" * 1025, "at most 1024"),
        ("passwordpassword", "others would guess"),
        ("maria.anders.2026!!", "do not use your name"),
        ("ines@example.com1", "do not use your name"),
    ],
)
async def test_a_password_that_others_would_guess_is_refused(password: str, words: str) -> None:
    ines = await people.shopper()
    page = await change(await ines.signed_in(), password)
    assert page.status == 422
    assert words in page.errors["password"]
    assert (await (await visit("shop")).sign_in(ines.login, ines.password)).path == "/account"


async def test_a_slip_in_the_new_password_uses_up_no_try_of_the_current_one() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    for _ in range(12):
        await change(person, "short one", current="a wrong password altogether")
    assert (await change(person)).path == PATH


async def test_guessing_the_current_password_is_limited_as_at_sign_in() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    for n in range(11):
        await change(person, current=f"a wrong password, number {n}")
    assert "not your password" in (await change(person)).errors["current_password"]


async def test_people_without_a_password_set_one_once_they_have_proved_who_they_are() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    await DB.execute("UPDATE users SET password_hash = NULL")
    await DB.execute("UPDATE sessions SET authenticated_at = now() - interval '6 minutes'")
    assert (await person.get(PATH)).path.startswith("/sign-in/again")
    page = await person.post(PATH, {"password": people.ANOTHER_PASSWORD})
    assert page.path.startswith("/sign-in/again")
    assert await DB.fetch_value("SELECT password_hash FROM users") is None
    await DB.execute("UPDATE sessions SET authenticated_at = now()")
    page = await person.get(PATH)
    assert "current_password" not in page.html
    assert (await person.fill(page, {"password": people.ANOTHER_PASSWORD})).path == PATH
    assert (await (await visit("shop")).sign_in(ines.login, people.ANOTHER_PASSWORD)).path == "/account"


async def test_with_a_second_factor_eight_characters_are_enough() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    await DB.execute(
        'INSERT INTO second_factors (id, "user", secret_encrypted, confirmed_at, last_time_step, created_at)'
        " VALUES (gen_random_uuid(), $1, 'not used here', now(), 0, now())",
        ines.user_id,
    )
    page = await person.get(PATH)
    assert "At least 8 characters" in page.main
    assert "at least 8" in (await change(person, "v3 qx7")).errors["password"]
    assert (await change(person, "v3 qx7 mu")).path == PATH


async def test_of_parallel_changes_one_counts() -> None:
    ines = await people.shopper()
    browsers = [await ines.signed_in(address=f"10.4.0.{n}") for n in range(4)]
    for one in browsers:
        await one.get(PATH)
    await asyncio.gather(
        *(
            one.post(PATH, {"current_password": ines.password, "password": f"choice number {n} of mine"})
            for n, one in enumerate(browsers)
        )
    )
    assert await DB.fetch_value("SELECT count(*) FROM sessions") == 1
    assert len(await mails("security_changed")) == 1
    answers = [
        (await (await visit("shop", address=f"10.4.1.{n}")).sign_in(ines.login, f"choice number {n} of mine"))
        for n in range(4)
    ]
    assert sorted(one.status for one in answers) == [200, 422, 422, 422]


async def test_a_buyer_of_a_company_changes_the_password_too() -> None:
    buyer = await people.colleague(await people.company(), "paul@alfki.example")
    assert (await change(await buyer.signed_in())).path == f"/business{PATH}"


async def test_password_managers_find_the_page_of_a_signed_in_person() -> None:
    ines = await people.shopper()
    page = await (await ines.signed_in()).get("/.well-known/change-password", follow=False)
    assert page.response.headers["location"] == PATH
