"""Databases for tests: quickly made as copies of a migrated one, quickly emptied."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from app.embedded_postgres import embedded_postgres

# One statement, and only tables with rows: most tests fill few. The audit log refuses TRUNCATE by a trigger,
# which does not fire in the role of a replica (that needs a superuser, as the tests' server has).
# Deleting the few rows of a test costs a fraction of new files for all tables and indexes, which TRUNCATE makes.
EMPTY_ALL_TABLES = """
DO $$
DECLARE
    one text;
BEGIN
    -- Neither triggers nor foreign keys are asked: everything goes, the audit log too.
    SET LOCAL session_replication_role = replica;
    FOR one IN SELECT format('%I', tablename) FROM pg_tables
               WHERE schemaname = 'public' AND tablename <> 'migration' LOOP
        EXECUTE 'DELETE FROM ' || one;
    END LOOP;
END
$$
"""


@contextmanager
def running_server(folder: Path, address: str) -> Iterator[str]:
    """Address of the server to test with: the given one, or an embedded one that forgets all."""
    if address:
        yield address
        return
    with embedded_postgres(folder / "server", share=False, durable=False) as embedded:
        yield embedded


class TestDatabases:
    """Makes databases on one server; the first one is migrated, the others are copies of it."""

    __test__ = False  # for pytest this is no class of tests

    def __init__(self, server: str) -> None:
        self.server = server
        self.made = 0
        self.template = ""

    async def new_database(self, *, migrated: bool = True) -> str:
        """Address of a new database of its own, with all tables and no rows, or with nothing at all."""
        if migrated and not self.template:
            self.template = await self._new_database("")
            await _migrate(self.template)
        return await self._new_database(urlsplit(self.template).path.removeprefix("/") if migrated else "")

    async def _new_database(self, template: str) -> str:
        self.made += 1
        name = f"patron_test_{os.getpid()}_{self.made}"
        connection = await asyncpg.connect(self.server)
        try:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}"')
            await connection.execute(
                f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else "")
            )
        finally:
            await connection.close()
        return urlunsplit(urlsplit(self.server)._replace(path=f"/{name}"))

    async def drop_all(self) -> None:
        """Drops what was made, so that a server that stays is left as it was."""
        connection = await asyncpg.connect(self.server)
        try:
            for number in range(1, self.made + 1):
                await connection.execute(
                    f'DROP DATABASE IF EXISTS "patron_test_{os.getpid()}_{number}" WITH (FORCE)'
                )
        finally:
            await connection.close()


async def _migrate(address: str) -> None:
    from app.migrations import migrate
    from app.settings import settings

    before = os.environ.get("DATABASE_URL")
    os.environ["DATABASE_URL"] = address
    settings.cache_clear()
    try:
        await migrate()
    finally:
        if before is None:
            del os.environ["DATABASE_URL"]
        else:
            os.environ["DATABASE_URL"] = before
        settings.cache_clear()


async def empty_all_tables() -> None:
    """Removes all rows of the program's database, the audit log's included."""
    from tables.engine import DB

    await DB.execute(EMPTY_ALL_TABLES)
