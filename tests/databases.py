"""Databases for tests: quickly made as copies of a migrated one, quickly emptied."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from app.embedded_postgres import embedded_postgres

# One statement, and few rows: most tests fill few tables. The audit log refuses TRUNCATE by a trigger,
# which does not fire in the role of a replica (that needs a superuser, as the tests' server has).
# Deleting the few rows of a test costs a fraction of new files for all tables and indexes, which TRUNCATE makes.
# When the server tidies up by itself depends on the minute. What the planner knows of a table would, too: of one that
# it has seen between two tests it expects few rows for long. So it does not, and large tables are tidied here.
_PREPARE = """
    CREATE SCHEMA emptied;
    CREATE FUNCTION emptied.all_tables() RETURNS text LANGUAGE plpgsql
    -- Neither triggers nor foreign keys are asked: everything goes, the audit log too.
    -- Nobody should hold anything any more.
    SET session_replication_role = replica SET lock_timeout = '5s' AS $$
    DECLARE
        one regclass;
        large text[] := '{}';
    BEGIN
        FOR one IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
                   AND relname <> 'migration' LOOP
            EXECUTE 'DELETE FROM ' || one;
            IF pg_relation_size(one) > 512 * 1024 THEN
                large := large || one::text;
            END IF;
        END LOOP;
        RETURN array_to_string(large, ', ');
    END
    $$;
    DO $$
    DECLARE
        one regclass;
    BEGIN
        FOR one IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' LOOP
            EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = off)', one);
        END LOOP;
    END
    $$;
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


async def prepare_to_be_emptied(address: str) -> None:
    """Makes a database one that `empty_all_tables` can empty, and that stays as the tests leave it."""
    connection = await asyncpg.connect(address)
    try:
        await connection.execute(_PREPARE)
    finally:
        await connection.close()


async def empty_all_tables() -> None:
    """Removes all rows of the program's database, the audit log's included."""
    from tables.engine import DB, DatabaseUnavailable
    from tests.leftovers import end_all_statements

    try:
        large = await DB.fetch_value("SELECT emptied.all_tables()")
    except DatabaseUnavailable:
        # Somebody holds rows whose test has ended. It must not fail all tests that come.
        warnings.warn(f"The tables could not be emptied for {await end_all_statements()}", stacklevel=1)
        large = await DB.fetch_value("SELECT emptied.all_tables()")
    if large:
        await DB.execute(f"VACUUM (INDEX_CLEANUP ON) {large}")


async def known_to_the_planner(*tables: str) -> None:
    """Writes these tables and their indexes anew, and has them looked at. What the planner chooses then depends on their
    rows alone: how large an index is, which rows need no look at the table, and what was known of them, is otherwise
    what earlier tests have left."""
    from tables.engine import DB

    await DB.execute(f"VACUUM FULL {', '.join(tables)}")
    await DB.execute(f"VACUUM ANALYZE {', '.join(tables)}")
