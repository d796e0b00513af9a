"""From `patron serve` to the first answered page, on a migrated database that runs already."""

import statistics
from pathlib import Path

from tests.benchmarks.goals import Result
from tests.benchmarks.shops import patron_in_production

ROUNDS = 5
SECONDS_UNDER = 2.0


def measure(folder: Path, database_url: str) -> list[Result]:
    """Several starts, one after the other."""
    seconds = []
    for _ in range(ROUNDS):
        with patron_in_production(folder, database_url) as patron:
            seconds.append(patron.seconds_to_first_page)
    return [
        Result(
            promise="from patron serve to the first page",
            figures=f"{min(seconds):.2f} to {max(seconds):.2f} s",
            measured=statistics.median(seconds),
            goal=SECONDS_UNDER,
            unit="s",
        )
    ]
