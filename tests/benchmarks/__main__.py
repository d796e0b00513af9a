"""Measures everything and prints a table; exit code 1 when a promise is not kept.

    python -m tests.benchmarks [GROWTH]

On the server that DATABASE_URL names, or on an embedded one. GROWTH compares the shop with a large one too: 1 is a
hundred thousand products and three million orders, which takes some minutes more and 10 GB; 0.1 a tenth of it. So it
does with a company of ten thousand users and a hundred thousand orders.
"""

import asyncio
import sys
from pathlib import Path

from tests.benchmarks import (
    command_line,
    companies,
    home_page,
    memory,
    selling,
    selling_audiences,
    sign_in,
    start,
)
from tests.benchmarks.goals import Result
from tests.benchmarks.shops import fill_database, patron_in_production
from tests.databases import TestDatabases


def measure(folder: Path, server: str, growth: float) -> list[Result]:
    """All results, in databases of their own; growth 0 leaves out what only a large shop or company tells."""
    results = measure_in_a_database(folder, server)
    results += _said(selling.measure(folder / "selling", server, growth))
    if growth:
        results += _said(companies.measure(folder, server, growth))
    return results + _said(selling_audiences.measure(folder / "selling", server))


def measure_in_a_database(folder: Path, server: str) -> list[Result]:
    """Those of pages and people without goods, in a new database that is dropped afterwards."""
    databases = TestDatabases(server)
    try:
        address = asyncio.run(databases.new_database())
        asyncio.run(fill_database(address))
        return measure_all(folder, address)
    finally:
        asyncio.run(databases.drop_all())


def measure_all(folder: Path, database_url: str) -> list[Result]:
    """All that one database is enough for."""
    results = _said(start.measure(folder, database_url))
    with patron_in_production(folder, database_url) as patron:
        results += _said(asyncio.run(home_page.measure(patron, folder, database_url)))
        results += _said(asyncio.run(sign_in.measure(patron)))
        results += _said(memory.measure(patron))
    return results


def _said(results: list[Result]) -> list[Result]:
    # A run takes minutes: each line is told when it is known.
    for one in results:
        print(f"… {one.promise}: {one.measured:.2f} {one.unit} ({one.figures})", file=sys.stderr, flush=True)
    return results


if __name__ == "__main__":
    sys.exit(command_line.run(measure, 0.0))
