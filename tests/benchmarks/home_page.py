"""The home page, anonymous and signed in: at least half the throughput of a bare page of the same size."""

import statistics
from pathlib import Path

from tests.benchmarks.goals import Result
from tests.benchmarks.load import ask, request, throughput
from tests.benchmarks.shops import Running, bare_page, signed_in

ROUNDS = 5
SECONDS = 2
CONNECTIONS = 16
AT_LEAST = 0.5


async def measure(patron: Running, folder: Path, database_url: str) -> list[Result]:
    """Pages per second of both in turns, so that what else the machine does falls on both alike."""
    cookies = await signed_in(patron.port)
    size = len((await ask(patron.port, request("/", cookies=cookies))).body)
    cards = await _cards_for(size, folder, database_url)
    anonymous: list[tuple[float, float]] = []
    recognised: list[tuple[float, float]] = []
    with bare_page(folder, database_url, cards) as bare:
        await _pages(bare.port, {}), await _pages(patron.port, cookies)  # both warm
        for _ in range(ROUNDS):
            least = await _pages(bare.port, {})
            anonymous.append((await _pages(patron.port, {}), least))
            recognised.append((await _pages(patron.port, cookies), least))
    return [_result("anonymous", anonymous, size), _result("signed in", recognised, size)]


async def _cards_for(size: int, folder: Path, database_url: str) -> int:
    """How many cards make a bare page of about that size."""
    sizes = []
    for cards in (8, 16):
        with bare_page(folder, database_url, cards) as bare:
            sizes.append(len((await ask(bare.port, request("/"))).body))
    return 8 + round((size - sizes[0]) / ((sizes[1] - sizes[0]) / 8))


async def _pages(port: int, cookies: dict[str, str]) -> float:
    return await throughput(port, "/", cookies=cookies, connections=CONNECTIONS, seconds=SECONDS)


def _result(who: str, pairs: list[tuple[float, float]], size: int) -> Result:
    pages, bare = (statistics.median(column) for column in zip(*pairs, strict=True))
    return Result(
        promise=f"home page, {who}, to a bare page",
        figures=f"{pages:.0f}/s to {bare:.0f}/s, {size / 1000:.1f} KB",
        measured=statistics.median(ours / least for ours, least in pairs),
        goal=AT_LEAST,
        unit="of it",
        at_least=True,
    )
