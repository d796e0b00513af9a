"""The database engine: Piccolo's PostgreSQL engine with transactions that keep their promises.

Nothing connects when this module is imported; the address is read from the settings when the first
connection is made.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import asyncpg
from asyncpg.pool import Pool
from piccolo.engine.postgres import PostgresEngine
from piccolo.querystring import QueryString

from tables.database_faults import DatabaseUnavailable, unavailable_when_away
from tables.repeating import MUST_BE_REPEATED, wait_for_next_try
from tables.transactions import CurrentTransaction, Transaction, TransactionLost

__all__ = ["DB", "Database", "DatabaseUnavailable", "TransactionLost", "close_pool", "open_pool"]

# Seconds. A page that waits longer is answered by 503 instead (security.md, Concurrency and faults).
WAIT_FOR_CONNECTION = 5
CONNECT_WITHIN = 5
SESSION_SETTINGS = {
    "application_name": "patron",
    "timezone": "UTC",
    "lock_timeout": "5s",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
}


class Database(PostgresEngine):
    """PostgreSQL, from a pool while one is open (`open_pool`), else by one connection for each query."""

    def __init__(self, address: Callable[[], str]) -> None:
        self.address = address
        super().__init__(config={}, extensions=())
        self.current_transaction = CurrentTransaction()  # type: ignore[assignment]  # the same three methods

    async def check_version(self) -> None:
        """Nothing: Piccolo would connect while this module is imported."""

    async def prep_database(self) -> None:
        """Nothing: migrations create what the database needs."""

    async def start_connection_pool(self, **options: Any) -> None:
        """Opens the pool. It connects on demand, so that a process may start before its database does."""
        self.pool = await asyncpg.create_pool(
            **{
                "dsn": self.address(),
                "min_size": 0,
                "timeout": CONNECT_WITHIN,
                "server_settings": SESSION_SETTINGS,
                "reset": _nothing_to_reset,
                **options,
            }
        )

    async def close_connection_pool(self) -> None:
        """Closes the pool after the queries that run; after 5 seconds without waiting for them."""
        pool, self.pool = self.pool, None
        if pool is None:
            return
        try:
            async with asyncio.timeout(5):
                await pool.close()
        except TimeoutError:
            pool.terminate()

    async def get_new_connection(self) -> Any:
        """A connection outside the pool; the caller closes it. Raises DatabaseUnavailable."""
        with unavailable_when_away(while_connecting=True):
            return await asyncpg.connect(
                self.address(), timeout=CONNECT_WITHIN, server_settings=SESSION_SETTINGS
            )

    async def take_connection(self) -> tuple[Any, Pool | None]:
        """A connection and the pool it belongs to; without a pool a new one. Raises DatabaseUnavailable."""
        pool = self.pool
        if pool is None:
            return await self.get_new_connection(), None
        # A timer for a wait that does not come about costs more than half of what taking a free connection does.
        longest = None if pool.get_idle_size() else WAIT_FOR_CONNECTION
        with unavailable_when_away(while_connecting=True):
            return await pool.acquire(timeout=longest), pool

    async def give_back_connection(self, connection: Any, pool: Pool | None) -> None:
        """Returns a connection of `take_connection` to where it came from. Never raises for a broken one."""
        # What fails here was terminated by asyncpg, and the pool makes a new connection for the next taker.
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
            if pool is not None:
                await pool.release(connection)
            else:
                await connection.close(timeout=CONNECT_WITHIN)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """The connection of the current transaction, or one for the time of the block."""
        current = cast("Transaction | None", self.current_transaction.get())
        if current is not None:
            yield current.connection
            return
        connection, pool = await self.take_connection()
        try:
            yield connection
        finally:
            await self.give_back_connection(connection, pool)

    async def run_querystring(self, querystring: QueryString, in_pool: bool = True) -> Any:
        """Runs a query that Piccolo built. Raises DatabaseUnavailable."""
        query, arguments = querystring.compile_string(engine_type=self.engine_type)
        return await self._records(query, arguments)

    async def run_ddl(self, ddl: str, in_pool: bool = True) -> Any:
        """Runs a statement that changes tables. Raises DatabaseUnavailable."""
        return await self._records(ddl, ())

    async def _records(self, query: str, arguments: Sequence[Any]) -> Any:
        return await self._ask("fetch", query, arguments)

    async def fetch(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        """All rows of a constant statement with `$1` parameters, in the current transaction if any."""
        return [dict(record) for record in await self._records(query, arguments)]

    async def fetch_row(self, query: str, *arguments: Any) -> dict[str, Any] | None:
        """The first row of a constant statement, or None."""
        record = await self._ask("fetchrow", query, arguments)
        return None if record is None else dict(record)

    async def fetch_value(self, query: str, *arguments: Any) -> Any:
        """The first column of the first row of a constant statement, or None."""
        return await self._ask("fetchval", query, arguments)

    async def execute(self, statement: str, *arguments: Any) -> int:
        """Runs a constant statement; how many rows it changed, so that conditional writes can be checked."""
        status = await self._ask("execute", statement, arguments)
        count = str(status).rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def _ask(self, way: str, query: str, arguments: Sequence[Any], tried: int = 0) -> Any:
        # As `connection`, but every statement comes through here, and a context manager for each costs a page.
        current = cast("Transaction | None", self.current_transaction.get())
        connection, pool = await self.take_connection() if current is None else (current.connection, None)
        try:
            with unavailable_when_away(connection):
                return await getattr(connection, way)(query, *arguments)
        except MUST_BE_REPEATED as error:
            if current is not None:
                raise
            # By itself it is a whole transaction: nothing else has to be done again.
            ended = error
        finally:
            if current is None:
                await self.give_back_connection(connection, pool)
        await wait_for_next_try(ended, tried + 1, "statement")
        return await self._ask(way, query, arguments, tried + 1)

    def transaction(self, allow_nested: bool = True) -> Transaction:
        """`async with DB.transaction():` commits at its end, rolls back on an exception, can be nested."""
        return Transaction(engine=self, allow_nested=allow_nested)


async def _nothing_to_reset(connection: Any) -> None:
    """What the pool does when a connection comes back, after asyncpg has rolled back what was open.

    Its default asks the server to forget SET, LISTEN, cursors and session locks, which costs 11 to 18 % at
    full load. Patron keeps none of these in pooled connections: settings only by SET LOCAL, locks only for a
    transaction (`pg_advisory_xact_lock`).
    """


def _address() -> str:
    # Imported late: tables can be read, and migrations be written, without settings.
    from app.settings import settings

    address = settings().database_url
    if not address:
        raise DatabaseUnavailable("no database is open: DATABASE_URL is empty and no embedded server runs")
    return address


DB = Database(_address)


async def open_pool(size: int | None = None) -> None:
    """Opens the connection pool of this process; `size` connections at most, by default as settings say."""
    if size is None:
        from app.settings import settings

        size = settings().database_pool_size
    await DB.start_connection_pool(max_size=size)


async def close_pool() -> None:
    """Closes the connection pool of this process."""
    await DB.close_connection_pool()
