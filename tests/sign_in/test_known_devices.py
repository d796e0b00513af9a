"""A sign-in from a device that is new to a user is told by mail (security.md, Sessions)."""

import hashlib

import pytest

from app.sign_in.known_devices import delete_old_devices, tell_new_devices
from tables.engine import DB
from tests import people
from tests.browser_like import Person, mails, visit

pytestmark = pytest.mark.usefixtures("database")


async def told(to: str) -> list[str]:
    await tell_new_devices()
    return [one.text for one in await mails("new_device", to)]


async def sign_in(person: Person, known: people.Known) -> None:
    page = await person.sign_in(known.login, known.password)
    assert page.status == 200


async def test_the_first_device_ever_is_no_news() -> None:
    ines = await people.shopper()
    await ines.signed_in()
    assert await told(ines.email) == []


async def test_a_second_device_is_told_with_its_name_time_and_network() -> None:
    ines = await people.shopper()
    await ines.signed_in()
    other = await visit("shop", address="192.0.2.7")
    other.client.headers["User-Agent"] = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Firefox/140.0"
    await sign_in(other, ines)
    (text,) = await told(ines.email)
    assert "Firefox on Windows" in text
    assert "IPv4" in text
    assert "/forgotten-password" in text


async def test_a_known_device_is_not_told_again() -> None:
    ines = await people.shopper()
    await ines.signed_in()
    other = await ines.signed_in()
    assert len(await told(ines.email)) == 1
    await DB.execute("UPDATE known_devices SET told_at = now() - interval '1 hour'")
    await other.post("/sign-out")
    await sign_in(other, ines)
    assert len(await told(ines.email)) == 1
    assert await DB.fetch_value("SELECT count(*) FROM known_devices") == 2


async def test_a_browser_is_known_for_each_of_its_users_apart() -> None:
    ines, omar = await people.shopper(), await people.shopper("omar@example.com")
    await omar.signed_in()
    browser = await ines.signed_in()
    await browser.post("/sign-out")
    await sign_in(browser, omar)
    assert await told(ines.email) == []
    assert len(await told(omar.email)) == 1


async def test_many_new_devices_at_once_are_one_mail_and_a_pause_follows() -> None:
    ines = await people.shopper()
    for _ in range(4):
        await ines.signed_in()
    (text,) = await told(ines.email)
    assert text.count("Unknown device") == 3
    await ines.signed_in()
    assert len(await told(ines.email)) == 1
    await DB.execute("UPDATE known_devices SET told_at = told_at - interval '11 minutes'")
    assert len(await told(ines.email)) == 2


async def test_a_wrong_password_makes_no_device_known() -> None:
    ines = await people.shopper()
    await (await visit("shop")).sign_in(ines.login, "not the password at all")
    assert await DB.fetch_value("SELECT count(*) FROM known_devices") == 0


async def test_the_cookie_is_kept_for_long_and_only_its_hash_is_stored() -> None:
    ines = await people.shopper()
    person = await visit("shop")
    await person.get("/sign-in")
    page = await person.post("/sign-in", {"login": ines.login, "password": ines.password}, follow=False)
    (cookie,) = [
        one.lower()
        for one in page.response.headers.get_list("set-cookie")
        if one.startswith("patron-shop-device=")
    ]
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert f"max-age={400 * 24 * 3600}" in cookie
    token = person.cookie("device") or ""
    stored = await DB.fetch_value("SELECT device_hash FROM known_devices")
    assert stored == hashlib.sha256(token.encode()).digest()


async def test_the_mail_is_in_the_language_of_the_person() -> None:
    ines = await people.shopper(preferred_language="de")
    await ines.signed_in()
    await ines.signed_in()
    (text,) = await told(ines.email)
    assert "Unbekanntes Gerät" in text
    assert "Dieser Rechner" in text


async def test_devices_are_forgotten_when_no_browser_knows_them_any_more() -> None:
    await (await people.shopper()).signed_in()
    assert await delete_old_devices() == 0
    await DB.execute("UPDATE known_devices SET last_used_at = now() - interval '401 days'")
    assert await delete_old_devices() == 1
