"""Starting, stopping and killing Patron as its operators and accidents do."""

import os
import platform
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest

from tests.databases import TestDatabases
from tests.patron_process import (
    PROJECT,
    STOPS_WITHIN,
    PatronProcess,
    answers,
    environment,
    free_port,
    interrupt_all,
    patron,
    patron_serving,
)


def processes_of(data_dir: Path) -> list[int]:
    """Processes of the embedded database in the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and os.fsencode(data_dir) in command_of(int(entry.name)):
            found.append(int(entry.name))
    return found


def children_of(process: int) -> list[int]:
    """Processes that were started by the process."""
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def serving_children_of(process: int) -> list[int]:
    """The serving processes of a `patron serve`."""
    return [child for child in children_of(process) if b"postgres" not in command_of(child)]


def command_of(process: int) -> bytes:
    """The command of a process; empty when it has ended while we were looking."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def waits_until(condition: object, within: float = 60) -> bool:
    """Whether the condition, a function, becomes true in time."""
    assert callable(condition)
    end = time.monotonic() + within
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def stop_signal(request: pytest.FixtureRequest) -> signal.Signals:
    """The two ways in which people and programs stop a server."""
    number: signal.Signals = request.param
    return number


def test_stopping_ends_everything_and_the_next_start_has_the_data(
    tmp_path: Path, stop_signal: signal.Signals
) -> None:
    with patron_serving(tmp_path) as running:
        assert processes_of(tmp_path)
        children = children_of(running.process.pid)
        started = time.monotonic()
        if stop_signal is signal.SIGINT:
            # A terminal sends it to all processes of the group.
            assert interrupt_all(running) == 0
        else:
            assert running.stop(stop_signal) == 0
        assert time.monotonic() - started < 30
        assert not any(Path(f"/proc/{child}").exists() for child in children)
        assert processes_of(tmp_path) == []
        assert not answers(f"{running.url}/health/live")
        assert "Traceback" not in running.said()
    with patron_serving(tmp_path) as again:
        assert answers(f"{again.url}/health/ready")
        assert again.said().count("Migration: ") == running.said().count("Migration: ")


def wish_of(process: int) -> bytes | None:
    """What a process was started with as its wishes to the C library."""
    for one in Path(f"/proc/{process}/environ").read_bytes().split(b"\0"):
        if one.startswith(b"GLIBC_TUNABLES="):
            return one.partition(b"=")[2]
    return None


def test_serving_processes_work_in_large_pages_unless_the_operator_wishes_otherwise(tmp_path: Path) -> None:
    with patron_serving(tmp_path) as running:
        (serving,) = serving_children_of(running.process.pid)
        # Another C library has no such wish.
        has_wishes = platform.libc_ver()[0] == "glibc"
        assert wish_of(serving) == (b"glibc.malloc.hugetlb=1" if has_wishes else None)
        (database,) = set(children_of(running.process.pid)) - {serving}
        assert wish_of(database) is None, "what it starts does not inherit the wish"
    with patron_serving(tmp_path, GLIBC_TUNABLES="glibc.malloc.hugetlb=0") as running:
        assert wish_of(running.process.pid) == b"glibc.malloc.hugetlb=0"


def test_a_second_start_on_the_same_data_is_refused_with_a_sentence_and_commands_share_the_database(
    tmp_path: Path,
) -> None:
    with patron_serving(tmp_path) as running:
        second = patron("serve", "--port", str(free_port()), env=environment(tmp_path))
        assert second.returncode == 1
        assert second.stderr == (
            f"Patron already runs on the data folder {tmp_path} (process {running.process.pid}). "
            "Stop it first, or choose another folder by PATRON_DATA_DIR.\n"
        )
        assert patron("check", env=environment(tmp_path)).returncode == 0
        assert answers(f"{running.url}/health/ready")


def test_a_taken_port_is_told_in_a_sentence(tmp_path: Path) -> None:
    with patron_serving(tmp_path) as running:
        port = running.url.rpartition(":")[2]
        other = patron("serve", "--port", port, env=environment(tmp_path / "other"))
        assert other.returncode == 1
        assert other.stderr.startswith(f"Patron cannot listen on 127.0.0.1, port {port}: ")
        assert processes_of(tmp_path / "other") == []


def test_nothing_outlives_a_killed_patron_and_it_starts_again_at_once(tmp_path: Path) -> None:
    with patron_serving(tmp_path, "", "--workers", "2") as running:
        # The first serving process may answer before the second one exists.
        assert waits_until(lambda: len(children_of(running.process.pid)) == 3)
        children = children_of(running.process.pid)
        running.process.kill()
        running.process.wait()
        with patron_serving(tmp_path) as again:
            assert answers(f"{again.url}/health/ready")
        assert waits_until(lambda: not any(Path(f"/proc/{child}").exists() for child in children))


def test_a_killed_serving_process_is_replaced(tmp_path: Path) -> None:
    with patron_serving(tmp_path) as running:
        (serving,) = serving_children_of(running.process.pid)
        os.kill(serving, signal.SIGKILL)
        assert waits_until(lambda: serving not in serving_children_of(running.process.pid))
        assert waits_until(lambda: answers(f"{running.url}/health/ready"))


def test_a_killed_embedded_database_comes_back(tmp_path: Path) -> None:
    with patron_serving(tmp_path) as running:
        server = int((tmp_path / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(server, signal.SIGKILL)

        def is_away_or_back() -> bool:
            # It may be back before anybody has looked.
            with suppress(FileNotFoundError):
                if (tmp_path / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0] not in (
                    "",
                    str(server),
                ):
                    return True
            return not answers(f"{running.url}/health/ready")

        assert waits_until(is_away_or_back)
        assert answers(f"{running.url}/health/live")
        assert waits_until(lambda: answers(f"{running.url}/health/ready"))


async def test_several_patrons_start_at_once_on_one_database(
    databases: TestDatabases, tmp_path: Path
) -> None:
    address = await databases.new_database(migrated=False)
    with (
        patron_serving(tmp_path / "one", address, "--workers", "2") as one,
        patron_serving(tmp_path / "two", address, "--no-worker") as two,
    ):
        assert answers(f"{one.url}/health/ready")
        assert answers(f"{two.url}/health/ready")


async def test_a_database_that_goes_away_is_told_and_used_again(
    databases: TestDatabases, tmp_path: Path
) -> None:
    address = await databases.new_database()
    name = address.partition("?")[0].rpartition("/")[2]
    with patron_serving(tmp_path, address) as running:
        operator = await asyncpg.connect(databases.server)
        try:
            await operator.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
            await operator.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
            )
            assert waits_until(lambda: not answers(f"{running.url}/health/ready"))
            assert answers(f"{running.url}/health/live")
            await operator.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true')
        finally:
            await operator.close()
        assert waits_until(lambda: answers(f"{running.url}/health/ready"))


def test_a_data_folder_with_a_long_name_works(tmp_path: Path) -> None:
    with patron_serving(tmp_path / ("a" * 60) / ("b" * 60)) as running:
        assert answers(f"{running.url}/health/ready")


def test_folders_above_the_data_stay_closed_to_readers(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    with patron_serving(private / "data") as running:
        assert answers(f"{running.url}/health/ready")
    # As root, PostgreSQL runs as another user, who may pass through and no more.
    assert private.stat().st_mode & 0o066 == 0
    assert (private / "data" / "postgres").stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_used_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = patron("migrate", env=environment(tmp_path / "file"))
    assert done.returncode == 1
    assert str(tmp_path / "file") in done.stderr
    assert "Traceback" not in done.stderr


def test_the_demo_shop_runs(running_patron: PatronProcess) -> None:
    for path in ("/", "/business/", "/back-office/sign-in", "/health/ready"):
        assert answers(running_patron.url + path)


async def test_a_worker_alone_sends_mail_and_stops_when_told(
    databases: TestDatabases, tmp_path: Path
) -> None:
    address = await databases.new_database()
    env = environment(tmp_path, address)
    person = ("--email", "otto@example.com", "--login", "otto", "--first-name", "Otto", "--last-name", "Ohm")
    assert patron("staff", "add", *person, env=env).returncode == 0
    assert not list(tmp_path.glob("mail/*.eml"))
    with (tmp_path / "worker.log").open("wb") as output:
        worker = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "worker"], cwd=PROJECT, env=env, stdout=output, stderr=output
        )
    try:
        assert waits_until(lambda: bool(list(tmp_path.glob("mail/*.eml"))))
    finally:
        worker.terminate()
    assert worker.wait(STOPS_WITHIN) == 0
