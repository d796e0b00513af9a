"""The outbox: a mail and what causes it happen both or not at all."""

from collections.abc import Awaitable, Callable

import pytest
from jinja2 import UndefinedError

from app.applications import Application
from app.mail.outbox import queue_mail
from app.mail.sender import send_due_mails
from tables.engine import DB


async def test_no_mail_goes_out_for_something_that_did_not_happen(
    queue_verification: Callable[..., Awaitable[None]], mail_goes_to: Callable[..., None]
) -> None:
    async def fail_after_queueing() -> None:
        async with DB.transaction():
            await queue_verification()
            raise RuntimeError("the registration failed")

    with pytest.raises(RuntimeError):
        await fail_after_queueing()
    assert await DB.fetch("SELECT id FROM outbox_mails") == []
    assert await send_due_mails() == 0


async def test_the_message_id_is_fixed_when_the_mail_is_queued(
    queue_verification: Callable[..., Awaitable[None]],
) -> None:
    await queue_verification()
    await queue_verification()
    rows = await DB.fetch("SELECT id, message_id FROM outbox_mails")
    assert {row["message_id"] for row in rows} == {f"<{row['id'].hex}@localhost>" for row in rows}


async def test_a_mail_without_its_link_is_never_queued(database: str, shop: Application) -> None:
    with pytest.raises(UndefinedError):
        await queue_mail(
            application=shop,
            kind="verify_email",
            user_id=None,
            to_email="ines@example.com",
            to_name="",
            language="en",
            hours=24,
        )
    assert await DB.fetch("SELECT id FROM outbox_mails") == []


async def test_overlong_names_are_cut(queue_verification: Callable[..., Awaitable[None]]) -> None:
    await queue_verification(name="Ines " * 200)
    (row,) = await DB.fetch("SELECT to_name FROM outbox_mails")
    assert len(row["to_name"]) <= 250
