"""Bringing the tables of the database up to date, once, however many processes start at the same time."""

import io
import re
from contextlib import redirect_stdout
from pathlib import Path

from tables.engine import DB

FOLDER = Path(__file__).parent.parent / "tables" / "migrations"
ID_LINE = re.compile(r'^ID = "([^"]+)"$', re.MULTILINE)
# Any number that nothing else in the database uses as an advisory lock.
LOCK = 7_282_766


class MigrationFailed(Exception):
    """A migration could not be applied; the database is as it was before."""


async def migrate() -> list[str]:
    """Applies what is pending, all or nothing; the ids of the migrations that this process applied.

    Processes that come at the same time wait for the first and then find nothing to do.
    """
    async with DB.transaction():
        # Waiting for another process, and rewriting a large table, may take as long as they take.
        await DB.execute("SET LOCAL lock_timeout = 0")
        await DB.execute("SET LOCAL statement_timeout = 0")
        await DB.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
        pending = await pending_migrations()
        if pending:
            await _apply()
        return pending


async def pending_migrations() -> list[str]:
    """Ids of the migrations that the database does not have yet, oldest first. Cheap: two small queries."""
    if await DB.fetch_value("SELECT to_regclass('migration')") is None:
        return known_migrations()
    rows = await DB.fetch("SELECT name FROM migration WHERE app_name = 'patron'")
    applied = {row["name"] for row in rows}
    return [migration for migration in known_migrations() if migration not in applied]


def known_migrations() -> list[str]:
    """Ids of all migrations of this version, oldest first; read from the files without importing them."""
    found = (ID_LINE.search(path.read_text(encoding="utf-8")) for path in FOLDER.glob("patron_*.py"))
    return sorted(match.group(1) for match in found if match)


async def _apply() -> None:
    # Imported late: the machinery is large, and most starts find nothing to do.
    from piccolo.apps.migrations.commands.forwards import run_forwards

    said = io.StringIO()
    with redirect_stdout(said):
        result = await run_forwards("patron")
    if not result.success:
        raise MigrationFailed(result.message or said.getvalue().strip())
