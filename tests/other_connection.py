"""A second connection to the database of the tests, which holds what the program needs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from tables.engine import DB

_WAITING = """
    SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE NOT l.granted AND a.datname = current_database()
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


async def until_somebody_waits(task: asyncio.Future[object], count: int = 1) -> None:
    """Returns when what the task does waits for a lock; with a `count` when so many wait, the task among them."""
    async with asyncio.timeout(60):
        while await DB.fetch_value(_WAITING) < count:
            assert not task.done(), task
            await asyncio.sleep(0.005)
