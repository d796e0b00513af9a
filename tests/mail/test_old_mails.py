"""Mails that are out are kept for some days, so that staff see what went to whom, and then forgotten."""

from collections.abc import Awaitable, Callable

import pytest

from app.applications import Application
from app.mail import outbox
from app.mail.outbox import DELETED_AT_ONCE, delete_old_mails
from tables.engine import DB
from tests.databases import known_to_the_planner
from tests.other_connection import other_connection
from tests.own_applications import OwnApplications

QueueVerification = Callable[..., Awaitable[None]]


async def queued(queue: QueueVerification, name: str, change: str) -> None:
    """A mail to this name, and what became of it."""
    email = f"{name}@example.com"
    await queue(email)
    await DB.execute(
        f"UPDATE outbox_mails SET created_at = now() - interval '1 year', due_at = now(), {change}"
        " WHERE to_email = $1",
        email,
    )


async def left() -> set[str]:
    return {row["to_email"].partition("@")[0] for row in await DB.fetch("SELECT to_email FROM outbox_mails")}


async def test_mails_go_90_days_after_they_went_out_or_were_given_up(
    queue_verification: QueueVerification, shop: Application
) -> None:
    assert shop.mail_days == 90
    days = "now() - interval '{} days'"
    await queued(queue_verification, "sent", f"sent_at = {days.format(89)}")
    await queued(queue_verification, "old", f"sent_at = {days.format(91)}")
    await queued(queue_verification, "failed", f"gave_up_at = {days.format(89)}")
    await queued(queue_verification, "lost", f"gave_up_at = {days.format(91)}")
    await queued(queue_verification, "retried", f"gave_up_at = {days.format(91)}, sent_at = {days.format(1)}")
    await queued(queue_verification, "gone", f"sent_at = {days.format(91)}, application = 'no-such-shop'")
    await queued(queue_verification, "new", f"sent_at = {days.format(89)}, application = 'no-such-shop'")
    await queued(queue_verification, "waiting", "sent_at = NULL")
    assert await delete_old_mails() == 3
    assert await left() == {"sent", "failed", "retried", "new", "waiting"}
    assert await delete_old_mails() == 0


@pytest.fixture
def shops_with_days_of_their_own(own_applications: OwnApplications) -> None:
    """The business shop keeps mails for a week, the consumer shop for a year."""
    for kind, days in (("B2CWebShop", 365), ("SMBWebShop", 7)):
        heading = f"[application_types.{kind}]"
        own_applications.replace(heading, f"{heading}\nmail_days = {days}")


@pytest.mark.usefixtures("shops_with_days_of_their_own")
async def test_each_application_says_for_how_many_days(queue_verification: QueueVerification) -> None:
    days = "sent_at = now() - interval '{} days', application = '{}'"
    await queued(queue_verification, "sixth", days.format(6, "business"))
    await queued(queue_verification, "eighth", days.format(8, "business"))
    await queued(queue_verification, "long", days.format(364, "shop"))
    await queued(queue_verification, "ago", days.format(366, "shop"))
    assert await delete_old_mails() == 2
    assert await left() == {"sixth", "long"}


async def many_old(count: int) -> None:
    """So many mails that went out long ago, and as many that went out today."""
    await DB.execute(
        "INSERT INTO outbox_mails (id, message_id, application, kind, language, to_email, to_name, subject,"
        " text_body, html_body, unsubscribe_link, created_at, due_at, attempts, last_error, sent_at)"
        " SELECT gen_random_uuid(), 'm-' || n, 'shop', 'order_placed', 'en', 'a@example.com', '', '', '', '', '',"
        "        now(), now(), 1, '', now() - CASE WHEN n <= $1 THEN interval '100 days' ELSE interval '0' END"
        " FROM generate_series(1, 2 * $1::integer) n",
        count,
    )


@pytest.mark.usefixtures("database")
async def test_more_old_mails_than_one_statement_takes_all_go() -> None:
    await many_old(DELETED_AT_ONCE + 1)
    assert await delete_old_mails() == DELETED_AT_ONCE + 1
    assert await DB.fetch_value("SELECT count(*) FROM outbox_mails") == DELETED_AT_ONCE + 1


async def test_an_old_mail_that_somebody_holds_keeps_no_other_and_goes_the_next_time(database: str) -> None:
    await many_old(3)
    async with other_connection(database) as other:
        holding = other.transaction()
        await holding.start()
        await other.execute("SELECT FROM outbox_mails WHERE message_id = 'm-1' FOR UPDATE")
        assert await delete_old_mails() == 2
        await holding.rollback()
    assert await delete_old_mails() == 1


@pytest.mark.usefixtures("database")
async def test_old_mails_are_found_without_reading_those_that_stay() -> None:
    await many_old(20_000)
    await delete_old_mails()
    await known_to_the_planner("outbox_mails")
    for sql, arguments in ((outbox._NEXT_APPLICATION, ("",)), (outbox._DELETE_OLD, ("shop", 90))):
        plan = [row["QUERY PLAN"] for row in await DB.fetch(f"EXPLAIN {sql}", *arguments)]
        assert any("outbox_mails_that_are_over" in line for line in plan), plan
        assert not any("Seq Scan" in line for line in plan), plan
