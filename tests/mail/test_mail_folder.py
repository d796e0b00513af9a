"""Without a mail server each mail is a file."""

import re
from collections.abc import Awaitable, Callable
from email import message_from_bytes, policy
from pathlib import Path
from uuid import uuid4

from app.mail.mail_folder import mail_file, mail_files
from app.mail.sender import send_due_mails
from tables.engine import DB

LINK = "http://localhost:8000/verify-email?token=abc.def-123&x=1"


async def test_each_mail_is_a_file_that_only_its_owner_reads(
    queue_verification: Callable[..., Awaitable[None]], mail_goes_to: Callable[..., None], tmp_path: Path
) -> None:
    await queue_verification(language="de")
    assert await send_due_mails() == 1
    (path,) = (tmp_path / "mail").iterdir()
    (row,) = await DB.fetch("SELECT * FROM outbox_mails")
    assert re.fullmatch(rf"\d{{8}}T\d{{9}}Z-verify_email-{row['id']}\.eml", path.name)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert message["Message-ID"] == row["message_id"]
    assert LINK.encode() in path.read_bytes(), "people read these files with a plain editor too"
    assert row["text_body"] == ""


async def test_a_mail_that_is_delivered_twice_is_still_one_file(
    queue_verification: Callable[..., Awaitable[None]], mail_goes_to: Callable[..., None], tmp_path: Path
) -> None:
    await queue_verification()
    await send_due_mails()
    await DB.execute("UPDATE outbox_mails SET sent_at = NULL")
    assert await send_due_mails() == 1
    assert len(list((tmp_path / "mail").iterdir())) == 1


async def test_a_folder_that_cannot_be_written_delays_the_mail(
    queue_verification: Callable[..., Awaitable[None]], mail_goes_to: Callable[..., None], tmp_path: Path
) -> None:
    (tmp_path / "mail").write_text("a file where the folder should be")
    await queue_verification()
    assert await send_due_mails() == 0
    (row,) = await DB.fetch("SELECT * FROM outbox_mails")
    assert row["sent_at"] is None
    assert row["attempts"] == 1
    assert row["text_body"] != ""


async def test_mails_are_listed_newest_first_and_other_files_are_not(
    queue_verification: Callable[..., Awaitable[None]], mail_goes_to: Callable[..., None], tmp_path: Path
) -> None:
    assert mail_files(newest=10) == []
    for number in range(3):
        await queue_verification(f"shopper{number}@example.com")
    await send_due_mails()
    (tmp_path / "mail" / "notes.txt").write_text("no mail")
    (tmp_path / "mail" / "x.eml").write_text("no mail of ours")
    (tmp_path / "mail" / f".{uuid4()}-abcd").write_text("the rest of a killed process")
    keys = [row["id"] for row in await DB.fetch("SELECT id FROM outbox_mails ORDER BY created_at DESC")]
    assert [key for key, _ in mail_files(newest=10)] == keys
    assert [key for key, _ in mail_files(newest=2)] == keys[:2]
    assert mail_file(keys[1]) is not None
    assert mail_file(uuid4()) is None
