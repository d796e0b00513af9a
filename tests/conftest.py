"""What all tests share: settings, a PostgreSQL server, an empty database for each test that asks for one."""

import asyncio
import gc
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

# Before anything of Patron is imported: tests know their settings, whatever the developer's shell says.
SERVER_OF_THE_DEVELOPER = os.environ.get("DATABASE_URL", "")
FOLDER = Path(tempfile.mkdtemp(prefix="patron-tests-"))
for name in [name for name in os.environ if name.startswith("PATRON_") or name == "DATABASE_URL"]:
    del os.environ[name]
os.environ["PATRON_ENV"] = "development"
os.environ["PATRON_DATA_DIR"] = str(FOLDER / "data")

from tests.databases import TestDatabases, empty_all_tables, running_server  # noqa: E402  # see above
from tests.patron_process import PatronProcess, demo_data, patron_serving  # noqa: E402  # see above
from tests.watched_locks import WatchedConnection, watch_locks  # noqa: E402  # see above
from tests.watched_locks import found as out_of_order  # noqa: E402  # see above


def pytest_collection_finish() -> None:
    """Takes what stays until the end from what is searched for rubbish, and looks for it less often: by itself the
    search takes a tenth of the time of the tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session")
def databases() -> Iterator[TestDatabases]:
    """Databases on one server: the one that DATABASE_URL names, else an embedded one."""
    with running_server(FOLDER, SERVER_OF_THE_DEVELOPER) as server:
        databases = TestDatabases(server)
        yield databases
        asyncio.run(databases.drop_all())
    shutil.rmtree(FOLDER, ignore_errors=True)


@pytest.fixture(scope="session")
async def database_of_the_session(databases: TestDatabases) -> AsyncIterator[str]:
    """Address of a migrated database that is the program's own in this process, with the pool open."""
    from app.settings import settings
    from tables.engine import DB, close_pool

    address = await databases.new_database()
    await watch_locks(address)
    os.environ["DATABASE_URL"] = address
    settings.cache_clear()
    await DB.start_connection_pool(max_size=settings().database_pool_size, connection_class=WatchedConnection)
    yield address
    await close_pool()


@pytest.fixture
async def database(database_of_the_session: str) -> AsyncIterator[str]:
    """An empty database, migrated, with the pool open in the event loop of the tests. Fails the test when anything has
    locked rows in another order than all others (tables/lock_order.py)."""
    await empty_all_tables()
    out_of_order.clear()
    yield database_of_the_session
    assert out_of_order == []


@pytest.fixture(scope="session")
async def running_patron(
    databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[PatronProcess]:
    """A real `patron serve` with demo data on a free port, with a database and a data folder of its own."""
    folder = tmp_path_factory.mktemp("running-patron")
    address = await databases.new_database()
    demo_data(folder, address)
    with patron_serving(folder, address) as process:
        yield process
