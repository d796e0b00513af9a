"""What a serving process holds in memory after all the load."""

import re
import time
from pathlib import Path

from tests.benchmarks.goals import Result
from tests.benchmarks.shops import Running

MEGABYTES_UNDER = 120
# The load is over when nobody has signed in for a moment: then the memory of the hashes goes back to the machine.
SECONDS_AFTER_THE_LOAD = 3


def measure(patron: Running, of_what: str = "a worker") -> list[Result]:
    """The largest worker: all that is resident, also in the last moment of the load, and with what it shares with
    others counted in part (PSS)."""
    at_once, _ = max(_megabytes(worker) for worker in patron.workers)
    time.sleep(SECONDS_AFTER_THE_LOAD)
    resident, shared_out = max(_megabytes(worker) for worker in patron.workers)
    return [
        Result(
            promise=f"memory of {of_what} after the load",
            figures=f"resident; {shared_out:.0f} MB proportional, {at_once:.0f} MB resident under load",
            measured=resident,
            goal=MEGABYTES_UNDER,
            unit="MB",
        )
    ]


def _megabytes(process: int) -> tuple[float, float]:
    figures = Path(f"/proc/{process}/smaps_rollup").read_text()
    found = {name: int(kib) / 1024 for name, kib in re.findall(r"(?m)^(\w+):\s+(\d+) kB$", figures)}
    return found["Rss"], found["Pss"]
