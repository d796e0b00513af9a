"""Transactions that give their connection back, nest as savepoints, and belong to one task."""

import asyncio
import contextvars
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, cast

import asyncpg
from asyncpg.pool import Pool
from piccolo.engine.postgres import PostgresTransaction

from tables.database_faults import DatabaseUnavailable, unavailable_when_away

if TYPE_CHECKING:
    from tables.engine import Database


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
