"""How a database comes to hold more than anybody would wait for."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.demo.load import load_demo_data
from app.main import build
from app.settings import settings
from tables.engine import DB, close_pool, open_pool


@asynccontextmanager
async def beside_the_demo_data(address: str, minutes: int) -> AsyncIterator[None]:
    """A transaction in an empty, migrated database that has the demo data by then. No statement may take longer than
    so many minutes, and neither triggers nor foreign keys are asked (that needs a superuser). Afterwards the server
    knows what it has."""
    os.environ["DATABASE_URL"] = address
    settings.cache_clear()
    # The demo data bring mails, whose links are made from the routes.
    build()
    await open_pool(2)
    try:
        await load_demo_data()
        async with DB.transaction():
            await DB.execute(f"SET LOCAL statement_timeout = '{minutes}min'")
            await DB.execute("SET LOCAL session_replication_role = replica")
            yield
        # Outside of a transaction, with the time that it takes.
        async with DB.connection() as connection:
            await connection.execute(f"SET statement_timeout = '{minutes}min'")
            await connection.execute("VACUUM ANALYZE")
            await connection.execute("RESET statement_timeout")
    finally:
        await close_pool()
