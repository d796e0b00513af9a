"""What all tests share: settings, a PostgreSQL server, an empty database for each test that asks for one."""

import asyncio
import gc
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from pathlib import Path

import hypothesis
import pytest

# Before anything of Patron is imported: tests know their settings, whatever the developer's shell says.
SERVER_OF_THE_DEVELOPER = os.environ.get("DATABASE_URL", "")
FOLDER = Path(tempfile.mkdtemp(prefix="patron-tests-"))
for name in list(os.environ):
    # No proxy either: all that tests ask for is on this machine.
    if name.startswith("PATRON_") or name == "DATABASE_URL" or name.lower().endswith("_proxy"):
        del os.environ[name]
os.environ["PATRON_ENV"] = "development"
os.environ["PATRON_DATA_DIR"] = str(FOLDER / "data")
# Of the folder that pytest shares among its runs, each new run takes away what lets other users pass through it, as
# which PostgreSQL runs for root.
os.environ["PYTEST_DEBUG_TEMPROOT"] = str(FOLDER)

from tests.browser_like import forget_patron  # noqa: E402  # see above
from tests.databases import TestDatabases, empty_all_tables, prepare_to_be_emptied, running_server  # noqa: E402  # see above
from tests.leftovers import end_what_was_left  # noqa: E402  # see above
from tests.midnight import wait_when_the_day_ends  # noqa: E402  # see above
from tests.own_applications import OwnApplications  # noqa: E402  # see above
from tests.patron_process import PatronProcess, demo_data, patron_serving  # noqa: E402  # see above
from tests.watched_locks import WatchedConnection, watch_locks  # noqa: E402  # see above
from tests.watched_locks import found as out_of_order  # noqa: E402  # see above

# The same cases each time, and as long for each as it takes: whoever makes a mistake is told of it, and nobody else.
hypothesis.settings.register_profile(
    "patron",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("patron")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """Lets no test see two days. What it waits for does not count against the time that a test may take."""
    wait_when_the_day_ends()
    return (yield)


def pytest_xdist_auto_num_workers() -> int:
    """Half as many as there are cores again: for a third of its time a worker waits for browsers, servers and clocks."""
    return max(2, (os.cpu_count() or 1) * 3 // 2)


def pytest_unconfigure() -> None:
    """Leaves nothing behind."""
    shutil.rmtree(FOLDER, ignore_errors=True)


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


@pytest.fixture(scope="session")
async def database_of_the_session(databases: TestDatabases) -> AsyncIterator[str]:
    """Address of a migrated database that is the program's own in this process, with the pool open."""
    from app.settings import settings
    from tables import engine

    address = await databases.new_database()
    await watch_locks(address)
    await prepare_to_be_emptied(address)
    os.environ["DATABASE_URL"] = address
    settings.cache_clear()
    # On a machine that does much else, twenty who wait for each other may take longer than the program lets anybody wait.
    engine.WAIT_FOR_CONNECTION = 60
    await engine.DB.start_connection_pool(
        max_size=settings().database_pool_size,
        connection_class=WatchedConnection,
        server_settings=engine.SESSION_SETTINGS
        # PostgreSQL looks for a deadlock once, so long after the wait began: by then the circle of a test is closed.
        | {"lock_timeout": "60s", "statement_timeout": "120s", "deadlock_timeout": "1500ms"},
    )
    yield address
    await engine.close_pool()


@pytest.fixture
async def database(database_of_the_session: str) -> AsyncIterator[str]:
    """An empty database, migrated, with the pool open in the event loop of the tests. Fails the test when anything has
    locked rows in another order than all others (tables/lock_order.py), and when it leaves something running."""
    await empty_all_tables()
    out_of_order.clear()
    before = asyncio.all_tasks()
    yield database_of_the_session
    left = await end_what_was_left(before)
    assert out_of_order == []
    assert left == [], "the test has ended, and this still ran"


@pytest.fixture
def restarted_with(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Sets variables of the environment and reads all settings anew, as a restart does; afterwards all is as before."""

    def restart(**settings: str) -> None:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        forget_patron()

    yield restart
    # Whatever is read after this must not be read from what the test has patched.
    monkeypatch.undo()
    forget_patron()


@pytest.fixture
def own_applications(tmp_path: Path, restarted_with: Callable[..., None]) -> OwnApplications:
    """The file of applications of this test, to be changed; afterwards all is as before."""
    return OwnApplications(tmp_path / "applications.toml", restarted_with)


@pytest.fixture
def user_name_mode(own_applications: OwnApplications) -> None:
    """All applications with user names instead of e-mails as login."""
    own_applications.replace('= "email"', '= "username"')


@pytest.fixture
def no_pictures() -> Iterator[None]:
    """No picture is uploaded before the test, and none is left of it."""
    from app.uploaded_pictures import picture_folder

    shutil.rmtree(picture_folder(), ignore_errors=True)
    yield
    shutil.rmtree(picture_folder(), ignore_errors=True)


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
