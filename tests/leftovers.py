"""What a test has left running in the event loop and in the database, which all tests of a process share.

It would hold rows that the next tests delete, and they would fail in its stead.
"""

import asyncio
from collections.abc import Collection

from tables.engine import DB

# Seconds for what ends by itself, such as the connection of a process that was killed.
ENDS_WITHIN = 10.0
Task = asyncio.Task[object]

# With `$1`, it is ended, and waited for so many milliseconds.
_RUNNING = """
    SELECT format('process %s of the database (%s): %s', pid, state, left(query, 300)) AS said,
           CASE WHEN $1::int > 0 THEN pg_terminate_backend(pid, $1) END
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND backend_type = 'client backend' AND state <> 'idle'
"""


async def end_what_was_left(before: Collection[Task]) -> list[str]:
    """Ends all tasks that are not among those of before, and all statements and transactions; what these were. None of
    them is named that ends by itself in a moment."""
    tasks = {task for task in asyncio.all_tasks() - {*before} if task is not asyncio.current_task()}
    if tasks:
        _, tasks = await asyncio.wait(tasks, timeout=ENDS_WITHIN)
    said = [repr(task) for task in tasks]
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=ENDS_WITHIN)
    end = asyncio.get_running_loop().time() + ENDS_WITHIN
    while await DB.fetch(_RUNNING, 0):
        if asyncio.get_running_loop().time() > end:
            return said + await end_all_statements()
        await asyncio.sleep(0.05)
    return said


async def end_all_statements() -> list[str]:
    """Ends what others have the database of the tests do, and each open transaction; what these were."""
    return [row["said"] for row in await DB.fetch(_RUNNING, int(ENDS_WITHIN * 1000))]
