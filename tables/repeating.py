"""Transactions that wait for each other in a circle: PostgreSQL ends one, and who has run it runs it again.

The order in which rows are locked (tables/lock_order.py) keeps this rare; it is no promise. Nothing of what was
ended has happened, so that it can be run anew (PostgreSQL's documentation, 13.3.4 Deadlocks and 13.5 Serialization
Failure Handling). Who does so:

- a statement by itself: the engine (tables/engine.py);
- a request: `app.main`, with the whole request, as if the person had sent it a second time;
- a job of the worker, and a command: whoever calls `repeated`.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg
import structlog

from tables.database_faults import DatabaseUnavailable

Done = TypeVar("Done")
log = structlog.get_logger()

MUST_BE_REPEATED = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
# In all. Who is ended three times in a row is told to come back later, like everybody while the database is full.
TRIES = 3
# Seconds, times the number of the try: long enough for the other one to finish, and seldom the same for two.
SHORTEST_WAIT, LONGEST_WAIT = 0.01, 0.1


async def repeated(work: Callable[[], Awaitable[Done]], what: str) -> Done:
    """What `work` gives. It is called anew when it was ended, and must be safe to call again after any of its
    transactions. `what` names it in the log. Raises DatabaseUnavailable after the last try."""
    tried = 0
    while True:
        try:
            return await work()
        except MUST_BE_REPEATED as error:
            tried += 1
            await wait_for_next_try(error, tried, what)


async def wait_for_next_try(error: BaseException, tried: int, what: str) -> None:
    """Waits a little after try number `tried`, which was ended. Raises DatabaseUnavailable after the last one."""
    # The statement holds no values, and the context names table and place of the row.
    log.warning(
        "ended for another transaction",
        what=what,
        tried=tried,
        statement=" ".join(str(getattr(error, "query", None) or "").split()),
        where=getattr(error, "context", None),
    )
    if tried >= TRIES:
        raise DatabaseUnavailable(f"{what} was ended {tried} times for another transaction") from error
    await asyncio.sleep(tried * random.uniform(SHORTEST_WAIT, LONGEST_WAIT))
