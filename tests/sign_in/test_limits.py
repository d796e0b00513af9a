"""Lockout and limits (security.md, Sign-in, lockout, enumeration)."""

import asyncio

import pytest

from app.sign_in.limits import is_account_locked
from tables.engine import DB
from tests import people
from tests.browser_like import mails, visit

pytestmark = pytest.mark.usefixtures("database")

WRONG = "not the right password"


async def fail(login: str, times: int, network: str = "10.1.0") -> None:
    """Wrong passwords from a new address each, so that only the account's limit counts."""
    for number in range(times):
        person = await visit("shop", address=f"{network}.{number + 1}")
        assert (await person.sign_in(login, WRONG)).status == 422


async def test_after_ten_failures_in_five_minutes_the_right_password_is_refused_like_a_wrong_one() -> None:
    ines = await people.shopper()
    await fail(ines.login, 9)
    person = await visit("shop")
    assert (await person.sign_in(ines.login, ines.password)).path == "/account"
    await fail(ines.login, 10)
    person = await visit("shop", address="10.2.0.1")
    page = await person.sign_in(ines.login, ines.password)
    assert page.status == 422
    assert page.errors[""] == "E-mail and password do not match. Please check both and try again."


async def test_unknown_accounts_are_locked_alike() -> None:
    for _ in range(10):
        assert not await is_account_locked("nobody@example.com")
    assert await is_account_locked("nobody@example.com")


async def test_the_wait_grows_from_one_to_fifteen_minutes() -> None:
    waits = []
    for _ in range(6):
        while not await is_account_locked("someone"):
            pass
        waits.append(
            round(
                await DB.fetch_value(
                    "SELECT extract(epoch FROM blocked_until - now()) / 60 FROM attempt_counters"
                )
            )
        )
        await DB.execute("UPDATE attempt_counters SET blocked_until = now() - interval '1 second'")
    assert waits == [1, 2, 4, 8, 15, 15]


async def test_knocking_on_a_locked_account_does_not_lengthen_the_wait() -> None:
    while not await is_account_locked("someone"):
        pass
    before = await DB.fetch_row("SELECT * FROM attempt_counters")
    for _ in range(20):
        assert await is_account_locked("someone")
    assert await DB.fetch_row("SELECT * FROM attempt_counters") == before


async def test_failures_older_than_five_minutes_do_not_count() -> None:
    for _ in range(10):
        await is_account_locked("someone")
    await DB.execute("UPDATE attempt_counters SET window_started_at = now() - interval '6 minutes'")
    assert not await is_account_locked("someone")


async def test_a_hundred_failures_in_a_row_need_a_reset() -> None:
    ines = await people.shopper()
    await is_account_locked(ines.login)
    await DB.execute(
        "UPDATE attempt_counters SET in_a_row = 100, window_started_at = now() - interval '1 hour'"
    )
    person = await visit("shop")
    assert (await person.sign_in(ines.login, ines.password)).status == 422
    await DB.execute(
        "UPDATE attempt_counters SET blocked_until = NULL, window_started_at = now() - interval '1 hour'"
    )
    assert (await person.sign_in(ines.login, ines.password)).status == 422

    await person.fill(await person.get("/forgotten-password"), {"email": ines.email})
    (mail,) = await mails("password_reminder")
    await person.fill(await person.get(mail.link), {"password": people.ANOTHER_PASSWORD})
    assert (await person.sign_in(ines.login, people.ANOTHER_PASSWORD)).path == "/account"


async def test_parallel_guesses_are_counted_before_the_password_is_looked_at() -> None:
    ines = await people.shopper()
    guessers = [await visit("shop", address=f"10.3.0.{number}") for number in range(30)]
    for one in guessers:
        await one.get("/sign-in")
    await asyncio.gather(
        *(one.post("/sign-in", {"login": ines.login, "password": WRONG}) for one in guessers)
    )
    outcomes = await DB.fetch("SELECT outcome, count(*) AS n FROM sign_in_attempts GROUP BY outcome")
    assert {row["outcome"]: row["n"] for row in outcomes} == {"wrong password": 10, "locked": 20}


async def test_a_client_has_twenty_failures_in_five_minutes_whatever_the_account() -> None:
    person = await visit("shop", address="10.4.0.1")
    for number in range(20):
        assert (await person.sign_in(f"nobody{number}@example.com", WRONG)).status == 422
    page = await person.post("/sign-in", {"login": "another@example.com", "password": WRONG})
    assert page.status == 429
    assert 0 < int(page.response.headers["retry-after"]) <= 300
    other = await visit("shop", address="10.4.0.2")
    assert (await other.sign_in("another@example.com", WRONG)).status == 422


async def test_an_ipv6_client_is_counted_by_its_network() -> None:
    for number in range(20):
        person = await visit("shop", address=f"2001:db8:1:2::{number + 1:x}")
        await person.sign_in(f"nobody{number}@example.com", WRONG)
    same = await visit("shop", address="2001:db8:1:2:ffff::1")
    await same.get("/sign-in")
    assert (await same.post("/sign-in", {"login": "x@example.com", "password": WRONG})).status == 429
    other = await visit("shop", address="2001:db8:1:3::1")
    assert (await other.sign_in("x@example.com", WRONG)).status == 422


async def test_good_sign_ins_do_not_use_up_the_client_s_tries() -> None:
    ines = await people.shopper()
    for _ in range(25):
        await ines.signed_in(address="10.5.0.1")


async def test_a_good_sign_in_clears_only_its_own_failures() -> None:
    ines, omar = await people.shopper(), await people.shopper("omar@example.com")
    await fail(ines.login, 5, "10.6.0")
    await fail(omar.login, 10, "10.7.0")
    await ines.signed_in()
    page = await (await visit("shop")).sign_in(omar.login, omar.password)
    assert page.status == 422


async def test_forwarded_addresses_count_only_behind_a_trusted_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    from app.settings import settings

    async def statuses(proxy: str) -> set[int]:
        found = set()
        person = await visit("shop", address=proxy)
        await person.get("/sign-in")
        for number in range(22):
            page = await person.post(
                "/sign-in",
                {"login": f"nobody{number}@example.com", "password": WRONG},
                headers={"X-Forwarded-For": f"198.51.100.{number}"},
            )
            found.add(page.status)
        return found

    assert await statuses("10.8.0.1") == {422, 429}
    monkeypatch.setenv("PATRON_TRUSTED_PROXIES", "10.9.0.0/16")
    settings.cache_clear()
    try:
        assert await statuses("10.9.0.1") == {422}
    finally:
        monkeypatch.undo()
        settings.cache_clear()


async def test_typed_logins_are_not_kept_in_the_clear() -> None:
    person = await visit("shop")
    await person.sign_in("my secret typed here by mistake", WRONG)
    assert not await DB.fetch("SELECT 1 FROM attempt_counters WHERE key LIKE '%secret%'")


async def test_when_too_many_hashes_wait_the_answer_is_come_back_in_a_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from app.sign_in import passwords

    ines = await people.shopper()
    person = await visit("shop")
    await person.get("/sign-in")
    monkeypatch.setattr(passwords, "LONGEST_QUEUE", 0)
    page = await person.post("/sign-in", {"login": ines.login, "password": ines.password})
    assert page.status == 503
    assert page.response.headers["retry-after"] == "3"
    assert (await person.get("/")).status == 200


async def test_old_counters_are_deleted_by_the_worker() -> None:
    from app.sign_in.limits import delete_old_counters

    await is_account_locked("someone")
    assert await delete_old_counters() == 0
    await DB.execute("UPDATE attempt_counters SET updated_at = now() - interval '3 days'")
    assert await delete_old_counters() == 1
