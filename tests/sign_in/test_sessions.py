"""Sessions (security.md, Sessions)."""

import asyncio

import pytest

from app.visitor import hash_of_session_token
from tables.engine import DB
from tests import people
from tests.browser_like import visit

pytestmark = pytest.mark.usefixtures("database")


async def test_only_the_hash_of_a_session_is_stored() -> None:
    person = await (await people.shopper()).signed_in()
    token = person.cookie("session")
    stored = await DB.fetch_row("SELECT * FROM sessions")
    assert stored["token_hash"] == hash_of_session_token(token)
    assert token not in str(stored)
    assert len(token) >= 43


async def test_a_planted_session_id_is_never_adopted() -> None:
    ines = await people.shopper()
    person = await visit("shop")
    person.client.cookies.set("patron-shop-session", "planted")
    await person.get("/")
    assert await DB.fetch_value("SELECT count(*) FROM sessions") == 0
    await person.sign_in(ines.login, ines.password)
    values = [one.value for one in person.client.cookies.jar if one.name == "patron-shop-session"]
    assert values[-1] != "planted"
    assert (
        await DB.fetch_value(
            "SELECT count(*) FROM sessions WHERE token_hash = $1", hash_of_session_token("planted")
        )
        == 0
    )


async def test_signing_in_begins_a_new_session_and_ends_the_old_one() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    first = person.cookie("session")
    await person.post("/sign-in", {"login": ines.login, "password": ines.password})
    assert person.cookie("session") != first
    assert await DB.fetch_value("SELECT count(*) FROM sessions") == 1


async def test_a_stranger_leaves_no_row() -> None:
    person = await visit("shop")
    await person.get("/")
    await person.get("/sign-in")
    assert await DB.fetch_value("SELECT count(*) FROM sessions") == 0


async def test_the_session_cookie_is_http_only_and_lax_and_strict_in_the_back_office() -> None:
    ines, admin = await people.shopper(), await people.staff_member()
    for known, application, same_site in ((ines, "shop", "lax"), (admin, "back-office", "strict")):
        person = await visit(application)
        await person.get("/sign-in")
        page = await person.post("/sign-in", {"login": known.login, "password": known.password}, follow=False)
        cookie = next(
            one
            for one in page.response.headers.get_list("set-cookie")
            if one.startswith(f"patron-{application}-session=")
        ).lower()
        assert "httponly" in cookie
        assert f"samesite={same_site}" in cookie
        assert f"path={person.prefix}/;" in cookie + ";"


async def test_in_production_the_session_cookie_is_a_host_cookie(in_production: None) -> None:
    ines = await people.shopper()
    person = await visit("shop", host="https://shop.example")
    await person.get("/sign-in")
    page = await person.post(
        "/sign-in",
        {"login": ines.login, "password": ines.password},
        follow=False,
        headers={"Origin": "https://shop.example"},
    )
    cookie = next(one for one in page.response.headers.get_list("set-cookie") if "session" in one)
    assert cookie.startswith("__Host-patron-shop-session=")
    assert "Secure" in cookie
    assert "Path=/;" in cookie
    assert "Domain" not in cookie


@pytest.mark.parametrize(
    ("who", "application", "idle", "still"),
    [
        ("shopper", "shop", "14 days 1 minute", "13 days 23 hours"),
        ("staff_member", "back-office", "31 minutes", "29 minutes"),
    ],
)
async def test_a_session_that_was_not_used_for_long_is_over(
    who: str, application: str, idle: str, still: str
) -> None:
    person = await (await getattr(people, who)()).signed_in(application)
    await DB.execute("UPDATE sessions SET last_used_at = now() - $1::text::interval", still)
    assert (await person.get("/" if application == "back-office" else "/account")).status == 200
    await DB.execute("UPDATE sessions SET last_used_at = now() - $1::text::interval", idle)
    assert (await person.get("/" if application == "back-office" else "/account")).path.startswith(
        f"{person.prefix}/sign-in"
    )


@pytest.mark.parametrize(
    ("who", "application", "hours"), [("shopper", "shop", 30 * 24), ("staff_member", "back-office", 12)]
)
async def test_a_session_ends_after_its_absolute_time_however_busy(
    who: str, application: str, hours: int
) -> None:
    person = await (await getattr(people, who)()).signed_in(application)
    left = await DB.fetch_value("SELECT extract(epoch FROM expires_at - created_at) / 3600 FROM sessions")
    assert round(left) == hours
    await DB.execute("UPDATE sessions SET expires_at = now()")
    assert (await person.get("/" if application == "back-office" else "/account")).path.startswith(
        f"{person.prefix}/sign-in"
    )


async def test_use_is_noted_at_most_once_a_minute() -> None:
    person = await (await people.shopper()).signed_in()
    await DB.execute("UPDATE sessions SET last_used_at = now() - interval '2 minutes'")
    await person.get("/account")
    noted = await DB.fetch_value("SELECT last_used_at FROM sessions")
    await person.get("/account")
    assert await DB.fetch_value("SELECT last_used_at FROM sessions") == noted


async def test_raising_the_epoch_ends_all_sessions_of_a_user_only() -> None:
    from app.sign_in.sessions import end_sessions_of

    ines, omar = await people.shopper(), await people.shopper("omar@example.com")
    first, second, other = await ines.signed_in(), await ines.signed_in(), await omar.signed_in()
    await end_sessions_of(ines.user_id)
    for person in (first, second):
        assert (await person.get("/account")).path.startswith("/sign-in")
    assert (await other.get("/account")).status == 200


async def test_a_request_in_flight_does_not_revive_a_signed_out_session() -> None:
    person = await (await people.shopper()).signed_in()
    token = person.cookie("session")
    await DB.execute("UPDATE sessions SET last_used_at = now() - interval '2 minutes'")
    await asyncio.gather(person.get("/account"), person.post("/sign-out", token=person.last.csrf_token))
    late = await visit("shop")
    late.client.cookies.set("patron-shop-session", token)
    assert (await late.get("/account")).path.startswith("/sign-in")
    assert await DB.fetch_value("SELECT count(*) FROM sessions") == 0


async def test_expired_sessions_are_deleted_by_the_worker() -> None:
    from app.sign_in.sessions import delete_expired_sessions

    await (await people.shopper()).signed_in()
    assert await delete_expired_sessions() == 0
    await DB.execute("UPDATE sessions SET expires_at = now() - interval '1 second'")
    assert await delete_expired_sessions() == 1


async def test_who_was_signed_out_in_the_middle_of_a_form_is_told_and_led_back_to_it() -> None:
    ines = await people.shopper()
    person, elsewhere = await ines.signed_in(), await ines.signed_in()
    page = await person.get("/account/addresses/new")
    await elsewhere.get("/account/security")
    await elsewhere.post("/account/security/sessions/end-others")
    page = await person.post(
        "/account/addresses/new",
        {"street": "Ring 1"},
        token=page.csrf_token,
        headers={"Referer": "http://localhost:8000/account/addresses/new"},
    )
    assert page.path.startswith("/sign-in?")
    assert "You were signed out meanwhile, so nothing was saved." in page.text
    page = await person.fill(page, {"login": ines.login, "password": ines.password})
    assert (page.path, page.h1) == ("/account/addresses/new", "Add address")


async def test_whose_session_was_ended_elsewhere_is_told_at_the_next_page() -> None:
    ines = await people.shopper()
    person, elsewhere = await ines.signed_in(), await ines.signed_in()
    told = "You are not signed in here any more. Please sign in again."
    await elsewhere.get("/account/security")
    await elsewhere.post("/account/security/sessions/end-others")
    page = await person.get("/account")
    assert page.path.startswith("/sign-in?")
    assert told in page.main
    # Who has signed out, or never was signed in, knows it.
    page = await elsewhere.get("/account/security")
    await elsewhere.post("/sign-out", token=page.csrf_token)
    for one in (elsewhere, await visit("shop")):
        page = await one.get("/account")
        assert page.path.startswith("/sign-in?")
        assert told not in page.text
