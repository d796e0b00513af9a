"""How many times longer the same takes in something large than in something small."""

import statistics
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tests.benchmarks.goals import Result

Place = TypeVar("Place")

# The first ones make what is kept, and the database plans a statement anew for the first five; they are left out.
FIRST = 7


async def growth(
    what: str,
    small: Place,
    large: Place,
    ask: Callable[[Place], Awaitable[object]],
    *,
    times: int,
    goal: float,
    before_each: Callable[[Place], Awaitable[None]] | None = None,
) -> Result:
    """The median of so many requests of the large one to that of the small one, one at a time and in turns.

    What happens `before_each` of them is not counted.
    """
    places = (small, large)
    # Milliseconds.
    took: tuple[list[float], list[float]] = ([], [])
    for n in range(FIRST + times):
        for place, counted in zip(places, took, strict=True):
            if before_each is not None:
                await before_each(place)
            started = time.perf_counter()
            await ask(place)
            taken = time.perf_counter() - started
            if n >= FIRST:
                counted.append(taken * 1000)
    in_small, in_large = (statistics.median(one) for one in took)
    return Result(
        promise=what,
        figures=f"{in_small:.2f} ms to {in_large:.2f} ms",
        measured=in_large / in_small,
        goal=goal,
        unit="times",
    )
