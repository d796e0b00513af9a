"""The shop for a signed-in buyer whose prices come from segments: its speed beside a bare page, and with growth.

    python -m tests.benchmarks.selling [SCALE]

SCALE 1 (the default) grows the shop to a hundred thousand products and three million orders, for which the disk
needs some 10 GB; 0 leaves growth out. On the server that DATABASE_URL names, or on an embedded one.
"""

import asyncio
import re
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from app.demo.load import ADMINISTRATOR, PASSWORD
from tests.benchmarks import command_line, memory
from tests.benchmarks.goals import Result
from tests.benchmarks.growth import growth
from tests.benchmarks.load import ask, request, throughput
from tests.benchmarks.selling_bare_page import CATEGORY
from tests.benchmarks.selling_cold import Shop, growth_after_changes
from tests.benchmarks.selling_data import LARGE, SMALL, Size, fill_shop
from tests.benchmarks.shops import CATEGORIES, Running, patron_in_production, running
from tests.databases import TestDatabases
from tests.patron_process import environment, free_port

WORKERS = 2
CONNECTIONS = 32
ROUNDS = 5
SECONDS = 2
# Requests of each page one after the other, in turns with the other shop, of which the median counts.
ASKED = 200
SIGN_INS = 30
HOME = "/business/"
LIST = f"/business/categories/{CATEGORY}"
PRODUCT = "/business/products/NW-016"
HISTORY = "/business/account/orders"
SIGN_IN = "/business/sign-in"
# What is asked for, and at least which part of the throughput of the bare page it has.
PAGES = (
    ("home page of a full shop", HOME, 0.5),
    ("product list of 24", LIST, 1.0),
    ("product page", PRODUCT, 0.7),
    ("order history of 20", HISTORY, 0.7),
)
GROWS_BY = 1.5


def measure(folder: Path, server: str, scale: float = 1.0) -> list[Result]:
    """All results, in new databases that are dropped afterwards."""
    databases = TestDatabases(server)
    try:
        small = filled_database(databases, SMALL)
        with (
            patron_in_production(folder / "small", small, WORKERS) as shop,
            _bare_page(folder, small) as bare,
        ):
            results = asyncio.run(_beside_bare_page(shop, bare))
            asyncio.run(_look_around(shop))
            results += memory.measure(shop, "a worker of a full shop")
        if scale:
            large = filled_database(databases, LARGE.times(scale))
            with (
                patron_in_production(folder / "small", small, 1) as before,
                patron_in_production(folder / "large", large, 1) as after,
            ):
                shops = ((before, small), (after, large))
                results += asyncio.run(_growth(before, after, scale))
                buyers = [Shop(one, address, asyncio.run(signed_in(one.port))) for one, address in shops]
                results += asyncio.run(growth_after_changes(*buyers, scale))
        return results
    finally:
        asyncio.run(databases.drop_all())


def filled_database(databases: TestDatabases, size: Size) -> str:
    """The address of a new database with the demo data and a shop of that size."""
    started = time.perf_counter()
    address = asyncio.run(databases.new_database())
    asyncio.run(fill_shop(address, size))
    print(f"… filled: {size} in {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
    return address


async def _beside_bare_page(shop: Running, bare: Running) -> list[Result]:
    """Pages per second of both in turns, so that what else the machine does falls on both alike."""
    cookies = await signed_in(shop.port)
    results = []
    for what, path, at_least in PAGES:
        size = len(await page_of(shop.port, path, cookies))
        pairs = []
        for _ in range(ROUNDS):
            least = await throughput(bare.port, "/", cookies={}, connections=CONNECTIONS, seconds=SECONDS)
            ours = await throughput(
                shop.port, path, cookies=cookies, connections=CONNECTIONS, seconds=SECONDS
            )
            pairs.append((ours, least))
        pages, of_bare = (statistics.median(column) for column in zip(*pairs, strict=True))
        results.append(
            Result(
                promise=f"{what}, signed in, to a bare list",
                figures=f"{pages:.0f}/s to {of_bare:.0f}/s, {size / 1000:.1f} KB",
                measured=statistics.median(ours / least for ours, least in pairs),
                goal=at_least,
                unit="of it",
                at_least=True,
            )
        )
    return results


async def _look_around(shop: Running) -> None:
    """Every kind of page that loads something of its own, and many of one kind, from whichever worker answers."""
    cookies = await signed_in(shop.port)
    history = (await page_of(shop.port, HISTORY, cookies)).decode()
    order = min(re.findall(r'"(/business/account/orders/[A-Z]*-?\d+)"', history))
    paths = [
        "/",
        HOME,
        "/register",
        "/search?q=cofee",
        "/business/account/security",
        f"{order}/invoice",
    ]
    paths += [f"/business/categories/{slug}?page={page}" for slug, *_ in CATEGORIES for page in (1, 2)]
    for _ in range(4 * WORKERS):
        for path in paths:
            await page_of(shop.port, path, cookies)


async def _growth(before: Running, after: Running, scale: float) -> list[Result]:
    """How many times longer a page takes in the large shop, one request at a time."""
    shops = (before, after)
    cookies = {shop.port: await signed_in(shop.port) for shop in shops}
    asked: list[tuple[str, int, Callable[[int], Awaitable[object]]]] = [
        (what, ASKED, lambda port, path=path: page_of(port, path, cookies[port]))  # type: ignore[misc]  # binds path
        for what, path, _at_least in PAGES
    ]
    asked.append(("sign-in", SIGN_INS, signed_in))
    return [
        await growth(
            f"{what} in a large shop (scale {scale:g})",
            before.port,
            after.port,
            one,
            times=times,
            goal=GROWS_BY,
        )
        for what, times, one in asked
    ]


async def page_of(port: int, path: str, cookies: dict[str, str]) -> bytes:
    """A page as it comes. Raises AssertionError for answers that are no pages."""
    answer = await ask(port, request(path, cookies=cookies))
    if answer.status != 200:
        raise AssertionError(f"{path}: {answer.head}")
    return answer.body


_clients = iter(range(1, 250 * 250))


async def signed_in(port: int, login: str = ADMINISTRATOR, sign_in: str = SIGN_IN) -> dict[str, str]:
    """The cookies of somebody, of the shop whose sign-in page it is, from a client of its own: its limit is not what
    is measured."""
    page = await ask(port, request(sign_in))
    token = re.search(rb'name="_csrf_token"[^>]*value="([^"]+)"', page.body)
    if page.status != 200 or token is None:
        raise AssertionError(f"no sign-in form: {page.head}\n{page.body[:2000].decode()}")
    form = {"login": login, "password": PASSWORD, "_csrf_token": token[1].decode()}
    client = divmod(next(_clients), 250)
    answer = await ask(
        port, request(sign_in, cookies=page.cookies, form=form, client=f"10.0.{client[0]}.{client[1] + 1}")
    )
    if answer.status != 303:
        raise AssertionError(f"could not sign in: {answer.head}\n{answer.body[:3000].decode()}")
    return page.cookies | answer.cookies


@contextmanager
def _bare_page(folder: Path, database_url: str) -> Iterator[Running]:
    port = free_port()
    with running(
        [sys.executable, "-m", "tests.benchmarks.selling_bare_page", str(port)],
        port,
        environment(folder, database_url),
        folder / "selling_bare_page.log",
    ) as bare:
        yield bare


if __name__ == "__main__":
    sys.exit(command_line.run(measure, 1.0))
