"""The database engine: Piccolo's PostgreSQL engine with transactions that keep their promises.

Nothing connects when this module is imported; the address is read from the settings when the first
connection is made.
"""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Literal, cast

import asyncpg
from asyncpg.pool import Pool
from piccolo.engine.postgres import PostgresEngine, PostgresTransaction
from piccolo.querystring import QueryString

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
# What PostgreSQL and the network say when the database is away, full, or held by somebody else.
AWAY = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)
# What it says only while a connection is made: wrong credentials, no such database, a closed one.
REFUSED = (
    *AWAY,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.ObjectNotInPrerequisiteStateError,
)


class DatabaseUnavailable(Exception):
    """The database cannot answer now: it is away, shutting down, full or locked. Pages answer 503."""


class CurrentTransaction:
    """The transaction of the running task, in the shape that Piccolo expects of a context variable.

    A context variable is inherited by tasks that are started inside the transaction. Two tasks on one
    connection disturb each other, and the task may outlive the transaction, so the value counts only in
    the task that set it. (Before Python 3.12 `asyncio.wait_for` starts a task too: use `asyncio.timeout`.)
    """

    def __init__(self) -> None:
        self._variable: contextvars.ContextVar[tuple[Transaction, asyncio.Task[Any] | None] | None] = (
            contextvars.ContextVar("current_transaction", default=None)
        )

    def get(self) -> "Transaction | None":
        """The open transaction of this very task, or None."""
        value = self._variable.get()
        if value is None or value[1] is not asyncio.current_task():
            return None
        return value[0]

    def set(self, transaction: "Transaction") -> contextvars.Token[Any]:
        """Makes the transaction current; `reset` with the token takes it back."""
        return self._variable.set((transaction, asyncio.current_task()))

    def reset(self, token: contextvars.Token[Any]) -> None:
        """Makes current what was current before `set`."""
        self._variable.reset(token)


class TransactionLost(Exception):
    """A transaction that could not be committed, since a failed statement inside had already ended it.

    PostgreSQL answers such a COMMIT by a rollback and no error. To go on after a failed statement, run it in
    a transaction of its own inside the other.
    """


class Transaction(PostgresTransaction):
    """A transaction, or inside another one a savepoint: its failure can be caught without losing the outer.

    The connection goes back to the pool and the transaction stops being current whatever happens, also
    when BEGIN, COMMIT or ROLLBACK fail. An error of the ROLLBACK never hides the error that caused it.
    """

    engine: "Database"
    connection: Any

    async def __aenter__(self) -> "Transaction":
        parent = cast("Transaction | None", self._parent)
        self._depth: int = parent._depth + 1 if parent else 0
        self._pool: Pool | None = None
        if parent:
            self.connection = parent.connection
        else:
            self.connection, self._pool = await self.engine.take_connection()
        try:
            await self.begin()
        except BaseException:
            await self._give_back()
            raise
        self.context = self.engine.current_transaction.set(self)
        return self

    async def __aexit__(self, exception_type: object, exception: object, traceback: object) -> Literal[False]:
        try:
            if self._committed or self._rolled_back:
                pass
            elif exception_type is None:
                await self.commit()
            else:
                await self._roll_back_quietly()
        finally:
            self.engine.current_transaction.reset(self.context)
            await self._give_back()
        return False

    async def begin(self) -> None:
        """Starts the transaction; `async with` does it."""
        await self._say(f"SAVEPOINT level_{self._depth}" if self._depth else "BEGIN")

    async def commit(self) -> None:
        """Commits before the end of the block. Raises TransactionLost when nothing is left to commit."""
        answer = await self._say(f"RELEASE SAVEPOINT level_{self._depth}" if self._depth else "COMMIT")
        if answer == "ROLLBACK":
            self._rolled_back = True
            raise TransactionLost("a failed statement had ended the transaction: nothing was committed")
        self._committed = True

    async def rollback(self) -> None:
        """Rolls back before the end of the block."""
        if self._depth:
            await self._say(f"ROLLBACK TO SAVEPOINT level_{self._depth}")
            await self._say(f"RELEASE SAVEPOINT level_{self._depth}")
        else:
            await self._say("ROLLBACK")
        self._rolled_back = True

    async def _say(self, statement: str) -> str:
        with unavailable_when_away(self.connection):
            return str(await self.connection.execute(statement))

    async def _roll_back_quietly(self) -> None:
        try:
            await self.rollback()
        except (DatabaseUnavailable, asyncpg.PostgresError, asyncpg.InterfaceError):
            # The server rolls back by itself when a connection ends, and the pool replaces the connection.
            # An outer transaction fails at its next step.
            with suppress(asyncpg.InterfaceError):
                self.connection.terminate()

    async def _give_back(self) -> None:
        if self._parent is None:
            await self.engine.give_back_connection(self.connection, self._pool)


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
        with unavailable_when_away(while_connecting=True):
            return await pool.acquire(timeout=WAIT_FOR_CONNECTION), pool

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
        async with self.connection() as connection:
            with unavailable_when_away(connection):
                return await connection.fetch(query, *arguments)

    async def fetch(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        """All rows of a constant statement with `$1` parameters, in the current transaction if any."""
        return [dict(record) for record in await self._records(query, arguments)]

    async def fetch_row(self, query: str, *arguments: Any) -> dict[str, Any] | None:
        """The first row of a constant statement, or None."""
        async with self.connection() as connection:
            with unavailable_when_away(connection):
                record = await connection.fetchrow(query, *arguments)
        return None if record is None else dict(record)

    async def fetch_value(self, query: str, *arguments: Any) -> Any:
        """The first column of the first row of a constant statement, or None."""
        async with self.connection() as connection:
            with unavailable_when_away(connection):
                return await connection.fetchval(query, *arguments)

    async def execute(self, statement: str, *arguments: Any) -> int:
        """Runs a constant statement; how many rows it changed, so that conditional writes can be checked."""
        async with self.connection() as connection:
            with unavailable_when_away(connection):
                status = await connection.execute(statement, *arguments)
        count = str(status).rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    def transaction(self, allow_nested: bool = True) -> Transaction:
        """`async with DB.transaction():` commits at its end, rolls back on an exception, can be nested."""
        return Transaction(engine=self, allow_nested=allow_nested)


@contextmanager
def unavailable_when_away(connection: Any = None, *, while_connecting: bool = False) -> Iterator[None]:
    """Turns what PostgreSQL and the network say when the database is away into DatabaseUnavailable."""
    faults = REFUSED if while_connecting else AWAY
    try:
        yield
    except faults as error:
        raise DatabaseUnavailable(str(error) or type(error).__name__) from error
    except asyncpg.InterfaceError as error:
        # Also raised for wrong arguments, which are our mistakes and no fault of the database.
        if while_connecting or _is_dead(connection):
            raise DatabaseUnavailable(str(error)) from error
        raise
    except asyncpg.InternalClientError as error:
        # The server's farewell has arrived, and the end of the connection was not noticed yet.
        if connection is not None:
            with suppress(asyncpg.InterfaceError):
                connection.terminate()
        raise DatabaseUnavailable(str(error)) from error


def _is_dead(connection: Any) -> bool:
    try:
        return connection is not None and bool(connection.is_closed())
    except asyncpg.InterfaceError:
        # asyncpg takes a connection away from its user as soon as it has ended.
        return True


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
