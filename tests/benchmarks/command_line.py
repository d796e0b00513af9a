"""Benchmarks as commands: settings in which the developer's shell has no say, a server, a table of what came out."""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from app.embedded_postgres import embedded_postgres
from tests.benchmarks.goals import Result, table

# Before anything of Patron asks for a setting: whatever the developer's shell says, these count.
SERVER_OF_THE_DEVELOPER = os.environ.get("DATABASE_URL", "")
for name in [name for name in os.environ if name.startswith("PATRON_") or name == "DATABASE_URL"]:
    del os.environ[name]
os.environ["PATRON_ENV"] = "development"

Size = TypeVar("Size", int, float)


def run(measure: Callable[[Path, str, Size], list[Result]], size: Size) -> int:
    """Measures in a folder and on a server, which is the developer's or an embedded one, and prints the results; the
    exit code: 1 when a promise is not kept. The size of what is measured is this one, or what the command line says."""
    if len(sys.argv) > 1:
        size = type(size)(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="patron-benchmarks-") as folder:
        os.environ["PATRON_DATA_DIR"] = folder
        if SERVER_OF_THE_DEVELOPER:
            results = measure(Path(folder), SERVER_OF_THE_DEVELOPER, size)
        else:
            with embedded_postgres(Path(folder) / "server", share=False) as server:
                results = measure(Path(folder), server, size)
    print(table(results))
    return 0 if all(one.is_met for one in results) else 1
