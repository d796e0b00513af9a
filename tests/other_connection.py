"""A second connection to the database of the tests, which holds what the program needs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg

from tables.engine import DB

# When each of those who wait began to; null in the first moment, in which nobody knows whether it will last.
_WAITING = """
    SELECT count(*) AS waiting, max(l.waitstart) AS began FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE NOT l.granted AND a.datname = current_database() AND l.waitstart > coalesce($1, '-infinity'::timestamptz)
"""


@asynccontextmanager
async def other_connection(database: str) -> AsyncIterator[asyncpg.Connection]:
    """The connection. It is the patient one: of a circle that it is part of, always the program is ended."""
    connection = await asyncpg.connect(database)
    try:
        await connection.execute("SET deadlock_timeout = '1min'")
        yield connection
    finally:
        await connection.close()


async def until_somebody_waits(
    task: asyncio.Future[object], count: int = 1, since: datetime | None = None
) -> datetime:
    """Returns when what the task does waits for a lock; with a `count` when so many wait, the task among them.

    Gives when the last of them began to wait. With that as `since` it returns when somebody began after it: who was
    let go a moment ago is still told of as waiting.
    """
    async with asyncio.timeout(60):
        while True:
            row = await DB.fetch_row(_WAITING, since)
            assert row is not None
            if row["waiting"] >= count:
                began: datetime = row["began"]
                return began
            assert not task.done(), task
            await asyncio.sleep(0.005)
