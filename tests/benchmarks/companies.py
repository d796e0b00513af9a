"""The pages of a company of ten thousand users beside those of one of ten, and a file of invitations.

    python -m tests.benchmarks.companies [SCALE]

SCALE 1 (the default) is 10,000 users with 100,000 orders. On the server that DATABASE_URL names, or on an embedded
one.
"""

import asyncio
import re
import sys
import time
from pathlib import Path

from tests.benchmarks import command_line
from tests.benchmarks.companies_data import (
    LARGE_COMPANY,
    OTHERS,
    SMALL_COMPANY,
    CompanySize,
    fill_companies,
)
from tests.benchmarks.goals import Result
from tests.benchmarks.growth import growth
from tests.benchmarks.load import ask, request
from tests.benchmarks.selling import page_of, signed_in
from tests.benchmarks.shops import Running, patron_in_production
from tests.databases import TestDatabases

GROWS_BY = 1.5
# Of pages that are none of the three lists, and of words that a fortieth of a hundred thousand orders has.
OTHERS_GROW_BY = 2.5
# Requests of each page by turns, of which the median counts.
ASKED = 30
PAGES = (
    ("user list", "users", GROWS_BY),
    ("users by words", "users?q=person+7+user7@", GROWS_BY),
    ("users by a word that many have", "users?q=kitchen", GROWS_BY),
    ("active users", "users?status=active", GROWS_BY),
    ("disabled users", "users?status=disabled", GROWS_BY),
    ("users by role", "users?role=buyer", GROWS_BY),
    ("users by a rare role", "users?role=account_administrator", GROWS_BY),
    ("order list", "orders", GROWS_BY),
    ("orders by state", "orders?state=new", GROWS_BY),
    ("orders by days", "orders?from=2020-01-01&to=2099-01-01", GROWS_BY),
    ("order by its number", "orders?q={number}-{orders}", GROWS_BY),
    ("orders by the beginning of a number", "orders?q={number}-10", OTHERS_GROW_BY),
    ("orders by a word that many have", "orders?q=chai", OTHERS_GROW_BY),
    ("requisitions to decide", "requisitions", GROWS_BY),
    ("all requisitions", "requisitions?show=all", GROWS_BY),
    ("requisitions by state", "requisitions?show=all&state=rejected", GROWS_BY),
    ("own requisitions", "requisitions?show=mine", GROWS_BY),
    ("roles", "roles", OTHERS_GROW_BY),
    ("invitations", "users/invitations", OTHERS_GROW_BY),
    ("history of the company", "users/history", GROWS_BY),
    ("account overview", "", GROWS_BY),
)
PAGES_OF_BUYERS = (
    ("a buyer's orders", "orders", GROWS_BY),
    ("a buyer's requisitions", "requisitions", GROWS_BY),
)
LINES = 10_000
SECONDS_FOR_LINES = 30


def measure(folder: Path, server: str, scale: float = 1.0) -> list[Result]:
    """All results, in a new database that is dropped afterwards."""
    databases = TestDatabases(server)
    try:
        address = asyncio.run(databases.new_database())
        companies = (SMALL_COMPANY, LARGE_COMPANY.times(scale))
        asyncio.run(fill_companies(address, (*companies, *OTHERS)))
        with patron_in_production(folder / "companies", address) as patron:
            return asyncio.run(_measure(patron, companies))
    finally:
        asyncio.run(databases.drop_all())


async def _measure(patron: Running, companies: tuple[CompanySize, ...]) -> list[Result]:
    results = []
    for who, pages in (("administrator", PAGES), ("buyer", PAGES_OF_BUYERS)):
        cookies = {one.number: await signed_in(patron.port, one.login_of(who)) for one in companies}
        results += [
            await _growth(
                patron.port,
                {
                    one.number: (path.format(number=one.number, orders=one.orders), cookies[one.number])
                    for one in companies
                },
                what,
                goal,
            )
            for what, path, goal in pages
        ]
    cookies = {one.number: await signed_in(patron.port, one.login_of("administrator")) for one in companies}
    return [*results, await _invitations(patron.port, cookies[LARGE_COMPANY.number])]


async def _growth(port: int, asked: dict[str, tuple[str, dict[str, str]]], what: str, goal: float) -> Result:
    """How many times longer a page takes for the large company, one request at a time and by turns. Asked for by
    the small one and the large one: path and cookies."""

    async def read(asked_for: tuple[str, dict[str, str]]) -> None:
        path, cookies = asked_for
        await page_of(port, f"/business/account/{path}".rstrip("/"), cookies)

    small, large = asked.values()
    promise = f"{what}, of a large company to a small one"
    return await growth(promise, small, large, read, times=ASKED, goal=goal)


async def _invitations(port: int, cookies: dict[str, str]) -> Result:
    """How long a file takes from its upload until its page says that all is worked off."""
    page = "/business/account/users/import"
    shown = await page_of(port, page, cookies)
    token = re.search(rb'name="_csrf_token"[^>]*value="([^"]+)"', shown)
    assert token is not None
    lines = "".join(f"guest{n}@new.example,First{n},Last{n},buyer\n" for n in range(LINES))
    started = time.perf_counter()
    answer = await ask(port, _upload(page, cookies, token[1], ("email,first_name,last_name,roles\n" + lines)))
    taken_in = time.perf_counter() - started
    location = re.search(r"(?im)^location: (\S+)", answer.head)
    if answer.status != 303 or location is None:
        raise AssertionError(f"the file was not taken in: {answer.head}")
    progress = re.sub("^https?://[^/]+", "", location[1])
    seen = []
    while time.perf_counter() - started < 4 * SECONDS_FOR_LINES:
        seen.append(re.search(rb'role="progressbar"|<progress[^>]*>', await page_of(port, progress, cookies)))
        if b"All lines are worked off" in await page_of(port, progress, cookies):
            break
        await asyncio.sleep(0.2)
    return Result(
        promise=f"a file of {LINES} invitations, worked off",
        figures=f"taken in after {taken_in:.2f} s, progress seen {sum(one is not None for one in seen)} times",
        measured=time.perf_counter() - started,
        goal=SECONDS_FOR_LINES,
        unit="s",
    )


def _upload(page: str, cookies: dict[str, str], token: bytes, content: str) -> bytes:
    """The bytes of a form with a file, as a browser sends them."""
    part = b'--xyz\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
    body = (
        part % (b"_csrf_token", b"", token)
        + part % (b"file", b'; filename="people.csv"\r\nContent-Type: text/csv', content.encode())
        + b"--xyz--\r\n"
    )
    head, _, _ = request(page, cookies=cookies, form={}).partition(b"\r\ncontent-type:")
    return (
        head
        + b"\r\ncontent-type: multipart/form-data; boundary=xyz\r\ncontent-length: %d\r\n\r\n" % len(body)
        + body
    )


if __name__ == "__main__":
    sys.exit(command_line.run(measure, 1.0))
