"""What a test leaves running is told of and ended, and does not reach the next one."""

import asyncio
import warnings
from datetime import UTC, datetime

import pytest

from tables.engine import DB
from tests import leftovers, people
from tests.databases import empty_all_tables
from tests.leftovers import end_what_was_left
from tests.midnight import seconds_to_midnight
from tests.other_connection import other_connection


async def holds_the_users(holds: asyncio.Event) -> None:
    async with DB.transaction():
        await DB.execute("SELECT FROM users FOR UPDATE")
        holds.set()
        await asyncio.Event().wait()


async def test_a_task_that_is_left_is_named_and_ended(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "ENDS_WITHIN", 1.0)
    await people.shopper()
    before, holds = asyncio.all_tasks(), asyncio.Event()
    left = asyncio.create_task(holds_the_users(holds))
    await holds.wait()
    [said] = await end_what_was_left(before)
    assert "holds_the_users" in said
    assert left.cancelled()
    assert await end_what_was_left(before) == []


async def test_a_transaction_that_is_left_is_named_and_ended(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers, "ENDS_WITHIN", 1.0)
    await people.shopper()
    async with other_connection(database) as other:
        await other.execute("BEGIN")
        await other.execute("SELECT FROM users FOR UPDATE")
        [said] = await end_what_was_left(asyncio.all_tasks())
    assert "(idle in transaction): SELECT FROM users FOR UPDATE" in said
    assert await end_what_was_left(asyncio.all_tasks()) == []


async def test_what_ends_by_itself_in_a_moment_is_waited_for(database: str) -> None:
    before = asyncio.all_tasks()
    task = asyncio.create_task(DB.execute("SELECT pg_sleep(0.1)"))
    assert await end_what_was_left(before) == []
    assert task.done()


async def test_who_holds_a_row_does_not_keep_the_tables_from_being_emptied(database: str) -> None:
    await people.shopper()
    async with other_connection(database) as other:
        await other.execute("BEGIN")
        await other.execute("SELECT FROM users FOR UPDATE")
        with pytest.warns(UserWarning, match="idle in transaction.*SELECT FROM users FOR UPDATE"):
            await empty_all_tables()
    assert await DB.fetch_value("SELECT count(*) FROM users") == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        await empty_all_tables()


async def test_a_table_that_has_grown_is_small_again_and_nothing_is_known_of_it(database: str) -> None:
    await DB.execute(
        "INSERT INTO number_series (name, last_number) SELECT n::text, 1 FROM generate_series(1, 20000) n"
    )
    await DB.execute("ANALYZE number_series")
    await empty_all_tables()
    known = await DB.fetch_row("SELECT relpages, reltuples FROM pg_class WHERE relname = 'number_series'")
    assert known == {"relpages": 0, "reltuples": 0}
    assert await DB.fetch_value("SELECT pg_relation_size('number_series')") == 0


@pytest.mark.parametrize(
    ("now", "left"),
    [
        ("2026-11-22T22:59:50", 10),
        ("2026-11-22T23:00:00", 3600),
        ("2026-11-22T23:59:40", 20),
        ("2026-11-22T12:00:00", 11 * 3600),
        ("2026-06-30T21:59:59", 1),
        # The night in which the clock in Berlin goes forward, and the one in which it goes back.
        ("2026-03-28T22:59:59", 1),
        ("2026-10-25T22:59:59", 1),
    ],
)
def test_a_day_ends_at_midnight_in_utc_and_in_the_shop(now: str, left: int) -> None:
    assert seconds_to_midnight(datetime.fromisoformat(now).replace(tzinfo=UTC)) == left
