"""Forgotten passwords and user names (domain.md 5)."""

import asyncio

import pytest

from app.sign_in.reminders import answer_reminder_requests
from tables.engine import DB
from tests import people
from tests.browser_like import mails, visit

pytestmark = pytest.mark.usefixtures("database")


async def asked(email: str, application: str = "shop", language: str = "en") -> str:
    """Asks for a reminder; the page that follows, without what differs by chance."""
    person = await visit(application, language=language)
    page = await person.fill(await person.get("/forgotten-password"), {"email": email})
    assert page.status == 200
    return page.main


async def test_a_forgotten_password_is_chosen_anew_by_a_mailed_link() -> None:
    ines = await people.shopper()
    await asked(ines.email)
    (mail,) = await mails("password_reminder")
    assert mail.to == ines.email
    person = await visit("shop")
    page = await person.fill(await person.get(mail.link), {"password": people.ANOTHER_PASSWORD})
    assert page.path == "/sign-in"
    assert "Your new password is set." in page.text
    assert (await person.sign_in(ines.login, ines.password)).status == 422
    assert (await person.sign_in(ines.login, people.ANOTHER_PASSWORD)).path == "/account"


async def test_known_and_unknown_e_mails_get_the_same_answer_and_leave_the_same_row() -> None:
    ines = await people.shopper()
    assert await asked(ines.email) == await asked("nobody@example.com")
    assert await DB.fetch_value("SELECT count(*) FROM reminder_requests") == 2
    assert [one.to for one in await mails()] == [ines.email]
    assert await DB.fetch_value("SELECT count(*) FROM reminder_requests") == 0


async def test_the_mail_goes_to_the_stored_address_not_to_the_typed_look_alike() -> None:
    ines = await people.shopper("mike@example.org")
    await asked("ｍike@example.org")
    assert [one.to for one in await mails()] == [ines.email]


async def test_the_link_names_the_configured_address_not_the_request_s_host() -> None:
    ines = await people.shopper()
    person = await visit("shop", host="http://127.0.0.1:8000")
    await person.get("/forgotten-password")
    await person.post(
        "/forgotten-password",
        {"email": ines.email},
        headers={"X-Forwarded-Host": "evil.example", "Origin": "http://127.0.0.1:8000"},
    )
    (mail,) = await mails()
    assert mail.link.startswith("http://localhost:8000/reset-password?token=")
    assert "evil" not in mail.text


async def test_a_company_user_is_led_to_the_business_shop_from_wherever_they_ask() -> None:
    maria = await people.company()
    await asked(maria.email, "shop")
    (mail,) = await mails()
    assert mail.link.startswith("http://localhost:8000/business/reset-password?token=")


async def test_staff_are_reminded_by_the_back_office_only() -> None:
    admin = await people.staff_member()
    await asked(admin.email, "shop")
    assert await mails() == []
    await asked(admin.email, "back-office")
    (mail,) = await mails()
    assert mail.link.startswith("http://localhost:8000/back-office/reset-password?token=")


async def test_the_mail_is_in_the_person_s_language() -> None:
    await people.shopper(preferred_language="de")
    await asked("ines@example.com")
    (mail,) = await mails()
    assert mail.language == "de"
    assert "Passwort" in mail.text


async def test_a_deactivated_user_gets_no_link() -> None:
    await people.shopper(is_active=False)
    await asked("ines@example.com")
    assert await mails() == []


async def test_at_most_five_mails_an_hour_go_to_one_e_mail() -> None:
    await people.shopper()
    for number in range(8):
        person = await visit("shop", address=f"10.0.1.{number}")
        await person.fill(await person.get("/forgotten-password"), {"email": "ines@example.com"})
    assert len(await mails()) == 5


async def test_a_client_asks_at_most_twenty_times_in_five_minutes() -> None:
    person = await visit("shop")
    await person.get("/forgotten-password")
    statuses = [
        (await person.post("/forgotten-password", {"email": f"x{n}@example.com"}, follow=False)).status
        for n in range(21)
    ]
    assert statuses == [303] * 20 + [429]


async def test_an_e_mail_that_is_none_gets_an_error_at_the_field() -> None:
    person = await visit("shop")
    page = await person.fill(await person.get("/forgotten-password"), {"email": "no e-mail"})
    assert page.status == 422
    assert "email" in page.errors
    assert page.typed("email") == "no e-mail"


async def test_two_workers_answer_each_request_once() -> None:
    await people.shopper()
    await asked("ines@example.com")
    assert sum(await asyncio.gather(*(answer_reminder_requests() for _ in range(4)))) == 1
    assert len(await mails()) == 1


async def test_in_user_name_mode_one_mail_lists_each_account_with_its_own_link(user_name_mode: None) -> None:
    first = await people.shopper("ines@example.com", login="ines")
    second = await people.shopper("ines@example.com", login="ines-at-work")
    await asked("ines@example.com")
    (mail,) = await mails()
    assert first.login in mail.text
    assert second.login in mail.text
    links = {one for one in mail.links if "token=" in one}
    assert len(links) == 2
    person = await visit("shop")
    await person.fill(await person.get(min(links)), {"password": people.ANOTHER_PASSWORD})
    signed_in = 0
    for known in (first, second):
        page = await (await visit("shop")).sign_in(known.login, people.ANOTHER_PASSWORD)
        signed_in += page.path == "/account"
    assert signed_in == 1


async def test_in_user_name_mode_forgotten_user_names_are_mailed(user_name_mode: None) -> None:
    await people.shopper("ines@example.com", login="ines")
    await people.shopper("ines@example.com", login="ines-at-work")
    person = await visit("shop")
    page = await person.get("/sign-in")
    assert "/forgotten-user-name" in page.links
    await person.fill(await person.get("/forgotten-user-name"), {"email": "ines@example.com"})
    (mail,) = await mails("user_names")
    assert "ines-at-work" in mail.text
    assert "token=" not in mail.text


async def test_where_the_e_mail_is_the_login_there_is_no_user_name_reminder() -> None:
    person = await visit("shop")
    assert (await person.get("/forgotten-user-name")).status == 404


async def test_staff_and_activation_triggers_send_a_link_to_choose_a_password() -> None:
    from app.sign_in.password_mails import send_password_mail

    ines = await people.shopper()
    for reason in ("created", "enabled", "staff"):
        async with DB.transaction():
            assert await send_password_mail(ines.user_id, reason)
    sent = await mails("choose_password")
    assert len(sent) == 3
    person = await visit("shop")
    page = await person.fill(await person.get(sent[0].link), {"password": people.ANOTHER_PASSWORD})
    assert page.path == "/sign-in"
    days = await DB.fetch_value(
        "SELECT extract(epoch FROM expires_at - created_at) / 86400 FROM link_tokens LIMIT 1"
    )
    assert days == 7


async def test_a_link_that_was_asked_for_is_valid_for_sixty_minutes() -> None:
    ines = await people.shopper()
    await asked(ines.email)
    await mails("password_reminder")
    minutes = "SELECT extract(epoch FROM expires_at - created_at) / 60 FROM link_tokens"
    assert await DB.fetch_value(minutes) == 60


async def test_self_registration_sends_no_link_to_choose_a_password() -> None:
    """The person has just chosen one (domain.md 5, trigger 1)."""
    from tests.registration.filling_in import PERSON

    person = await visit("shop")
    await person.fill(await person.get("/register/individual"), PERSON)
    assert [one.kind for one in await mails()] == ["verify_email"]
