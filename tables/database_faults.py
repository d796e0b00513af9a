"""What PostgreSQL and the network say when the database is away, in one word for the pages: unavailable."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import asyncpg

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
