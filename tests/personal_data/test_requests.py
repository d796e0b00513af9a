"""Personal data requests: asked, confirmed by mail, carried out by staff, purged (domain.md 13)."""

import asyncio
import uuid

import pytest

from app.personal_data.requests import purge_finished_requests
from tables.engine import DB
from tests.altered_links import with_one_letter_changed
from tests.browser_like import Person, mails, visit
from tests.people import Known, company, shopper, staff_member
from tests.personal_data.asking import (
    ask_in_account,
    carry_out,
    confirm_link,
    link,
    open_request,
    opened,
    staff,
)
from tests.sign_in.test_sent_twice import A_MINUTE_LATER

pytestmark = pytest.mark.usefixtures("database")


async def state() -> str:
    return str(
        await DB.fetch_value("SELECT state FROM personal_data_requests ORDER BY requested_at DESC LIMIT 1")
    )


async def everything_but_requests() -> list[object]:
    found: list[object] = []
    for table in ("users", "customers", "memberships", "addresses", "sessions", "consents"):
        found += await DB.fetch(f"SELECT * FROM {table} ORDER BY id")
    return [{key: value for key, value in row.items() if key != "last_used_at"} for row in found]


async def test_a_person_asks_in_the_account_and_sees_state_and_deadline() -> None:
    person = await ask_in_account(await shopper(), "export")
    page = await person.get("/account/privacy")
    assert "To be confirmed" in page.main
    assert await state() == "asked"
    await confirm_link()
    page = await person.get("/account/privacy")
    assert "To be carried out" in page.main
    assert "at the latest" in page.main


async def test_confirming_changes_nothing_else() -> None:
    await ask_in_account(await shopper(), "delete")
    before = await everything_but_requests()
    page = await confirm_link()
    assert page.h1 == "Your request is confirmed"
    assert "token" not in page.path
    assert await everything_but_requests() == before
    assert await state() == "confirmed"


async def test_opening_the_link_changes_nothing() -> None:
    await ask_in_account(await shopper(), "delete")
    page = await (await visit("shop")).get(await link())
    assert page.h1 == "Confirm your request"
    assert page.response.headers["referrer-policy"] == "no-referrer"
    assert await state() == "asked"


async def test_confirmed_already_confirmed_expired_and_invalid_are_four_different_pages() -> None:
    person = await ask_in_account(await shopper(), "export")
    first = await link()
    headings = [(await confirm_link(address=first)).h1]
    page = await person.get(first)
    headings.append(page.h1)
    assert page.status == 410
    await DB.execute(
        "UPDATE personal_data_requests SET state = 'asked', confirmed_at = NULL, confirm_until = now()"
    )
    await DB.execute("UPDATE personal_data_requests SET version = version - 1")
    headings.append((await person.get(first)).h1)
    headings.append((await person.get(with_one_letter_changed(first))).h1)
    assert headings == [
        "Your request is confirmed",
        "You have confirmed this request already",
        "This link has expired",
        "This link does not work",
    ]
    page = await person.post("/personal-data-requests", {"token": first.partition("token=")[2]})
    assert page.h1 == "This link has expired"
    assert await state() == "asked"


async def test_the_link_is_valid_for_24_hours() -> None:
    await ask_in_account(await shopper(), "export")
    [mail] = await mails("data_request_confirm")
    assert "24 hours" in mail.text
    hours = await DB.fetch_value(
        "SELECT extract(epoch FROM confirm_until - requested_at) / 3600 FROM personal_data_requests"
    )
    assert hours == 24


async def test_a_link_of_one_shop_is_nothing_to_another() -> None:
    await ask_in_account(await shopper(), "export")
    token = (await link()).partition("token=")[2]
    page = await (await visit("business")).get(f"/personal-data-requests?token={token}")
    assert page.h1 == "This link does not work"


async def test_asked_again_a_newer_link_replaces_the_older_one() -> None:
    person = await ask_in_account(await shopper(), "export")
    first = await link()
    await DB.execute(A_MINUTE_LATER)
    await person.fill(await person.get("/account/privacy"), {"kind": "export"})
    assert await DB.fetch_value("SELECT count(*) FROM personal_data_requests") == 1
    assert (await person.get(first)).h1 == "This link does not work"
    assert (await confirm_link()).h1 == "Your request is confirmed"


async def test_of_one_person_there_is_one_open_request_of_a_kind_also_in_parallel() -> None:
    person = await (await shopper()).signed_in()
    page = await person.get("/account/privacy")
    await asyncio.gather(
        *(person.post("/account/privacy", {"kind": "delete"}, token=page.csrf_token) for _ in range(4))
    )
    assert await DB.fetch_value("SELECT count(*) FROM personal_data_requests") == 1


async def test_two_who_press_the_button_at_once_confirm_once() -> None:
    await ask_in_account(await shopper(), "export")
    address = await link()
    people = [await visit() for _ in range(3)]
    opened = [await person.get(address) for person in people]
    pages = await asyncio.gather(
        *(person.fill(page, {}, form="token") for person, page in zip(people, opened, strict=True))
    )
    assert sorted(page.h1 for page in pages)[2] == "Your request is confirmed"
    assert (
        await DB.fetch_value("SELECT count(*) FROM audit_entries WHERE action = 'data request confirmed'")
        == 1
    )


async def test_a_request_can_be_withdrawn_until_it_is_finished() -> None:
    person = await ask_in_account(await shopper(), "delete")
    address = await link()
    await confirm_link()
    page = await person.get("/account/privacy")
    request_id = await DB.fetch_value("SELECT id FROM personal_data_requests")
    page = await person.post(f"/account/privacy/{request_id}/withdraw")
    assert "Withdrawn" in page.main
    assert await state() == "withdrawn"
    assert (await person.get(address)).h1 == "This link does not work"
    page = await (await staff()).post(f"/personal-data-requests/{request_id}/carry-out")
    assert page.status == 409
    assert (await person.post(f"/account/privacy/{request_id}/withdraw")).status == 404


async def test_a_request_or_archive_of_somebody_else_is_as_missing_as_one_that_never_was() -> None:
    await ask_in_account(await shopper(), "export")
    await confirm_link()
    await carry_out(await staff())
    request_id = await DB.fetch_value("SELECT id FROM personal_data_requests")
    other = await (await shopper("other@example.com")).signed_in()
    for one in (request_id, uuid.uuid4()):
        assert (await other.get(f"/account/privacy/{one}/archive")).status == 404
        assert (await other.post(f"/account/privacy/{one}/withdraw")).status == 404
    assert await state() == "carried_out"


async def test_who_is_not_signed_in_gets_the_same_answer_whatever_is_held() -> None:
    await shopper()
    answers = []
    for email in ("ines@example.com", "nobody@example.com"):
        person = await visit("shop")
        page = await person.get("/personal-data-requests")
        page = await person.fill(page, {"email": email, "kind": "delete"})
        answers.append((page.status, page.path, page.main))
    assert answers[0] == answers[1]
    assert [one.to for one in await mails("data_request_confirm")] == ["ines@example.com"]


async def test_nobodys_mailbox_is_flooded_with_requests() -> None:
    await shopper()
    for _ in range(8):
        person = await visit("shop")
        page = await person.get("/personal-data-requests")
        await person.fill(page, {"email": "ines@example.com", "kind": "export"})
    assert len(await mails("data_request_confirm")) == 5


@pytest.mark.parametrize("typed", ["ines@example.com", "INES@example.com", "ines-login", "C-4711"])
async def test_staff_enter_a_request_by_email_login_or_customer_number(typed: str) -> None:
    known = await shopper(login="ines-login", number="C-4711")
    person = await staff()
    page = await person.get("/personal-data-requests/new")
    page = await person.fill(page, {"person": typed, "kind": "delete"})
    assert "mailed a link to confirm" in page.text
    assert await DB.fetch_value('SELECT "user" FROM personal_data_requests') == known.user_id
    assert [one.to for one in await mails("data_request_confirm")] == [known.email]
    assert "Delete the data" not in page.main, "not before the person has confirmed it"
    assert (await person.post(f"{page.path}/carry-out")).status == 409


async def test_staff_choose_among_several_people_of_a_customer_number() -> None:
    from tests.people import colleague

    known = await company()
    paul = await colleague(known, "paul@alfki.example")
    person = await staff()
    page = await person.get("/personal-data-requests/new")
    page = await person.fill(page, {"person": known.number, "kind": "export"})
    assert page.status == 422
    page = await person.fill(page, {"user": str(paul.user_id)})
    assert await DB.fetch_value('SELECT "user" FROM personal_data_requests') == paul.user_id


async def test_staff_are_told_of_somebody_who_is_not_held() -> None:
    person = await staff()
    page = await person.get("/personal-data-requests/new")
    page = await person.fill(page, {"person": "nobody@example.com", "kind": "export"})
    assert "We hold nothing" in page.errors["person"]


async def test_the_work_list_tells_what_is_to_be_carried_out_and_until_when() -> None:
    await ask_in_account(await shopper(), "export")
    person = await staff()
    assert "Nobody waits for an answer." in (await person.get("/")).main
    await confirm_link()
    page = await person.get("/")
    assert "1 request is to be carried out." in page.main
    assert "at the latest" in page.main
    await DB.execute("UPDATE personal_data_requests SET due_at = now() - interval '1 day'")
    assert "Late" in (await person.get("/personal-data-requests")).main


async def test_declining_needs_a_reason_which_the_person_is_mailed() -> None:
    person = await ask_in_account(await shopper(), "delete")
    await confirm_link()
    at_desk = await staff()
    page = await open_request(at_desk)
    page = await at_desk.fill(page, {"comment": " "})
    assert page.status == 422
    page = await at_desk.fill(page, {"comment": "There is an open invoice."})
    assert await state() == "declined"
    [mail] = await mails("data_request_declined")
    assert "There is an open invoice." in mail.text
    assert "There is an open invoice." in (await person.get("/account/privacy")).main
    assert await DB.fetch_value("SELECT finished_by_name FROM personal_data_requests") == "Maria Anders"


async def test_only_staff_with_the_privilege_see_requests() -> None:
    person = await (await staff_member(privileges=("customers",))).signed_in()
    assert (await person.get("/personal-data-requests")).status == 403
    assert "Personal data requests" not in (await person.get("/")).main


async def test_two_staff_members_carry_a_request_out_once() -> None:
    await ask_in_account(await shopper(), "export")
    await confirm_link()
    person = await staff()
    page = await open_request(person)
    answers = await asyncio.gather(
        *(person.post(f"{page.path}/carry-out", token=page.csrf_token, follow=False) for _ in range(3))
    )
    assert sorted(one.status for one in answers) == [303, 409, 409]
    assert len(await mails("data_archive_ready")) == 1


async def test_finished_requests_are_purged_after_30_days_with_their_archives() -> None:
    await ask_in_account(await shopper(), "export")
    await confirm_link()
    await carry_out(await staff())
    await DB.execute("UPDATE personal_data_requests SET finished_at = now() - interval '29 days'")
    assert await purge_finished_requests() == 0
    await DB.execute("UPDATE personal_data_requests SET finished_at = now() - interval '31 days'")
    assert await purge_finished_requests() == 1
    [mail] = await mails("data_archive_ready")
    page = await (await visit("shop")).get(mail.link)
    assert page.h1 == "This archive is no longer kept"


async def test_requests_that_nobody_confirmed_are_purged_too_and_open_ones_never() -> None:
    await ask_in_account(await shopper(), "export")
    await ask_in_account(await shopper("other@example.com"), "export")
    await confirm_link()
    await DB.execute("UPDATE personal_data_requests SET confirm_until = now() - interval '31 days'")
    assert await purge_finished_requests() == 1
    assert await state() == "confirmed"


async def test_a_guest_confirms_and_gets_the_archive_by_the_link_in_the_mail() -> None:
    from tests.checkout.ordering import open_shop, order

    await open_shop()
    number = await order(await visit("shop"))
    guest = await visit("shop")
    page = await guest.get("/personal-data-requests")
    await guest.fill(page, {"email": "guest@example.com", "kind": "export"})
    await confirm_link()
    await carry_out(await staff())
    [mail] = await mails("data_archive_ready")
    page = await guest.get(mail.link)
    answer = await guest.client.post(
        page.response.url, data={"token": page.typed("token"), "_csrf_token": page.csrf_token}
    )
    data, words = opened(answer.content)
    assert [one["number"] for one in data["held"]["orders"]] == [number]
    assert "Gerda" in words


async def test_no_link_in_a_mail_replaces_a_second_factor() -> None:
    known = await shopper()
    await ask_in_account(known, "export")
    await confirm_link()
    await carry_out(await staff())
    await DB.execute(
        'INSERT INTO second_factors (id, "user", secret_encrypted, confirmed_at, last_time_step, created_at)'
        " VALUES ($1, $2, 'x', now(), 0, now())",
        uuid.uuid4(),
        known.user_id,
    )
    [mail] = await mails("data_archive_ready")
    person = await visit("shop")
    page = await person.get(mail.link)
    assert "Please sign in to get your archive" in page.main
    page = await person.post("/personal-data-requests/archive", {"token": mail.link.partition("token=")[2]})
    assert "Please sign in to get your archive" in page.main


async def changed_email(person: Person, known: Known, email: str) -> None:
    page = await person.get("/account/email")
    await person.fill(page, {"email": email, "current_password": known.password})
    mailbox = await visit("shop")
    page = await mailbox.get((await mails("confirm_new_email", email))[-1].link)
    await mailbox.fill(page, {}, form="token")


async def test_a_link_in_the_mailbox_of_before_dies_and_a_new_one_goes_to_the_new_email() -> None:
    known = await shopper()
    person = await ask_in_account(known, "delete")
    old = await link()
    await changed_email(person, known, "ines@new.example")
    page = await (await visit("shop")).get(old)
    assert (page.status, page.h1) == (410, "This link does not work")
    newest = (await mails("data_request_confirm"))[-1]
    assert newest.to == "ines@new.example"
    assert (await confirm_link()).h1 == "Your request is confirmed"


async def test_an_archive_is_announced_to_the_email_of_now_and_old_announcements_ask_to_sign_in() -> None:
    known = await shopper()
    person = await ask_in_account(known, "export")
    await confirm_link()
    await changed_email(person, known, "ines@new.example")
    await carry_out(await staff())
    [mail] = await mails("data_archive_ready")
    assert mail.to == "ines@new.example"
    page = await (await visit("shop")).get(mail.link)
    assert page.typed("token")

    await changed_email(person, known, "ines@newest.example")
    stranger = await visit("shop")
    page = await stranger.get(mail.link)
    assert "Please sign in to get your archive" in page.main
    page = await stranger.post("/personal-data-requests/archive", {"token": mail.link.partition("token=")[2]})
    assert "Please sign in to get your archive" in page.main


async def test_undoing_a_change_of_the_email_takes_back_what_was_asked_since() -> None:
    """Who has taken over an account gets no copy of its data, and has nothing deleted, once that is undone."""
    known = await shopper()
    person = await ask_in_account(known, "export")
    await changed_email(person, known, "thief@example.com")
    page = await person.get("/account/privacy")
    await person.fill(page, {"kind": "delete"})
    await confirm_link()
    mailbox = await visit("shop")
    page = await mailbox.get((await mails("email_changed"))[-1].link)
    await mailbox.fill(page, {}, form="token")
    states = await DB.fetch("SELECT kind, state, email FROM personal_data_requests ORDER BY kind")
    assert [(one["kind"], one["state"]) for one in states] == [("delete", "withdrawn"), ("export", "asked")]
    assert states[1]["email"] == known.email
    assert (await mails("data_request_confirm"))[-1].to == known.email
