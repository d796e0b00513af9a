"""A file of people to invite is not given up for what the database could not do."""

import asyncio

import pytest

from app.company_users.invitation_import import work_off_imports
from tables.engine import DB, DatabaseUnavailable
from tests.company_users.test_invitation_import import administrator, claim_runs_out, invited, upload
from tests.other_connection import other_connection, until_somebody_waits

pytestmark = pytest.mark.usefixtures("database")

_END_WHO_WAITS = """
    SELECT pg_cancel_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


async def test_a_database_that_is_busy_takes_no_try_of_a_file(database: str) -> None:
    await upload(await administrator(), b"email\nnora@alfki.example\n")
    async with other_connection(database) as other, other.transaction():
        await other.execute("SELECT FROM customers FOR UPDATE")
        worker = asyncio.create_task(work_off_imports())
        await until_somebody_waits(worker)
        # As when the time is over that a statement has.
        await other.execute(_END_WHO_WAITS)
        with pytest.raises(DatabaseUnavailable):
            await worker
    assert await DB.fetch_value("SELECT tries FROM user_imports") == 0
    await claim_runs_out()
    assert await work_off_imports() == 1
    assert [email for email, _first, _last in await invited()] == ["nora@alfki.example"]
