"""Signing in by a mailed code: as good as the mailbox, and no way around the limits, the gate or the factors."""

import asyncio
import re

import pytest

from app.sign_in.codes import answer_code_requests, delete_old_codes
from app.sign_in.limits import key_of_account
from tables import ApprovalStatus
from tables.engine import DB
from tests import people
from tests.browser_like import Person, SeenPage, mails, visit
from tests.catalog.shelf import counted_queries
from tests.other_connection import other_connection, until_somebody_waits
from tests.own_applications import OwnApplications
from tests.sign_in.test_second_factor import code_of

pytestmark = pytest.mark.usefixtures("database")

WRONG = "This code is wrong or no longer works. Please check it, or ask for a new one."


@pytest.fixture
def without_codes(own_applications: OwnApplications) -> None:
    """The shops without sign-in by code."""
    own_applications.replace('login_type = "email"', 'login_type = "email"\nsign_in_by_code = false')


async def asked(
    login: str, application: str = "shop", person: Person | None = None
) -> tuple[Person, SeenPage]:
    """A browser in which a code was asked for, and its page."""
    person = person or await visit(application)
    page = await person.fill(await person.get("/sign-in/code"), {"login": login})
    assert page.h1 == "Enter your code"
    return person, page


async def codes_of_mail() -> list[str]:
    """The codes of the newest mail."""
    return re.findall(r"\b\d{6}\b", (await mails("sign_in_code"))[-1].text)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


async def test_a_mailed_code_signs_in_without_a_password() -> None:
    ines = await people.shopper()
    person = await visit("shop")
    page = await person.get("/sign-in?next=/account/addresses")
    assert "Sign in by a code that we mail you" in page.text
    page = await person.get("/sign-in/code?next=/account/addresses")
    page = await person.fill(page, {"login": "INES@example.com"})
    (mail,) = await mails("sign_in_code")
    assert mail.to == ines.email
    (code,) = await codes_of_mail()
    page = await person.fill(page, {"code": f" {code[:3]} {code[3:]} "})
    assert (page.status, page.path) == (200, "/account/addresses")
    attempt = await DB.fetch_row("SELECT outcome, method FROM sign_in_attempts")
    assert attempt == {"outcome": "signed in", "method": "code"}


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "/" + "a" * 100_000])
async def test_no_page_but_one_of_ours_goes_along_to_the_page_for_the_code(elsewhere: str) -> None:
    person = await visit("shop")
    assert (await person.get("/sign-in/code/enter?next=" + elsewhere[:5000])).path == "/sign-in/code"
    page = await person.fill(
        await person.get("/sign-in/code"), {"login": "ines@example.com", "next": elsewhere}
    )
    assert (page.h1, page.path) == ("Enter your code", "/sign-in/code/enter")


async def test_known_and_unknown_logins_get_the_same_answers_and_leave_the_same_row() -> None:
    ines = await people.shopper()
    answers = []
    for login in (ines.login, "nobody@example.com"):
        person, page = await asked(login)
        answers.append((page.main, (await person.fill(page, {"code": "000000"})).main))
    assert answers[0] == answers[1]
    assert await DB.fetch_value('SELECT count(*) FROM sign_in_codes WHERE "user" IS NULL') == 2
    assert [one.to for one in await mails()] == [ines.email]


async def test_a_code_works_once_also_in_parallel() -> None:
    await people.shopper()
    person, page = await asked("ines@example.com")
    (code,) = await codes_of_mail()
    kept = person.cookie("code") or ""
    fields = {"code": code, "_csrf_token": page.csrf_token}
    answers = await asyncio.gather(
        *(person.post("/sign-in/code/enter", fields, follow=False) for _ in range(8))
    )
    # None of them waits for one that waits for it: client and account are locked in one order.
    assert sorted(one.status for one in answers) == [303, *[422] * 7]
    assert person.cookie("code") is None
    again = await visit("shop")
    again.client.cookies.set("patron-shop-code", kept, domain="localhost.local", path="/")
    page = await again.fill(await again.get("/sign-in/code/enter"), {"code": code})
    assert (page.status, page.errors["code"]) == (422, WRONG)


async def test_the_counter_of_the_client_is_locked_before_that_of_the_account() -> None:
    # Otherwise two tries at once can wait for each other, as it has happened.
    await people.shopper()
    person, page = await asked("ines@example.com")
    (code,) = await codes_of_mail()
    with counted_queries() as said:
        answer = await person.fill(page, {"code": code}, follow=False)
    assert answer.status == 303
    client = next(n for n, one in enumerate(said) if one.strip().startswith("UPDATE attempt_counters"))
    account = next(n for n, one in enumerate(said) if one.strip().startswith("DELETE FROM attempt_counters"))
    assert client < account


@pytest.mark.parametrize("is_right", [True, False])
async def test_a_try_names_the_user_before_it_locks_codes_and_counters(
    database: str, *, is_right: bool
) -> None:
    """Who deletes the user holds them, and then deletes their codes and their counter."""
    known = await people.shopper()
    person, page = await asked(known.login)
    (code,) = await codes_of_mail()
    async with other_connection(database) as other:
        await other.execute("BEGIN")
        await other.execute("SELECT FROM users WHERE id = $1 FOR UPDATE", known.user_id)
        typed = {"code": code if is_right else wrong(code)}
        trying = asyncio.ensure_future(person.fill(page, typed, follow=False))
        await until_somebody_waits(trying)
        await other.execute("SELECT FROM sign_in_codes FOR UPDATE NOWAIT")
        await other.execute("SELECT FROM attempt_counters FOR UPDATE NOWAIT")
        await other.execute("COMMIT")
        assert (await trying).status == (303 if is_right else 422)


async def test_a_code_works_only_in_the_browser_that_asked() -> None:
    ines = await people.shopper()
    await asked(ines.login)
    (code,) = await codes_of_mail()
    thief, page = await asked("somebody.else@example.com")
    page = await thief.fill(page, {"code": code})
    assert (page.status, page.errors["code"]) == (422, WRONG)


async def test_after_ten_minutes_a_code_is_dead_and_soon_forgotten() -> None:
    await people.shopper()
    person, page = await asked("ines@example.com")
    (code,) = await codes_of_mail()
    assert await DB.fetch_value(
        "SELECT extract(epoch FROM expires_at - now()) BETWEEN 590 AND 600 FROM sign_in_codes"
    )
    await DB.execute("UPDATE sign_in_codes SET expires_at = now() - interval '1 second'")
    assert (await person.fill(page, {"code": code})).status == 422
    assert await delete_old_codes() == 0
    await DB.execute("UPDATE sign_in_codes SET expires_at = now() - interval '2 hours'")
    assert await delete_old_codes() == 1


async def test_after_five_wrong_tries_a_code_is_dead_also_in_parallel() -> None:
    await people.shopper()
    person, page = await asked("ines@example.com")
    (code,) = await codes_of_mail()
    token = {"_csrf_token": page.csrf_token}
    tries = (person.post("/sign-in/code/enter", {"code": wrong(code), **token}) for _ in range(5))
    assert {one.status for one in await asyncio.gather(*tries)} == {422}
    assert (await person.fill(page, {"code": code})).status == 422
    outcomes = await DB.fetch("SELECT DISTINCT outcome, method FROM sign_in_attempts")
    assert outcomes == [{"outcome": "wrong code", "method": "code"}]


async def test_a_new_code_replaces_the_one_before() -> None:
    ines = await people.shopper()
    person, page = await asked(ines.login)
    (first,) = await codes_of_mail()
    other, other_page = await asked(ines.login)
    (second,) = await codes_of_mail()
    assert (await person.fill(page, {"code": first})).status == 422
    assert (await other.fill(other_page, {"code": second})).path == "/account"


async def test_asking_again_in_one_browser_leaves_the_newest_code() -> None:
    ines = await people.shopper()
    person, _page = await asked(ines.login)
    (first,) = await codes_of_mail()
    _person, page = await asked(ines.login, person=person)
    (second,) = await codes_of_mail()
    assert (await person.fill(page, {"code": first if first != second else wrong(first)})).status == 422
    assert (await person.fill(page, {"code": second})).path == "/account"


async def test_wrong_codes_lock_the_account_as_wrong_passwords_do() -> None:
    ines = await people.shopper()
    for _round in range(2):
        person, page = await asked(ines.login)
        (code,) = await codes_of_mail()
        for _ in range(5):
            assert (await person.fill(page, {"code": wrong(code)})).status == 422
    assert (await (await visit("shop", address="10.0.0.9")).sign_in(ines.login, ines.password)).status == 422


async def test_wrong_passwords_lock_the_code_too() -> None:
    ines = await people.shopper()
    person = await visit("shop", address="10.0.0.8")
    for _ in range(11):
        await person.sign_in(ines.login, "not my password")
    other, page = await asked(ines.login)
    (code,) = await codes_of_mail()
    page = await other.fill(page, {"code": code})
    assert (page.status, page.errors["code"]) == (422, WRONG)


async def test_a_client_tries_codes_as_often_as_passwords() -> None:
    person = await visit("shop")
    await person.get("/sign-in")
    statuses = [(await person.post("/sign-in/code/enter", {"code": "123456"})).status for _ in range(21)]
    assert statuses == [422] * 20 + [429]


async def test_a_client_asks_at_most_twenty_times_and_a_mailbox_gets_five_mails_an_hour() -> None:
    await people.shopper()
    person = await visit("shop")
    await person.get("/sign-in/code")
    statuses = [
        (await person.post("/sign-in/code", {"login": "ines@example.com"}, follow=False)).status
        for _ in range(21)
    ]
    assert statuses == [303] * 20 + [429]
    for number in range(7):
        await asked("ines@example.com", person=await visit("shop", address=f"10.0.1.{number}"))
        await answer_code_requests()
    assert len(await mails("sign_in_code")) == 5


@pytest.mark.parametrize(
    ("change", "heading"),
    [
        ("UPDATE customers SET is_active = false", "Your account is deactivated"),
        ("UPDATE users SET email_verified_at = NULL", "Verify your e-mail"),
        ("UPDATE customers SET approval_status = 'pending'", "Your account awaits approval"),
        ("UPDATE customers SET approval_status = 'rejected'", "Your application was not accepted"),
    ],
)
async def test_a_code_meets_the_same_gate_as_the_password(change: str, heading: str) -> None:
    maria = await people.company(approval_status=ApprovalStatus.APPROVED)
    await DB.execute(change)
    person, page = await asked(maria.login, "business")
    (code,) = await codes_of_mail()
    page = await person.fill(page, {"code": code})
    assert (page.status, page.h1) == (403, heading)
    assert person.cookie("session") is None
    assert (await person.get("/account")).path.startswith("/business/sign-in")


async def test_a_code_of_the_wrong_shop_leads_to_the_right_one() -> None:
    maria = await people.company()
    person, page = await asked(maria.login, "shop")
    (code,) = await codes_of_mail()
    page = await person.fill(page, {"code": code})
    assert page.h1 == "Your account belongs to another site"


async def test_a_deactivated_user_gets_no_code() -> None:
    await people.shopper(is_active=False)
    await asked("ines@example.com")
    assert await mails() == []


async def test_a_code_does_not_verify_the_e_mail_of_an_account_that_a_stranger_registered() -> None:
    ines = await people.shopper(email_verified_at=None)
    person, page = await asked(ines.login)
    (code,) = await codes_of_mail()
    assert (await person.fill(page, {"code": code})).h1 == "Verify your e-mail"
    assert await DB.fetch_value("SELECT email_verified_at IS NULL FROM users")


async def test_a_code_does_not_skip_the_second_factor() -> None:
    ines = await people.shopper()
    from app.applications import application_by_id
    from app.sign_in.second_factor import confirm_authenticator, new_authenticator

    shop = application_by_id("shop")
    assert shop is not None
    secret, _address = await new_authenticator(ines.user_id, ines.login, shop)
    assert await confirm_authenticator(ines.user_id, code_of(secret, -30), shop)
    person, page = await asked(ines.login)
    (code,) = await codes_of_mail()
    page = await person.fill(page, {"code": code})
    assert page.h1 == "Second factor"
    assert (await person.get("/account")).path == "/sign-in/second-factor"
    page = await person.fill(await person.get("/sign-in/second-factor"), {"code": code_of(secret)})
    assert page.path == "/account"


async def test_a_code_dies_when_the_e_mail_becomes_another() -> None:
    ines = await people.shopper()
    person, page = await asked(ines.login)
    (code,) = await codes_of_mail()
    await DB.execute("UPDATE users SET email = 'new@example.com', email_canonical = 'new@example.com'")
    assert (await person.fill(page, {"code": code})).status == 422


async def test_a_sign_in_by_code_ends_links_to_a_new_password() -> None:
    ines = await people.shopper()
    person = await visit("shop")
    await person.fill(await person.get("/forgotten-password"), {"email": ines.email})
    (reminder,) = await mails("password_reminder")
    person, page = await asked(ines.login)
    (code,) = await codes_of_mail()
    await person.fill(page, {"code": code})
    assert (await (await visit("shop")).get(reminder.link)).status == 410


async def test_in_user_name_mode_each_account_of_an_e_mail_has_its_own_code(user_name_mode: None) -> None:
    first = await people.shopper("ines@example.com", login="ines")
    second = await people.shopper("ines@example.com", login="ines-at-work")
    person, page = await asked("ines@example.com")
    (mail,) = await mails("sign_in_code")
    codes = dict(zip(("ines", "ines-at-work"), await codes_of_mail(), strict=True))
    assert first.login in mail.text
    assert second.login in mail.text
    page = await person.fill(page, {"code": codes["ines-at-work"]})
    assert page.path == "/account"
    assert await DB.fetch_value('SELECT "user" FROM sessions') == second.user_id
    assert await DB.fetch_value("SELECT count(*) FROM sign_in_codes WHERE used_at IS NULL") == 0


async def test_a_good_code_counts_against_no_other_account_of_the_e_mail(user_name_mode: None) -> None:
    """A hundred good sign-ins to one account would else lock the other one until its password is reset."""
    await people.shopper("ines@example.com", login="ines")
    await people.shopper("ines@example.com", login="ines-at-work")
    for _turn in range(2):
        person, page = await asked("ines@example.com")
        await person.fill(page, {"code": wrong(wrong((await codes_of_mail())[0]))})
        page = await person.fill(page, {"code": (await codes_of_mail())[1]})
        assert page.path == "/account"
    counted = "SELECT attempts, in_a_row FROM attempt_counters WHERE key = $1"
    assert await DB.fetch_row(counted, key_of_account("ines-at-work")) is None
    # The wrong ones count, since nobody knows which account was meant.
    assert await DB.fetch_row(counted, key_of_account("ines")) == {"attempts": 2, "in_a_row": 2}


async def test_in_user_name_mode_a_user_name_gets_one_code(user_name_mode: None) -> None:
    await people.shopper("ines@example.com", login="ines")
    await people.shopper("ines@example.com", login="ines-at-work")
    person, page = await asked("Ines")
    (code,) = await codes_of_mail()
    assert (await person.fill(page, {"code": code})).path == "/account"


async def test_staff_get_no_code_and_the_back_office_has_no_such_page() -> None:
    admin = await people.staff_member()
    await asked(admin.login, "shop")
    assert await mails() == []
    person = await visit("back-office")
    assert (await person.get("/sign-in/code")).status == 404
    assert (await person.get("/sign-in/code/enter")).status == 404
    assert "code" not in (await person.get("/sign-in")).main


async def test_where_the_setting_is_off_there_are_no_pages_and_no_link(without_codes: None) -> None:
    person = await visit("shop")
    for path in ("/sign-in/code", "/sign-in/code/enter"):
        assert (await person.get(path)).status == 404
        await person.get("/sign-in")
        assert (await person.post(path, {"login": "ines@example.com", "code": "123456"})).status == 404
    assert "/sign-in/code" not in (await person.get("/sign-in")).html


async def test_two_workers_answer_each_request_once() -> None:
    await people.shopper()
    await asked("ines@example.com")
    assert sum(await asyncio.gather(*(answer_code_requests() for _ in range(4)))) == 1
    assert len(await mails("sign_in_code")) == 1


async def test_neither_code_nor_cookie_can_be_read_from_the_table() -> None:
    await people.shopper()
    person, _page = await asked("ines@example.com")
    (code,) = await codes_of_mail()
    stored = str(await DB.fetch("SELECT browser_hash, code_hash, login_canonical FROM sign_in_codes"))
    assert code not in stored
    assert (person.cookie("code") or "") not in stored


async def test_a_planted_cookie_and_missing_fields_are_answered_politely() -> None:
    person = await visit("shop")
    assert (await person.get("/sign-in/code/enter")).path == "/sign-in/code"
    person.client.cookies.set("patron-shop-code", "x" * 500, domain="localhost.local", path="/")
    page = await person.get("/sign-in/code/enter")
    assert page.status == 200
    for code in ("", "abc", "1" * 100, "١٢٣٤٥٦"):
        assert (await person.fill(page, {"code": code})).status == 422
    page = await person.fill(await person.get("/sign-in/code"), {"login": ""})
    assert (page.status, "login" in page.errors) == (422, True)
