"""Sign-in: as fast as the hashes that it needs, and no burden on the pages of others."""

import asyncio
import itertools
import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address

from app.behind_the_pages import behind_the_pages
from app.sign_in.passwords import HASHER
from tests import people
from tests.benchmarks.goals import Result
from tests.benchmarks.load import Load, request, run
from tests.benchmarks.shops import Running, SignInForm, sign_in_form

ROUNDS = 5
SECONDS = 3
IN_PARALLEL = 50
# Seconds until as many sign-ins are answered as begin: longer than each waits for its hash among so many.
LEAD = 1
AT_LEAST = 0.8
SLOWER_UNDER = 3.0
# Seconds between two looks at the home page: visitors, not a load.
PAUSE = 0.01

_numbers = itertools.count()


async def measure(patron: Running) -> list[Result]:
    """Sign-ins to bare hashes, and the home page with and without sign-ins, in turns."""
    form = await sign_in_form(patron.port)
    await _sign_ins(patron, form, 1)  # warm
    speeds: list[tuple[float, float]] = []
    waits: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        hashes = await asyncio.to_thread(bare_hashes_per_second)
        speeds.append(((await _sign_ins(patron, form, SECONDS)).per_second, hashes))
        idle = await _home_pages(patron)
        busy, _ = await asyncio.gather(_home_pages(patron), _sign_ins(patron, form, SECONDS))
        waits.append((busy.p95, idle.p95))
    return [_speed(speeds), _wait(waits)]


def bare_hashes_per_second() -> float:
    """How many passwords this machine checks per second when it does nothing else: a thread for each core.

    At the same priority as in Patron, so that other programs of the machine take as much from both.
    """
    threads = os.cpu_count() or 1
    stored = HASHER.hash(people.PASSWORD)
    end = time.perf_counter() + SECONDS

    def check_until_the_end(_thread: int) -> int:
        checked = 0
        while time.perf_counter() < end:
            HASHER.verify(stored, people.PASSWORD)
            checked += 1
        return checked

    with ThreadPoolExecutor(threads, initializer=behind_the_pages) as pool:
        return sum(pool.map(check_until_the_end, range(threads))) / SECONDS


async def _sign_ins(patron: Running, form: SignInForm, seconds: float) -> Load:
    def somebody() -> bytes:
        number = next(_numbers)
        # Everybody comes from an address of their own: what is measured is not the limit per client.
        return form.filled_in(number, str(IPv4Address("10.0.0.0") + number))

    load = await run(patron.port, somebody, connections=IN_PARALLEL, seconds=seconds, lead=LEAD)
    return load.expect(303)


async def _home_pages(patron: Running) -> Load:
    page = request("/")
    return (await run(patron.port, lambda: page, connections=1, seconds=SECONDS, pause=PAUSE)).expect(200)


def _speed(pairs: list[tuple[float, float]]) -> Result:
    sign_ins, hashes = (statistics.median(column) for column in zip(*pairs, strict=True))
    return Result(
        promise="sign-ins to bare argon2 hashes",
        figures=f"{sign_ins:.0f}/s to {hashes:.0f}/s",
        measured=statistics.median(ours / bare for ours, bare in pairs),
        goal=AT_LEAST,
        unit="of them",
        at_least=True,
    )


def _wait(pairs: list[tuple[float, float]]) -> Result:
    busy, idle = (statistics.median(column) for column in zip(*pairs, strict=True))
    return Result(
        promise=f"p95 of the home page during {IN_PARALLEL} sign-ins to idle",
        figures=f"{busy:.1f} ms to {idle:.1f} ms",
        measured=statistics.median(during / before for during, before in pairs),
        goal=SLOWER_UNDER,
        unit="times it",
    )
