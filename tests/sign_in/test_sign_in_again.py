"""Proving again who one is before sensitive changes (security.md, Sign-in)."""

import pytest

from tables.engine import DB
from tests import people
from tests.browser_like import Person, visit

pytestmark = pytest.mark.usefixtures("database")

LONG_AGO = "UPDATE sessions SET authenticated_at = now() - interval '6 minutes'"


async def seconds_since_proof() -> float:
    found = await DB.fetch_value("SELECT extract(epoch FROM now() - authenticated_at) FROM sessions")
    return float(found)


async def asked(person: Person, path: str = "/sign-in/again?next=/account/profile") -> object:
    await DB.execute(LONG_AGO)
    return await person.get(path)


async def test_the_password_renews_the_proof_and_leads_to_what_was_wanted() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    token = person.cookie("session")
    page = await asked(person)
    assert page.h1 == "Is it you?"
    page = await person.fill(page, {"password": ines.password})
    assert (page.status, page.path) == (200, "/account/profile")
    assert await seconds_since_proof() < 60
    assert person.cookie("session") == token


async def test_a_wrong_password_renews_nothing_and_stands_in_the_history() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    page = await person.fill(await asked(person), {"password": "not my password at all"})
    assert page.status == 422
    assert "password" in page.errors
    assert await seconds_since_proof() > 300
    assert (
        await DB.fetch_value(
            "SELECT count(*) FROM sign_in_attempts WHERE outcome = 'wrong password' AND method = 'password'"
        )
        == 1
    )


async def test_only_this_session_is_renewed() -> None:
    ines = await people.shopper()
    person, other = await ines.signed_in(), await ines.signed_in()
    await person.fill(await asked(person), {"password": ines.password})
    fresh = "SELECT count(*) FROM sessions WHERE authenticated_at > now() - interval '1 minute'"
    assert await DB.fetch_value(fresh) == 1
    assert (await other.get("/account")).status == 200


async def test_ten_wrong_passwords_lock_the_account_here_as_at_sign_in() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    page = await asked(person)
    for _ in range(10):
        await person.fill(page, {"password": "not my password at all"})
    assert (await person.fill(page, {"password": ines.password})).status == 422
    stranger = await visit("shop", address="192.0.2.7")
    assert (await stranger.sign_in(ines.login, ines.password)).status == 422


async def test_a_client_that_guesses_here_is_stopped_as_at_sign_in() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    page = await asked(person)
    answers = [await person.fill(page, {"password": "not my password"}) for _ in range(21)]
    assert answers[-1].status == 429


async def test_another_site_is_never_what_follows() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    page = await asked(person, "/sign-in/again?next=//evil.example/")
    assert (await person.fill(page, {"password": ines.password})).path == "/account"


async def test_strangers_are_asked_to_sign_in_instead() -> None:
    assert (await (await visit("shop")).get("/sign-in/again")).path.startswith("/sign-in?")


async def test_who_has_no_password_is_told_the_way() -> None:
    person = await (await people.shopper()).signed_in()
    await DB.execute("UPDATE users SET password_hash = NULL")
    page = await asked(person)
    assert "no password yet" in page.main
    assert (await person.post("/sign-in/again", {"password": ""})).status == 422
    assert (await person.post("/sign-in/again", {"password": "x"})).status == 422
    assert await seconds_since_proof() > 300


async def test_staff_are_asked_in_the_back_office() -> None:
    admin = await people.staff_member()
    person = await admin.signed_in()
    page = await asked(person, "/sign-in/again?next=/back-office/customers")
    assert (await person.fill(page, {"password": admin.password})).path == "/back-office/customers"
