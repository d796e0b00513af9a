"""The mail outbox in the back office."""

import uuid

import pytest

from tables.engine import DB
from tests import people
from tests.browser_like import Person

pytestmark = pytest.mark.usefixtures("database")


async def queue(staff: Person, email: str = "one@n.example") -> uuid.UUID:
    known = await people.pending_company(email)
    await staff.post(f"/customers/{known.number}/approve")
    mail_id = await DB.fetch_value("SELECT id FROM outbox_mails WHERE to_email = $1", email)
    assert isinstance(mail_id, uuid.UUID)
    return mail_id


async def test_failed_mails_come_first_and_say_why(staff: Person) -> None:
    mail = await queue(staff)
    await DB.execute(
        "UPDATE outbox_mails SET gave_up_at = now(), attempts = 5, last_error = '550 no such user' WHERE id = $1",
        mail,
    )
    page = await staff.get("/mail")
    assert page.h1 == "Mails: Failed"
    for text in ("one@n.example", "550 no such user", "5"):
        assert text in page.main


async def test_waiting_and_sent_mails_have_their_own_lists(staff: Person) -> None:
    await queue(staff)
    sent = await queue(staff, "two@n.example")
    await DB.execute("UPDATE outbox_mails SET sent_at = now() WHERE id = $1", sent)
    waiting = await staff.get("/mail?state=waiting")
    assert "one@n.example" in waiting.main
    assert "two@n.example" not in waiting.main
    page = await staff.get("/mail?state=sent")
    assert "two@n.example" in page.main
    assert "one@n.example" not in page.main
    assert "No mail was given up." in (await staff.get("/mail?state=nonsense")).main


async def test_a_mail_does_not_show_its_text_which_may_hold_a_link_that_acts(staff: Person) -> None:
    known = await people.company()
    await staff.post(f"/customers/{known.number}/password-mail")
    page = await staff.get("/mail?state=waiting")
    assert known.email in page.main
    assert "token=" not in page.html


async def test_a_failed_mail_is_tried_again(staff: Person) -> None:
    mail = await queue(staff)
    await DB.execute("UPDATE outbox_mails SET gave_up_at = now(), attempts = 5 WHERE id = $1", mail)
    page = await staff.get("/mail")
    page = await staff.post(f"/mail/{mail}/retry")
    assert page.path == "/back-office/mail?state=waiting"
    assert "The mail is tried again now." in page.main
    row = await DB.fetch_row("SELECT * FROM outbox_mails WHERE id = $1", mail)
    assert row is not None
    assert (row["gave_up_at"], row["attempts"]) == (None, 0)
    assert await DB.fetch_value("SELECT count(*) FROM audit_entries WHERE action = 'mail sent again'") == 1


async def test_only_a_failed_mail_can_be_tried_again(staff: Person) -> None:
    mail = await queue(staff)
    assert (await staff.post(f"/mail/{mail}/retry")).status == 404
    assert (await staff.post(f"/mail/{uuid.uuid4()}/retry")).status == 404


async def test_older_mails_are_on_further_pages(staff: Person) -> None:
    await queue(staff)
    await DB.execute(
        "INSERT INTO outbox_mails (id, message_id, application, kind, language, to_email, subject, text_body,"
        " html_body, created_at, due_at, attempts, last_error)"
        " SELECT gen_random_uuid(), n::text, 'shop', 'approved', 'en', 'old' || n || '@n.example', 'S', '', '',"
        " now(), now(), 0, '' FROM generate_series(1, 60) n"
    )
    first = await staff.get("/mail?state=waiting")
    second = await staff.get(next(one for one in first.links if "before=" in one))
    listed = [page.main.count("@n.example") for page in (first, second)]
    assert listed == [50, 11]
