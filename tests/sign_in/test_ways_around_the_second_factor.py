"""A second factor can't be skipped by any other way in (security.md, Sign-in).

Beside their ways stand test_a_reset_by_mail_skips_no_customers_second_factor,
test_a_code_does_not_skip_the_second_factor, test_a_passkey_that_was_only_touched_does_not_skip_the_authenticator,
test_the_second_factor_is_not_skipped_by_an_invitation and test_no_link_in_a_mail_replaces_a_second_factor; here are
the others, and that there are no more.
"""

import re
import uuid
from pathlib import Path

import pytest

from tables import ApprovalStatus
from tables.engine import DB
from tests import people
from tests.browser_like import Person, mails, visit
from tests.customers.belonging import member_too

pytestmark = pytest.mark.usefixtures("database")

APP = Path(__file__).parent.parent.parent / "app"
ASKED = "/sign-in/second-factor"
NEW = "ines@new.example"


async def with_second_factor(known: people.Known) -> None:
    await DB.execute(
        'INSERT INTO second_factors (id, "user", secret_encrypted, confirmed_at, last_time_step, created_at)'
        " VALUES ($1, $2, 'not used here', now(), 0, now())",
        uuid.uuid4(),
        known.user_id,
    )


async def is_asked(person: Person) -> bool:
    """Whether a right password was not enough: nothing opens but the page that asks for the second factor."""
    pages = [await person.get(path) for path in ("/account", "/account/security", "/account/addresses")]
    return {one.path.partition("?")[0] for one in pages} == {ASKED}


async def is_outside(person: Person) -> bool:
    """Whether nobody is signed in in that browser, not even halfway."""
    page = await person.get("/account")
    return page.path.partition("?")[0] == f"{person.prefix}/sign-in"


async def test_the_undo_of_an_e_mail_change_does_not_skip_the_second_factor() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    # Theirs before the change. What comes later goes with the undo (tests/account/test_undo_takes_back.py).
    await with_second_factor(ines)
    await person.fill(await person.get("/account/email"), {"email": NEW, "current_password": people.PASSWORD})
    confirming = await visit("shop")
    page = await confirming.get((await mails("confirm_new_email", NEW))[-1].link)
    await confirming.fill(page, {}, form="token")
    undoing = await visit("shop")
    page = await undoing.get((await mails("email_changed", ines.email))[-1].link)
    page = await undoing.fill(page, {}, form="token")
    assert page.path.startswith("/reset-password?"), "the way to a new password, and not into the account"
    assert await is_outside(undoing)
    await undoing.fill(page, {"password": people.ANOTHER_PASSWORD})
    page = await undoing.sign_in(ines.email, people.ANOTHER_PASSWORD)
    assert page.path == ASKED
    assert await is_asked(undoing)


async def test_confirming_a_new_e_mail_does_not_skip_the_second_factor() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    await person.fill(await person.get("/account/email"), {"email": NEW, "current_password": people.PASSWORD})
    await with_second_factor(ines)
    elsewhere = await visit("shop")
    page = await elsewhere.get((await mails("confirm_new_email", NEW))[-1].link)
    await elsewhere.fill(page, {}, form="token")
    assert await is_outside(elsewhere)
    assert (await elsewhere.sign_in(NEW, people.PASSWORD)).path == ASKED
    assert await is_asked(elsewhere)


async def test_the_verification_of_a_registration_does_not_skip_the_second_factor() -> None:
    ines = await people.shopper(email_verified_at=None)
    await with_second_factor(ines)
    person = await visit("shop")
    page = await person.sign_in(ines.login, ines.password)
    assert page.h1 == "Verify your e-mail"
    await person.fill(page, {}, form="person")
    page = await person.get((await mails("verify_email"))[-1].link)
    await person.fill(page, {}, form="token")
    assert await DB.fetch_value("SELECT email_verified_at IS NOT NULL FROM users")
    assert await is_outside(person)
    assert (await person.sign_in(ines.login, ines.password)).path == ASKED
    assert await is_asked(person)


async def test_a_mail_to_choose_a_password_does_not_skip_the_second_factor() -> None:
    """The mail of an activation, of staff or of an import: its link is that of a reset."""
    ines = await people.shopper()
    await with_second_factor(ines)
    at_desk = await (await people.staff_member()).signed_in()
    await at_desk.get(f"/customers/{ines.number}")
    await at_desk.post(f"/customers/{ines.number}/password-mail")
    (mail,) = await mails("choose_password")
    person = await visit("shop")
    await person.fill(await person.get(mail.link), {"password": people.ANOTHER_PASSWORD})
    assert (await person.sign_in(ines.login, people.ANOTHER_PASSWORD)).path == ASKED
    assert await is_asked(person)


async def test_a_rejected_applicant_s_password_alone_does_not_open_the_application() -> None:
    known = await people.company(approval_status=ApprovalStatus.REJECTED)
    await with_second_factor(known)
    person = await visit("business")
    page = await person.sign_in(known.login, known.password)
    assert page.h1 == "Your application was not accepted"
    assert not [one for one in page.links if "/register/correct" in one]
    assert "please use the link of the mail" in page.main
    assert not await DB.fetch_value("SELECT EXISTS (SELECT FROM link_tokens)")


async def test_a_session_of_one_shop_does_not_skip_the_second_factor_of_another() -> None:
    """A shopper joins a company; in the business shop they sign in anew, with both factors."""
    ines = await people.shopper()
    company = await people.company()
    at_shop = await ines.signed_in()
    await member_too(ines, company)
    await with_second_factor(ines)
    assert (await at_shop.get("/account")).path == "/account"
    at_business = await visit("business")
    at_business.client.cookies.update(at_shop.client.cookies)
    assert await is_outside(at_business)
    assert (await at_business.sign_in(ines.login, ines.password)).path == f"/business{ASKED}"
    assert (await at_business.get("/account")).path == f"/business{ASKED}"


def test_sessions_begin_at_the_two_doors_only() -> None:
    """After a sign-in, which asks for the second factor, and after setting one up. Whatever else is added comes in
    by these, and has its test above or beside its way."""
    beginning = {
        str(path.relative_to(APP))
        for path in APP.rglob("*.py")
        if re.search(r"(?<!def )\bbegin_session\(", path.read_text(encoding="utf-8"))
    }
    assert beginning == {"sign_in/finish_sign_in.py", "sign_in/second_factor_routes.py"}
    ending_in = {
        str(path.relative_to(APP))
        for path in APP.rglob("*.py")
        if re.search(r"(?<!def )\bfinish_sign_in\(", path.read_text(encoding="utf-8"))
    }
    assert ending_in == {
        "sign_in/code_routes.py",
        "sign_in/passkey_routes.py",
        "sign_in/routes.py",
        "sign_in/second_factor_routes.py",
    }
