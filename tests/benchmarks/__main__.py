"""Measures everything and prints a table; exit code 1 when a promise is not kept.

On the server that DATABASE_URL names, or on an embedded one: `python -m tests.benchmarks`.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

# Before anything of Patron is imported: whatever the developer's shell says, these settings count.
SERVER_OF_THE_DEVELOPER = os.environ.get("DATABASE_URL", "")
for name in [name for name in os.environ if name.startswith("PATRON_") or name == "DATABASE_URL"]:
    del os.environ[name]

from app.embedded_postgres import embedded_postgres  # noqa: E402  # see above
from tests.benchmarks import home_page, memory, sign_in, start  # noqa: E402  # see above
from tests.benchmarks.goals import Result, table  # noqa: E402  # see above
from tests.benchmarks.shops import fill_database, patron_in_production  # noqa: E402  # see above
from tests.databases import TestDatabases  # noqa: E402  # see above


def main() -> int:
    """The exit code."""
    with tempfile.TemporaryDirectory(prefix="patron-benchmarks-") as folder:
        os.environ["PATRON_ENV"] = "development"
        os.environ["PATRON_DATA_DIR"] = folder
        results = measure_on_a_server(Path(folder))
    print(table(results))
    return 0 if all(one.is_met for one in results) else 1


def measure_on_a_server(folder: Path) -> list[Result]:
    """All results, on the developer's server or an embedded one, with a database of their own."""
    if SERVER_OF_THE_DEVELOPER:
        return measure_in_a_database(folder, SERVER_OF_THE_DEVELOPER)
    with embedded_postgres(folder / "server", share=False) as server:
        return measure_in_a_database(folder, server)


def measure_in_a_database(folder: Path, server: str) -> list[Result]:
    """All results, in a new database that is dropped afterwards."""
    databases = TestDatabases(server)
    try:
        address = asyncio.run(databases.new_database())
        asyncio.run(fill_database(address))
        return measure_all(folder, address)
    finally:
        asyncio.run(databases.drop_all())


def measure_all(folder: Path, database_url: str) -> list[Result]:
    """All results."""
    results = _said(start.measure(folder, database_url))
    with patron_in_production(folder, database_url) as patron:
        results += _said(asyncio.run(home_page.measure(patron, folder, database_url)))
        results += _said(asyncio.run(sign_in.measure(patron)))
        results += _said(memory.measure(patron))
    return results


def _said(results: list[Result]) -> list[Result]:
    # A run takes over a minute: each line is told when it is known.
    for one in results:
        print(f"… {one.promise}: {one.measured:.2f} {one.unit} ({one.figures})", file=sys.stderr, flush=True)
    return results


if __name__ == "__main__":
    sys.exit(main())
