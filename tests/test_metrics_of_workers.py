"""Metrics of several workers: one page tells of them all."""

import asyncio
from pathlib import Path

import httpx

from tests.databases import TestDatabases
from tests.patron_process import patron_serving

REQUESTS = 40


async def test_whichever_worker_answers_the_figures_are_those_of_all(
    databases: TestDatabases, tmp_path: Path
) -> None:
    address = await databases.new_database()
    with patron_serving(tmp_path, address, "--workers", "2") as running:
        async with httpx.AsyncClient(base_url=running.url, timeout=60) as client:
            before = await _pages_not_found(client)
            for _ in range(REQUESTS):
                # A connection of its own each, so that both workers get some.
                async with httpx.AsyncClient(base_url=running.url, timeout=60) as other:
                    assert (await other.get("/no-such-page")).status_code == 404
            # A request is counted after its answer has gone out.
            async with asyncio.timeout(60):
                while await _pages_not_found(client) - before < REQUESTS:
                    await asyncio.sleep(0.02)
            counted = {await _pages_not_found(client) - before for _ in range(6)}
    assert counted == {REQUESTS}


async def _pages_not_found(client: httpx.AsyncClient) -> float:
    text = (await client.get("/metrics")).text
    return sum(
        float(line.rpartition(" ")[2])
        for line in text.splitlines()
        if line.startswith("patron_requests_total{") and 'status="404"' in line
    )
