"""The database engine: transactions, savepoints, tasks and faults of a real server (stack.md)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from app.embedded_postgres import embedded_postgres
from tables import NumberSeries
from tables.engine import DB, Database, DatabaseUnavailable, TransactionLost

pytestmark = pytest.mark.usefixtures("database")


async def insert(name: str) -> None:
    await DB.execute("INSERT INTO number_series (name, last_number) VALUES ($1, 0)", name)


async def names() -> list[str]:
    return [row["name"] for row in await DB.fetch("SELECT name FROM number_series ORDER BY name")]


def idle_connections() -> bool:
    assert DB.pool is not None
    return DB.pool.get_size() == DB.pool.get_idle_size()


async def test_a_transaction_commits_at_its_end_and_rolls_back_on_an_exception() -> None:
    async with DB.transaction():
        await insert("kept")
    with pytest.raises(ValueError, match="of the program"):
        async with DB.transaction():
            await insert("lost")
            raise ValueError("of the program")
    assert await names() == ["kept"]
    assert idle_connections()


async def test_the_failure_of_an_inner_transaction_can_be_caught_without_losing_the_outer() -> None:
    async with DB.transaction():
        await insert("outer")
        with pytest.raises(asyncpg.UniqueViolationError):
            async with DB.transaction():
                await insert("inner")
                await insert("outer")
        async with DB.transaction():
            await insert("second inner")
            async with DB.transaction():
                await insert("innermost")
    assert await names() == ["innermost", "outer", "second inner"]


async def test_the_failure_of_the_outer_transaction_takes_the_inner_with_it() -> None:
    with pytest.raises(ValueError, match="late"):
        async with DB.transaction():
            async with DB.transaction():
                await insert("inner")
            raise ValueError("late")
    assert await names() == []


async def test_an_inner_transaction_can_be_rolled_back_by_hand() -> None:
    async with DB.transaction():
        await insert("outer")
        async with DB.transaction() as inner:
            await insert("inner")
            await inner.rollback()
    assert await names() == ["outer"]


async def test_queries_of_piccolo_run_in_the_current_transaction() -> None:
    with pytest.raises(ValueError, match="undo"):
        async with DB.transaction():
            await NumberSeries(name="by piccolo").save()
            assert await NumberSeries.exists().where(NumberSeries.name == "by piccolo")
            raise ValueError("undo")
    assert await names() == []


async def test_an_error_that_was_swallowed_does_not_pass_as_a_commit() -> None:
    with pytest.raises(TransactionLost):
        async with DB.transaction():
            await insert("one")
            with pytest.raises(asyncpg.UniqueViolationError):
                await insert("one")
    assert await names() == []
    assert DB.current_transaction.get() is None
    assert idle_connections()


async def test_a_failed_commit_gives_the_connection_back_and_ends_the_transaction() -> None:
    # A deferred constraint speaks at COMMIT only.
    await DB.execute("CREATE TABLE deferred (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    try:
        for _ in range(15):
            with pytest.raises(asyncpg.UniqueViolationError):
                async with DB.transaction():
                    await DB.execute("INSERT INTO deferred VALUES (1), (1)")
            assert DB.current_transaction.get() is None
        assert idle_connections()
        assert await DB.fetch_value("SELECT count(*) FROM deferred") == 0
    finally:
        await DB.execute("DROP TABLE deferred")


async def test_a_connection_that_dies_in_a_transaction_is_told_and_replaced() -> None:
    for _ in range(15):
        with pytest.raises(DatabaseUnavailable):
            async with DB.transaction():
                await insert("lost")
                await DB.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        assert DB.current_transaction.get() is None
    assert idle_connections()
    assert await names() == []


async def test_a_dead_connection_does_not_hide_the_error_of_the_program() -> None:
    with pytest.raises(ValueError, match="of the program"):
        async with DB.transaction():
            with pytest.raises(DatabaseUnavailable):
                await DB.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            raise ValueError("of the program")
    assert await DB.fetch_value("SELECT 1") == 1


async def test_idle_connections_that_died_are_replaced() -> None:
    async def two() -> None:
        async with DB.transaction():
            await DB.execute("SELECT pg_sleep(0.05)")

    await asyncio.gather(two(), two(), two())
    await DB.execute(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await asyncio.sleep(0.1)
    assert await asyncio.gather(*(DB.fetch_value("SELECT 1") for _ in range(5))) == [1] * 5


async def test_a_task_started_inside_a_transaction_does_not_share_its_connection() -> None:
    outside = asyncio.Event()

    async def look() -> list[str]:
        assert DB.current_transaction.get() is None
        try:
            return await names()
        finally:
            outside.set()

    async with DB.transaction():
        await insert("not committed yet")
        looking = asyncio.create_task(look())
        await outside.wait()
        assert DB.current_transaction.get() is not None
    assert await looking == []


async def test_a_cancelled_transaction_rolls_back_and_gives_its_connection_back() -> None:
    entered = asyncio.Event()

    async def slow() -> None:
        async with DB.transaction():
            await insert("never")
            entered.set()
            await DB.execute("SELECT pg_sleep(20)")

    task = asyncio.create_task(slow())
    await entered.wait()
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await names() == []
    assert idle_connections()


async def test_a_lock_that_is_held_too_long_counts_as_unavailable() -> None:
    await insert("locked")
    async with DB.transaction():
        await DB.execute("SELECT FROM number_series FOR UPDATE")

        async def wait_for_the_lock() -> None:
            async with DB.transaction():
                await DB.execute("SET LOCAL lock_timeout = '100ms'")
                await DB.execute("UPDATE number_series SET last_number = 1")

        with pytest.raises(DatabaseUnavailable):
            await asyncio.create_task(wait_for_the_lock())


async def test_wrong_arguments_are_a_mistake_and_no_fault_of_the_database() -> None:
    with pytest.raises(asyncpg.DataError):
        await DB.fetch("SELECT $1::int", "one")
    with pytest.raises(asyncpg.UndefinedTableError):
        await DB.fetch("SELECT * FROM no_such_table")


async def test_execute_tells_how_many_rows_changed() -> None:
    await insert("a")
    await insert("b")
    assert await DB.execute("UPDATE number_series SET last_number = 5") == 2
    assert await DB.execute("UPDATE number_series SET last_number = 6 WHERE name = $1", "none") == 0
    assert await DB.fetch_row("SELECT name FROM number_series WHERE name = $1", "a") == {"name": "a"}
    assert await DB.fetch_row("SELECT name FROM number_series WHERE name = $1", "none") is None


@pytest.fixture
async def own_engine(tmp_path: Path) -> AsyncIterator[tuple[Database, Path]]:
    """An engine with a pool whose server is not running yet."""
    with embedded_postgres(tmp_path, share=False, durable=False) as address:
        pass
    engine = Database(lambda: address)
    await engine.start_connection_pool(max_size=3)
    yield engine, tmp_path
    await engine.close_connection_pool()


async def test_a_server_that_stops_is_told_and_used_again_when_it_is_back(
    own_engine: tuple[Database, Path],
) -> None:
    engine, folder = own_engine
    with pytest.raises(DatabaseUnavailable):
        await engine.fetch("SELECT 1")
    for _ in range(2):
        with embedded_postgres(folder, share=False, durable=False):
            assert await asyncio.gather(*(engine.fetch_value("SELECT 1") for _ in range(3))) == [1, 1, 1]
        # The event loop stood still while the server stopped; now it hears of it.
        await asyncio.sleep(0.05)
        with pytest.raises(DatabaseUnavailable):
            async with engine.transaction():
                await engine.execute("SELECT 1")
    with embedded_postgres(folder, share=False, durable=False):
        async with engine.transaction():
            assert await engine.fetch_value("SELECT 1") == 1


async def test_a_wrong_address_is_unavailable_and_not_an_error_of_the_program(tmp_path: Path) -> None:
    for address in (
        f"postgresql://nobody@/nothing?host={tmp_path}",
        "postgresql://nobody@127.0.0.1:1/nothing",
    ):
        with pytest.raises(DatabaseUnavailable):
            await Database(lambda address=address: address).fetch("SELECT 1")  # type: ignore[misc]


async def test_a_full_pool_makes_a_page_wait_and_then_unavailable(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tables.engine.WAIT_FOR_CONNECTION", 0.2)
    engine = Database(lambda: database)
    await engine.start_connection_pool(max_size=1)
    try:
        async with engine.transaction():
            with pytest.raises(DatabaseUnavailable):
                await asyncio.create_task(engine.fetch("SELECT 1"))
        assert await engine.fetch_value("SELECT 1") == 1
    finally:
        await engine.close_connection_pool()
