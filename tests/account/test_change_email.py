"""Changing the e-mail, and taking the change back (domain.md 6)."""

import asyncio

import pytest

from app.applications import application_by_id
from app.segments.custom import create_segment
from app.segments.rules import read_rule
from app.sign_in.password_mails import reset_link
from tables.engine import DB
from tests import people
from tests.browser_like import Person, SeenPage, mails, visit
from tests.registration.filling_in import PERSON

pytestmark = pytest.mark.usefixtures("database")

OLD, NEW, NEWEST = "ines@example.com", "ines@new.example", "ines@newest.example"


async def ask(person: Person, email: str, password: str = people.PASSWORD) -> SeenPage:
    page = await person.get("/account/email")
    return await person.fill(page, {"email": email, "current_password": password})


async def press(link: str, **options: str) -> SeenPage:
    """What somebody with the mail in any browser sees after pressing the button of its page."""
    person = await visit("shop", **options)
    page = await person.get(link)
    return await person.fill(page, {}, form="token") if page.status == 200 else page


async def change(person: Person, email: str) -> None:
    await ask(person, email)
    page = await press((await mails("confirm_new_email", email))[-1].link)
    assert page.status == 200, page.main


async def undo_link(to: str = OLD) -> str:
    return (await mails("email_changed", to))[-1].link


async def user(known: people.Known) -> dict[str, object]:
    row = await DB.fetch_row(
        "SELECT login, login_canonical, email, email_canonical, email_verified_at FROM users WHERE id = $1",
        known.user_id,
    )
    assert row is not None
    return row


async def test_changing_the_e_mail_needs_the_current_password() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    page = await ask(person, NEW, "a wrong password altogether")
    assert page.status == 422
    assert "not your password" in page.errors["current_password"]
    assert page.typed("email") == NEW
    page = await ask(person, NEW, "")
    assert "fill in" in page.errors["current_password"]
    assert not await mails("confirm_new_email")


async def test_changing_the_e_mail_needs_a_click_in_a_mail_to_the_new_address() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    page = await ask(person, NEW)
    assert page.path == "/account/email"
    assert NEW in page.main
    assert (await user(ines))["email"] == OLD
    (mail,) = await mails("confirm_new_email")
    assert mail.to == NEW
    page = await press(mail.link)
    assert page.path == "/sign-in"
    assert "Your new e-mail address is confirmed." in page.text
    assert (await user(ines))["email"] == NEW
    assert (await person.get("/account/email")).status == 200, "the person stays signed in"


async def test_who_is_signed_in_with_another_account_is_told_that_it_is_not_theirs() -> None:
    ines, omar = await people.shopper(), await people.shopper("omar@example.com")
    await ask(await ines.signed_in(), NEW)
    other = await omar.signed_in()
    page = await other.get((await mails("confirm_new_email"))[0].link)
    page = await other.fill(page, {}, form="token")
    assert f"{NEW} is confirmed as the e-mail address of another account." in page.text
    assert (await user(ines))["email"] == NEW
    assert (await user(omar))["email"] == "omar@example.com"


async def test_opening_the_links_changes_nothing() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    await ask(person, NEW)
    scanner = await visit("shop")
    link = (await mails("confirm_new_email"))[-1].link
    for _ in range(2):
        assert (await scanner.get(link)).status == 200
    assert (await user(ines))["email"] == OLD
    await press(link)
    undo = await undo_link()
    for _ in range(2):
        page = await scanner.get(undo)
        assert page.status == 200
        assert page.response.headers["referrer-policy"] == "no-referrer"
    assert (await user(ines))["email"] == NEW


async def test_the_old_address_is_told() -> None:
    ines = await people.shopper()
    await change(await ines.signed_in(), NEW)
    (mail,) = await mails("email_changed")
    assert mail.to == OLD
    assert NEW in mail.text
    assert "7 days" in mail.text


async def test_in_email_mode_the_login_follows_the_e_mail() -> None:
    ines = await people.shopper()
    await change(await ines.signed_in(), "INES@new.example")
    assert (await user(ines))["login_canonical"] == NEW
    assert (await (await visit("shop")).sign_in(OLD, ines.password)).status == 422
    assert (await (await visit("shop")).sign_in(NEW, ines.password)).path == "/account"


async def test_in_user_name_mode_the_login_stays(user_name_mode: None) -> None:
    ines = await people.shopper(login="ines")
    await people.shopper(NEW, login="another")  # several users may share an e-mail (domain.md 3)
    person = await ines.signed_in()
    await change(person, NEW)
    stored = await user(ines)
    assert (stored["login"], stored["email"]) == ("ines", NEW)
    assert (await (await visit("shop")).sign_in("ines", ines.password)).path == "/account"
    page = await press(await undo_link())
    assert page.path.startswith("/reset-password")
    stored = await user(ines)
    assert (stored["login"], stored["email"]) == ("ines", OLD)


async def test_the_new_e_mail_is_verified_by_its_link() -> None:
    ines = await people.shopper()
    before = (await user(ines))["email_verified_at"]
    await change(await ines.signed_in(), NEW)
    after = (await user(ines))["email_verified_at"]
    assert after is not None
    assert after > before  # type: ignore[operator]  # both are times


async def test_a_taken_e_mail_is_answered_like_a_free_one_and_its_owner_is_told() -> None:
    ines = await people.shopper()
    await people.shopper("owner@example.com")
    person = await ines.signed_in()
    taken = await ask(person, "OWNER@example.com")
    free = await ask(person, "freed@example.com")
    assert taken.main.replace("OWNER", "freed") == free.main
    (told,) = await mails("already_registered")
    assert told.to == "owner@example.com"
    assert [one.to for one in await mails("confirm_new_email")] == ["freed@example.com"]


async def test_an_e_mail_that_was_taken_meanwhile_changes_nothing() -> None:
    ines = await people.shopper()
    await ask(await ines.signed_in(), NEW)
    await people.shopper(NEW)
    page = await press((await mails("confirm_new_email"))[-1].link)
    assert (page.status, page.h1) == (410, "This address belongs to another account")
    assert (await user(ines))["email"] == OLD


async def test_of_parallel_changes_to_one_e_mail_one_counts() -> None:
    everybody = [await people.shopper(f"person{n}@example.com") for n in range(4)]
    for one in everybody:
        await ask(await one.signed_in(), NEW)
    links = [one.link for one in await mails("confirm_new_email", NEW)]
    pages = await asyncio.gather(*(press(one, address=f"10.3.0.{n}") for n, one in enumerate(links)))
    assert sorted(one.status for one in pages) == [200, 410, 410, 410]
    assert await DB.fetch_value("SELECT count(*) FROM users WHERE login_canonical = $1", NEW) == 1


async def test_of_a_parallel_registration_and_change_one_gets_the_login() -> None:
    ines = await people.shopper()
    await ask(await ines.signed_in(), NEW)
    link = (await mails("confirm_new_email"))[-1].link
    stranger = await visit("shop", address="10.3.1.1")
    form = await stranger.get("/register/individual")
    await asyncio.gather(press(link), stranger.fill(form, PERSON | {"email": NEW}))
    assert await DB.fetch_value("SELECT count(*) FROM users WHERE login_canonical = $1", NEW) == 1


async def test_a_link_works_once_also_in_parallel() -> None:
    ines = await people.shopper()
    await ask(await ines.signed_in(), NEW)
    link = (await mails("confirm_new_email"))[-1].link
    pages = await asyncio.gather(*(press(link, address=f"10.3.2.{n}") for n in range(4)))
    assert sorted(one.status for one in pages) == [200, 410, 410, 410]
    assert len(await mails("email_changed")) == 1
    assert (await press(link)).h1 == "This link was used already"


async def test_the_link_works_for_sixty_minutes_and_says_when_it_has_expired() -> None:
    ines = await people.shopper()
    await ask(await ines.signed_in(), NEW)
    minutes = "extract(epoch FROM expires_at - created_at) / 60"
    assert await DB.fetch_value(f"SELECT {minutes} FROM link_tokens WHERE purpose = 'change-email'") == 60
    await DB.execute("UPDATE link_tokens SET expires_at = now()")
    page = await press((await mails("confirm_new_email"))[-1].link)
    assert (page.status, page.h1) == (410, "This link has expired")


async def test_asking_again_or_withdrawing_kills_the_link_before() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    await ask(person, NEW)
    await ask(person, NEWEST)
    first, second = [one.link for one in await mails("confirm_new_email")]
    assert (await press(first)).status == 410
    page = await person.get("/account/email")
    page = await person.post("/account/email/withdraw")
    assert NEWEST not in page.main
    assert (await press(second)).status == 410
    assert (await user(ines))["email"] == OLD


async def test_altered_links_and_those_of_another_purpose_do_not_work() -> None:
    ines = await people.shopper()
    await ask(await ines.signed_in(), NEW)
    token = (await mails("confirm_new_email"))[-1].link.partition("token=")[2]
    person = await visit("shop")
    for path, wrong in (
        ("/confirm-email", token[:-3] + ("AAA" if token[-3:] != "AAA" else "BBB")),
        ("/confirm-email", ""),
        ("/undo-email-change", token),
        ("/reset-password", token),
    ):
        assert (await person.get(f"{path}?token={wrong}")).status == 410
        page = await person.post(path, {"token": wrong, "password": people.ANOTHER_PASSWORD})
        assert page.status == 410
    assert (await user(ines))["email"] == OLD


async def test_a_changed_e_mail_kills_open_links_to_a_new_password() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    await ask(person, NEW)
    reset = await reset_link(ines.user_id, application_by_id("shop"), 60)
    await press((await mails("confirm_new_email"))[-1].link)
    assert (await (await visit("shop")).get(reset)).status == 410


async def test_undoing_brings_e_mail_and_login_back_and_ends_all_sessions_and_leads_to_a_new_password() -> (
    None
):
    ines = await people.shopper()
    person = await ines.signed_in()
    await change(person, NEW)
    await ask(person, NEWEST)
    page = await press(await undo_link())
    assert page.path.startswith("/reset-password?token=")
    assert "Your old e-mail address is back" in page.text
    stored = await user(ines)
    assert (stored["login"], stored["email"], stored["email_canonical"]) == (OLD, OLD, OLD)
    assert stored["email_verified_at"] is not None
    assert (await person.get("/account")).path.startswith("/sign-in")
    assert (await press((await mails("confirm_new_email", NEWEST))[-1].link)).status == 410
    (told,) = await mails("email_change_undone")
    assert told.to == NEW
    owner = await visit("shop")
    await owner.fill(await owner.get(page.path), {"password": people.ANOTHER_PASSWORD})
    assert (await owner.sign_in(OLD, people.ANOTHER_PASSWORD)).path == "/account"


async def test_a_change_can_be_undone_for_seven_days_once() -> None:
    ines = await people.shopper()
    await change(await ines.signed_in(), NEW)
    link = await undo_link()
    days = "extract(epoch FROM expires_at - created_at) / 86400"
    assert await DB.fetch_value(f"SELECT {days} FROM link_tokens WHERE purpose = 'undo-email-change'") == 7
    pages = await asyncio.gather(*(press(link, address=f"10.3.3.{n}") for n in range(3)))
    assert sorted(one.status for one in pages) == [200, 410, 410]
    assert (await press(link)).h1 == "This link was used already"


async def test_after_several_changes_the_oldest_address_wins() -> None:
    """A thief changes the address twice: the links that went to the thief's address must not win."""
    ines = await people.shopper()
    person = await ines.signed_in()
    await change(person, NEW)
    await change(person, NEWEST)
    owners, thiefs = await undo_link(OLD), await undo_link(NEW)
    await press(thiefs)
    assert (await user(ines))["email"] == NEW
    await press(owners)
    assert (await user(ines))["email"] == OLD


async def test_a_link_to_undo_that_came_later_dies_with_an_earlier_undo() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    await change(person, NEW)
    await change(person, NEWEST)
    owners, thiefs = await undo_link(OLD), await undo_link(NEW)
    await press(owners)
    assert (await press(thiefs)).status == 410
    assert (await user(ines))["email"] == OLD


async def test_as_long_as_a_change_can_be_undone_nobody_else_gets_the_old_login() -> None:
    ines = await people.shopper()
    await change(await ines.signed_in(), NEW)
    thief = await visit("shop", address="10.3.4.1")
    page = await thief.fill(await thief.get("/register/individual"), PERSON | {"email": OLD})
    assert page.path.startswith("/register/done"), "the answer is that to a new e-mail"
    assert not await mails("verify_email", OLD)
    assert (await mails("email_kept"))[-1].to == OLD
    other = await people.shopper("other@example.com")
    await ask(await other.signed_in(), OLD)
    assert not await mails("confirm_new_email", OLD)
    await press(await undo_link())
    assert (await user(ines))["login"] == OLD


async def test_after_the_time_to_undo_the_old_login_is_free() -> None:
    ines = await people.shopper()
    await change(await ines.signed_in(), NEW)
    await DB.execute("UPDATE link_tokens SET expires_at = now()")
    somebody = await visit("shop", address="10.3.5.1")
    await somebody.fill(await somebody.get("/register/individual"), PERSON | {"email": OLD})
    assert await mails("verify_email", OLD)


async def test_the_person_can_go_back_to_the_old_address_in_the_usual_way() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    await change(person, NEW)
    await change(person, OLD)
    assert (await user(ines))["login"] == OLD


async def test_another_spelling_of_the_same_e_mail_is_a_change() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    assert "already" in (await ask(person, OLD)).errors["email"]
    await change(person, "Ines@example.com")
    stored = await user(ines)
    assert (stored["email"], stored["login_canonical"]) == ("Ines@example.com", OLD)


async def test_whoever_was_deactivated_meanwhile_keeps_the_e_mail() -> None:
    ines = await people.shopper()
    await ask(await ines.signed_in(), NEW)
    await DB.execute("UPDATE customers SET is_active = false")
    page = await press((await mails("confirm_new_email"))[-1].link)
    assert (page.status, page.h1) == (410, "This link does not work")
    assert (await user(ines))["email"] == OLD


async def test_guessing_the_password_here_is_limited_as_at_sign_in() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    for n in range(11):
        await ask(person, NEW, f"a wrong password, number {n}")
    assert (await ask(person, NEW)).status == 422, "locked: the right password is answered like a wrong one"
    assert (await (await visit("shop", address="10.3.6.1")).sign_in(OLD, ines.password)).status == 422


async def test_five_mails_an_hour_leave_one_account() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    answers = [(await ask(person, f"number{n}@example.com")).status for n in range(6)]
    assert answers == [200] * 5 + [429]
    assert len(await mails("confirm_new_email")) == 5


async def test_people_without_a_password_prove_in_another_way_who_they_are() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    await DB.execute("UPDATE users SET password_hash = NULL")
    page = await person.get("/account/email")
    assert "current_password" not in page.html
    await person.fill(page, {"email": NEW})
    assert len(await mails("confirm_new_email", NEW)) == 1
    await DB.execute("UPDATE sessions SET authenticated_at = now() - interval '6 minutes'")
    assert (await person.get("/account/email")).path.startswith("/sign-in/again")
    page = await person.post("/account/email", {"email": NEWEST})
    assert page.path.startswith("/sign-in/again")
    assert not await mails("confirm_new_email", NEWEST)


async def test_the_changes_are_written_into_the_audit_log() -> None:
    ines = await people.shopper()
    await change(await ines.signed_in(), NEW)
    await press(await undo_link())
    actions = [one["action"] for one in await DB.fetch("SELECT action FROM audit_entries ORDER BY id")]
    assert actions[-3:] == ["e-mail change asked", "e-mail changed", "e-mail change undone"]


async def test_segments_that_ask_for_the_domain_follow_the_e_mail() -> None:
    ines = await people.shopper()
    rule = read_rule('{"is": "email_domain", "one_of": ["new.example"]}')
    await create_segment("NEW_HOUSE", "New house", rule=rule)
    members = "SELECT count(*) FROM segment_members WHERE segment = 'NEW_HOUSE'"
    person = await ines.signed_in()
    assert await DB.fetch_value(members) == 0
    await change(person, NEW)
    assert await DB.fetch_value(members) == 1
    await press(await undo_link())
    assert await DB.fetch_value(members) == 0
