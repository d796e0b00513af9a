"""Signing in and out (domain.md 3; security.md, Sign-in)."""

import asyncio
import unicodedata

import pytest

from app.customers.emails import canonical_login
from app.sign_in.limits import is_account_locked, key_of_account
from app.sign_in.passwords import HASHER
from tables import ApprovalStatus
from tables.engine import DB
from tests import people
from tests.browser_like import visit
from tests.catalog.shelf import counted_queries

pytestmark = pytest.mark.usefixtures("database")


async def test_a_shopper_signs_in_and_sees_the_account() -> None:
    ines = await people.shopper(first_name="Ines")
    person = await visit("shop")
    page = await person.sign_in(ines.login, ines.password)
    assert (page.status, page.path) == (200, "/account")
    assert "Ines" in page.text


async def test_login_ignores_case_and_unicode_form() -> None:
    await people.shopper("jörg@example.com")
    person = await visit("shop")
    typed = unicodedata.normalize("NFD", "JÖRG@Example.COM")
    assert (await person.sign_in(typed, people.PASSWORD)).path == "/account"


async def test_a_password_is_the_same_in_both_unicode_forms() -> None:
    ines = await people.shopper(
        password_hash=HASHER.hash(unicodedata.normalize("NFKC", "ein schöner Übergang"))
    )
    for form in ("NFC", "NFD"):
        person = await visit("shop")
        page = await person.sign_in(ines.login, unicodedata.normalize(form, "ein schöner Übergang"))
        assert page.path == "/account", form


async def test_unknown_login_and_wrong_password_get_the_same_answer() -> None:
    ines = await people.shopper()
    disabled = await people.shopper("disabled@example.com", is_active=False)
    company = await people.company()
    answers = set()
    for login in (ines.login, "nobody@example.com", disabled.login, company.login):
        person = await visit("shop")
        page = await person.sign_in(login, "not the right password")
        assert page.status == 422
        answers.add(
            page.html.replace(login, "…")
            .replace(page.csrf_token, "…")
            .replace(page.response.headers["x-request-id"], "…")
        )
    assert len(answers) == 1
    assert person.cookie("session") is None


async def test_what_was_typed_stays_but_never_the_password() -> None:
    person = await visit("shop")
    page = await person.sign_in("nobody@example.com", "a wrong password here")
    assert page.typed("login") == "nobody@example.com"
    assert "a wrong password here" not in page.html


async def statements_of(login: str, password: str) -> tuple[list[str], int]:
    """What the database is asked by a try to sign in that fails, and how many transactions have written."""
    person = await visit("shop", address="10.9.0.1")
    page = await person.get("/sign-in")
    await DB.execute("DELETE FROM attempt_counters WHERE key LIKE 'client:%'")
    with counted_queries() as said:
        assert (await person.fill(page, {"login": login, "password": password})).status == 422
    written = await DB.fetch_value(
        "SELECT count(DISTINCT xmin::text) FROM attempt_counters WHERE key = $1 OR key LIKE 'client:sign-in:%'",
        key_of_account(login),
    )
    return said, written


async def test_no_failure_costs_more_than_another_one() -> None:
    """Statement by statement the same, and each of them writes: what is made sure on the disk takes the longest."""
    ines = await people.shopper()
    disabled = await people.shopper("disabled@example.com", is_active=False)
    locked = await people.shopper("locked@example.com")
    elsewhere = await people.company()
    while not await is_account_locked(locked.login):
        pass
    while not await is_account_locked("locked-nobody@example.com"):
        pass
    unknown = await statements_of("nobody@example.com", "not the right password")
    assert unknown[1] == 2, "the client and the account are counted, and the failure is noted"
    for login, password in (
        (ines.login, "not the right password"),
        (ines.login, "x" * 5000),
        (disabled.login, "not the right password"),
        (elsewhere.login, "not the right password"),
        (locked.login, "not the right password"),
        (locked.login, locked.password),
        ("locked-nobody@example.com", "not the right password"),
    ):
        assert await statements_of(login, password) == unknown, (login, password[:30])
    noted = await DB.fetch(
        "SELECT u.login, a.outcome, count(*) AS n FROM sign_in_attempts a JOIN users u ON u.id = a.user"
        " GROUP BY u.login, a.outcome"
    )
    assert {(row["login"], row["outcome"]): row["n"] for row in noted} == {
        (ines.login, "wrong password"): 2,
        (disabled.login, "wrong password"): 1,
        (elsewhere.login, "wrong password"): 1,
        (locked.login, "locked"): 2,
    }


async def test_every_path_costs_exactly_one_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted by watching the hasher do its real work: unknown, wrong, too long, disabled, wrong shop, locked,
    right."""
    from app.sign_in import passwords

    ines = await people.shopper()
    disabled = await people.shopper("disabled@example.com", is_active=False)
    elsewhere = await people.company()
    locked = await people.shopper("locked@example.com")
    while not await is_account_locked(locked.login):
        pass
    counted: list[str] = []
    real = passwords._verify
    monkeypatch.setattr(passwords, "_verify", lambda *values: counted.append("one") or real(*values))
    for login, password in (
        ("nobody@example.com", "some password"),
        (ines.login, "some password"),
        (ines.login, "x" * 5000),
        (disabled.login, "some password"),
        (disabled.login, disabled.password),
        (elsewhere.login, "some password"),
        (elsewhere.login, elsewhere.password),
        (locked.login, "some password"),
        (locked.login, locked.password),
        (ines.login, ines.password),
    ):
        counted.clear()
        person = await visit("shop")
        await person.sign_in(login, password)
        assert len(counted) == 1, (login, password[:20])


async def test_an_outdated_hash_is_made_anew_at_a_good_sign_in() -> None:
    from argon2 import PasswordHasher

    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(people.PASSWORD)
    ines = await people.shopper(password_hash=old)
    await (await visit("shop")).sign_in(ines.login, "not the right password")
    assert await DB.fetch_value("SELECT password_hash FROM users WHERE id = $1", ines.user_id) == old
    await ines.signed_in()
    new = await DB.fetch_value("SELECT password_hash FROM users WHERE id = $1", ines.user_id)
    assert new != old
    assert not HASHER.check_needs_rehash(new)


async def test_after_signing_in_the_wanted_page_opens() -> None:
    ines = await people.shopper()
    person = await visit("shop")
    page = await person.get("/account/addresses")
    assert page.path.startswith("/sign-in?next=")
    page = await person.fill(page, {"login": ines.login, "password": ines.password})
    assert page.path == "/account/addresses"


@pytest.mark.parametrize(
    "evil",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/\t/evil.example"],
)
async def test_signing_in_never_leads_to_another_site(evil: str) -> None:
    ines = await people.shopper()
    person = await visit("shop")
    await person.get("/sign-in")
    page = await person.post(
        "/sign-in", {"login": ines.login, "password": ines.password, "next": evil}, follow=False
    )
    assert page.response.headers["location"] == "/account"


async def test_signing_out_ends_the_session_in_the_table_too() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    stolen = person.cookie("session")
    page = await person.post("/sign-out")
    assert "You are signed out." in page.text
    assert await DB.fetch_value("SELECT count(*) FROM sessions") == 0
    thief = await visit("shop")
    thief.client.cookies.set("patron-shop-session", stolen)
    assert (await thief.get("/account")).path.startswith("/sign-in")


async def test_signing_out_refuses_get() -> None:
    person = await (await people.shopper()).signed_in()
    assert (await person.get("/sign-out")).status == 405
    assert (await person.get("/account")).status == 200


async def test_in_user_name_mode_the_user_name_signs_in(user_name_mode: None) -> None:
    ines = await people.shopper("ines@example.com", login="Ines.Okonkwo")
    twin = await people.shopper("ines@example.com", login="ines2")
    for known in (ines, twin):
        person = await visit("shop")
        page = await person.get("/sign-in")
        assert "User name" in page.main
        page = await person.fill(page, {"login": known.login.upper(), "password": known.password})
        assert page.path == "/account"


async def test_a_sign_in_costs_three_statements_beside_its_hash() -> None:
    ines = await people.shopper()
    person = await visit("shop")
    page = await person.get("/sign-in")
    with counted_queries() as said:
        answer = await person.fill(page, {"login": ines.login, "password": ines.password}, follow=False)
    assert answer.status == 303
    # The versions, the try with the accounts, and the session with what is noted of the right password.
    assert len(said) == 3, said


async def test_parallel_sign_ins_all_succeed() -> None:
    known = [await people.shopper(f"shopper{number}@example.com") for number in range(12)]
    opened = await asyncio.gather(
        *(one.signed_in(address=f"10.0.0.{number}") for number, one in enumerate(known))
    )
    assert len({person.cookie("session") for person in opened}) == 12


@pytest.mark.parametrize(
    ("changes", "heading"),
    [
        ({"is_active": False}, "Your account is deactivated"),
        ({"customer_is_active": False}, "Your account is deactivated"),
        ({"membership_is_active": False}, "Your account is deactivated"),
        ({"email_verified_at": None}, "Verify your e-mail"),
        ({"approval_status": ApprovalStatus.PENDING}, "Your account awaits approval"),
        ({"approval_status": ApprovalStatus.REJECTED}, "Your application was not accepted"),
    ],
)
async def test_after_the_right_password_the_reason_is_told(changes: dict[str, object], heading: str) -> None:
    maria = await people.company(**changes)
    person = await visit("business")
    page = await person.sign_in(maria.login, maria.password)
    assert (page.status, page.h1) == (403, heading)
    assert person.cookie("session") is None
    assert (await person.get("/account")).path.startswith("/business/sign-in")


async def test_a_rejected_applicant_is_led_to_the_application() -> None:
    maria = await people.company(approval_status=ApprovalStatus.REJECTED)
    person = await visit("business")
    page = await person.sign_in(maria.login, maria.password)
    link = next(one for one in page.links if "/register/correct?token=" in one)
    page = await person.get(link)
    assert page.status == 200
    assert page.typed("company_name") == "Alfreds Futterkiste"


def test_a_host_that_is_longer_than_any_is_compared_as_it_is_typed() -> None:
    """Whatever a stranger types as a login is brought into that form, before any limit counts."""
    assert canonical_login("Ines@ÄPFEL.example") == "ines@xn--pfel-koa.example"
    too_long = "ines@" + "ä." * 130 + "example"
    assert canonical_login(too_long) == too_long
