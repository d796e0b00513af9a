"""The work behind the pages goes on, whatever a single job does."""

import asyncio
from importlib import import_module

from app.worker import JOBS, Job, run_worker

calls: list[str] = []
stop = asyncio.Event()


async def job_that_works() -> int:
    calls.append("works")
    if calls.count("works") == 3:
        stop.set()
    return 1


async def job_that_fails() -> int:
    calls.append("fails")
    raise ValueError("a mistake")


async def job_that_hangs() -> int:
    calls.append("hangs")
    await asyncio.sleep(60)
    return 0


async def test_neither_a_failing_nor_a_hanging_job_stops_the_others() -> None:
    calls.clear()
    stop.clear()
    jobs = (
        Job(__name__, "job_that_fails", every=0.01),
        Job(__name__, "job_that_hangs", every=0.01),
        Job(__name__, "job_that_works", every=0.01),
        Job("app.no_such_module", "job", every=0.01),
    )
    async with asyncio.timeout(60):
        await run_worker(stop, jobs)
    assert calls.count("works") >= 3
    assert calls.count("hangs") == 1
    # A failing job waits longer than a good one.
    assert calls.count("fails") == 1


async def test_every_job_exists_and_has_nothing_to_do_in_an_empty_shop(database: str) -> None:
    for job in JOBS:
        assert await getattr(import_module(job.module), job.function)() == 0
