"""The `patron` command. What a command needs is imported when it runs, so that each starts quickly."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Annotated, Any, TypeVar

import typer

Answer = TypeVar("Answer")

patron = typer.Typer(
    name="patron",
    help="A storefront and account portal.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
staff = typer.Typer(help="Staff members of the back office.", no_args_is_help=True)
patron.add_typer(staff, name="staff")


def main() -> None:
    """Runs the command line. Whatever goes wrong is told in sentences on standard error, with exit code 1."""
    signal.signal(signal.SIGTERM, _leave)
    try:
        patron(prog_name="patron")
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        sentence = _sentence_of(error)
        if sentence is None:
            raise
        print(sentence, file=sys.stderr)
        sys.exit(1)


@patron.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(help="Port to listen on.  [default: 8000]", min=1, max=65535)
    ] = None,
    workers: Annotated[int, typer.Option(help="Serving processes.", min=1, max=64)] = 1,
    worker: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Send mail and do the other jobs.")
    ] = True,
) -> None:
    """Bring the database up to date and serve all applications."""
    from app.memory import begin_again_with_large_pages

    begin_again_with_large_pages()
    # On again in the serving processes (app/server.py).
    gc.disable()
    # Serving processes read these like all settings.
    if port is not None:
        os.environ["PATRON_PORT"] = str(port)
    if not worker:
        os.environ["PATRON_RUN_WORKER"] = "no"
    from app.settings import settings

    settings.cache_clear()
    current = settings()
    from app.applications import all_applications
    from app.server import serve as serve_until_stopped
    from app.sign_in.breached_passwords import installed_check

    applications = all_applications()
    installed_check()
    with _database(share=False):
        _say_what_was_migrated(_run(_migrated()))
        for application in applications:
            print(f"{application.name}: {application.url}", flush=True)
        if current.development:
            print("This is a development server: do not put it on the internet.", flush=True)
        serve_until_stopped(host, current.port, workers)


@patron.command()
def migrate() -> None:
    """Bring the database up to date."""
    with _database(share=True):
        _say_what_was_migrated(_run(_migrated()) or ["nothing to do"])


@patron.command()
def demo(
    if_empty: Annotated[
        bool, typer.Option("--if-empty", help="Do nothing when there are customers.")
    ] = False,
) -> None:
    """Load the demo data; what is there already stays."""
    with _database(share=True):
        _run(_migrated())
        for line in _run(_demo_data(if_empty)):
            print(line)


@patron.command()
def worker() -> None:
    """Send mail and do the other jobs, without serving."""
    with _database(share=True):
        _run(_work_until_stopped())


@patron.command()
def check() -> None:
    """Check settings, applications, passwords, database and mail server; exit code 1 when something is wrong."""
    from app.check import CheckWarns, all_checks

    failed = False
    for title, attempt in all_checks(_database):
        try:
            print(f"ok      {title}: {attempt()}")
        except CheckWarns as warning:
            print(f"warning {title}: {warning}")
        except Exception as error:
            failed = True
            print(f"failed  {title}: {error}")
    if failed:
        raise typer.Exit(1)


@staff.command("add")
def add_staff(
    email: Annotated[
        str, typer.Option(prompt=True, help="E-mail, where the link to choose a password goes.")
    ],
    login: Annotated[str, typer.Option(prompt=True, help="User name in the back office.")],
    first_name: Annotated[str, typer.Option(prompt=True)],
    last_name: Annotated[str, typer.Option(prompt=True)],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read a password instead of mailing a link.")
    ] = False,
) -> None:
    """Add a staff member with all privileges; a mail asks to choose a password."""
    # Never on the command line, which every user of the machine can read.
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    with _database(share=True):
        _run(_migrated())
        _run(
            _staff_member(
                email=email, login=login, first_name=first_name, last_name=last_name, password=password
            )
        )
    told = "with the password given" if password_stdin else f"a mail to {email} asks to choose a password"
    print(f"Staff member {login} was added: {told}.")


@contextmanager
def _database(*, share: bool) -> Iterator[None]:
    """The database of the settings, for the time of the block; the embedded one is started when needed."""
    from app.settings import settings

    current = settings()
    if current.database_url:
        yield
        return
    from app.embedded_postgres import embedded_postgres

    with embedded_postgres(current.data_dir, share=share) as address:
        # Serving processes read it like all settings.
        os.environ["DATABASE_URL"] = address
        settings.cache_clear()
        try:
            yield
        finally:
            del os.environ["DATABASE_URL"]
            settings.cache_clear()


async def _migrated() -> list[str]:
    from app.migrations import migrate as apply_migrations
    from tables.repeating import repeated

    # Other processes may be serving: what they have locked, a change of tables waits for.
    return await repeated(apply_migrations, "migrate")


async def _demo_data(if_empty: bool) -> list[str]:
    from app.demo.load import load_demo_data
    from tables.repeating import repeated

    _learn_the_addresses_of_pages()
    return await repeated(partial(load_demo_data, if_empty), "demo")


async def _staff_member(**values: Any) -> None:
    from app.back_office.staff import add_staff_member
    from tables.repeating import repeated

    _learn_the_addresses_of_pages()
    await repeated(partial(add_staff_member, **values), "staff add")


async def _work_until_stopped() -> None:
    from app.worker import run_worker

    _learn_the_addresses_of_pages()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await run_worker(stop)


def _learn_the_addresses_of_pages() -> None:
    # Mails hold links, and links are made from the routes of the applications (app/links.py).
    from app.main import build

    build()


def _run(task: Coroutine[Any, Any, Answer]) -> Answer:
    async def with_pool() -> Answer:
        from tables.engine import close_pool, open_pool

        await open_pool()
        try:
            return await task
        finally:
            await close_pool()

    return asyncio.run(with_pool())


def _say_what_was_migrated(migrations: list[str]) -> None:
    for migration in migrations:
        print(f"Migration: {migration}", flush=True)


def _sentence_of(error: Exception) -> str | None:
    """What to tell about an error that people can do something about; None for mistakes of the program."""
    from app.applications import ApplicationsError
    from app.back_office.staff import StaffMemberRefused
    from app.customers.types import CustomerTypeError
    from app.demo.load import DemoDataRefused
    from app.embedded_postgres_files import EmbeddedPostgresError
    from app.migrations import MigrationFailed
    from app.server import PortTaken
    from app.settings import SettingsError
    from app.sign_in.breached_passwords import BreachedPasswordCheckError
    from tables.engine import DatabaseUnavailable

    for_people = (
        SettingsError,
        ApplicationsError,
        CustomerTypeError,
        BreachedPasswordCheckError,
        EmbeddedPostgresError,
        MigrationFailed,
        PortTaken,
        DemoDataRefused,
        StaffMemberRefused,
    )
    if isinstance(error, DatabaseUnavailable):
        return f"The database cannot be reached: {error}"
    return str(error) if isinstance(error, for_people) else None


def _leave(number: int, frame: object) -> None:
    # SIGTERM ends the block that it interrupts, so that the embedded database is stopped with it.
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
