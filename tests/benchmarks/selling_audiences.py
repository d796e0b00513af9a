"""Prices that change while eight audiences read them from two workers: every page has the reader's own price, and
none is older than the last change before the request.

    python -m tests.benchmarks.selling_audiences [PAGES]
"""

import asyncio
import os
import re
import sys
import tempfile
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from app.catalog.edit_product import ProductDetails, create_product
from app.demo.load import ADMINISTRATOR
from app.demo.northwind import companies
from app.demo.products import category_ids
from app.embedded_postgres import embedded_postgres
from app.prices.price_entries import EntryDetails, add_entries, change_entry
from app.prices.price_lists import PriceListDetails, create_price_list
from app.segments.implicit import UNREGISTERED_USERS
from app.segments.targets import aim
from tables.engine import DB, close_pool, open_pool
from tables.segments import TargetKind
from tests.benchmarks.goals import Result, table
from tests.benchmarks.selling import filled_database, page_of, signed_in
from tests.benchmarks.selling_data import SMALL
from tests.benchmarks.shops import patron_in_production
from tests.databases import TestDatabases

PAGES = 10_000
READERS_OF_EACH = 2
COMPANIES = ("ALFKI", "QUICK", "ERNSH", "FRANK", "BONAP", "HUNGO", "FOLKO")
SKU = "BENCH-PRICE"
CATEGORY = "confections"
# The list is one that is kept for an audience; there the product is the first.
LIST = f"/business/categories/{CATEGORY}?sort=newest"
PATHS = (f"/business/products/{SKU}", f"/business/search?q={SKU}", LIST)
# The price tells the audience by its thousands, and the change that it is of by the cents below.
STEP = 100_000
PAUSE = 0.02


@dataclass
class Watched:
    """An audience with its price list; `written` is the last change that is begun, `told` the last that is done."""

    number: int
    cookies: dict[str, str]
    list_id: str
    entry: uuid.UUID
    written: int = 0
    told: int = 0


@dataclass
class Seen:
    """What the readers have found."""

    left: int
    pages: int = 0
    changes: int = 0
    faults: list[str] = field(default_factory=list)


def measure(folder: Path, server: str, pages: int = PAGES) -> list[Result]:
    """The result, in a new database that is dropped afterwards."""
    databases = TestDatabases(server)
    try:
        address = filled_database(databases, SMALL)
        with patron_in_production(folder / "audiences", address, workers=2) as shop:
            return [asyncio.run(watch(shop.port, pages))]
    finally:
        asyncio.run(databases.drop_all())


async def watch(port: int, pages: int) -> Result:
    """Reads so many pages while prices change, in the database that was filled last."""
    await open_pool(4)
    try:
        watched = await _audiences(port)
        seen = Seen(left=pages)
        readers = [
            asyncio.create_task(_read(port, one, seen)) for one in watched for _ in range(READERS_OF_EACH)
        ]
        changing = asyncio.create_task(_change(watched, seen))
        await asyncio.gather(*readers)
        changing.cancel()
        await asyncio.gather(changing, return_exceptions=True)
    finally:
        await close_pool()
    for fault in seen.faults[:10]:
        print(f"… {fault}", file=sys.stderr)
    return Result(
        promise="pages with the price of somebody else, or an old one",
        figures=f"{seen.pages} pages of {len(watched)} audiences, {seen.changes} changes",
        measured=len(seen.faults),
        goal=1,
        unit="pages",
    )


async def _audiences(port: int) -> list[Watched]:
    """Seven companies with prices of their own, and whoever is not signed in."""
    categories = await category_ids()
    product = await create_product(
        ProductDetails(sku=SKU, category=categories[CATEGORY], names={"en": SKU}, tax_class="zero", stock=100)
    )
    # Only some of the demo's contacts have a password: here the others get that of the administrator.
    logins = {one.number: one.email for one in companies() if one.number in COMPANIES}
    await DB.execute(
        "UPDATE users u SET password_hash = a.password_hash FROM users a"
        " WHERE a.login = $1 AND u.login = ANY($2::text[])",
        ADMINISTRATOR,
        list(logins.values()),
    )
    watched = []
    for number, company in enumerate((*COMPANIES, "")):
        list_id = f"WATCHED-{number}"
        await create_price_list(list_id, PriceListDetails(name=list_id, is_net=True))
        customers = [
            row["id"] for row in await DB.fetch("SELECT id FROM customers WHERE number = $1", company)
        ]
        await aim(
            TargetKind.PRICE_LIST,
            list_id,
            segments=() if customers else (UNREGISTERED_USERS.id,),
            customers=customers,
        )
        entry = EntryDetails(product_id=product, amount=(number + 1) * STEP)
        (entry_id,) = await add_entries(list_id, [entry])
        cookies = await signed_in(port, logins[company]) if company else {}
        watched.append(Watched(number=number, cookies=cookies, list_id=list_id, entry=entry_id))
    return watched


async def _change(watched: list[Watched], seen: Seen) -> None:
    """Makes one price after the other a cent higher, as staff do, for as long as anybody reads."""
    product = await DB.fetch_value("SELECT id FROM products WHERE sku = $1", SKU)
    while True:
        for one in watched:
            one.written += 1
            amount = (one.number + 1) * STEP + one.written
            await change_entry(one.list_id, one.entry, EntryDetails(product_id=product, amount=amount))
            one.told = one.written
            seen.changes += 1
            await asyncio.sleep(PAUSE)


async def _read(port: int, one: Watched, seen: Seen) -> None:
    """Reads pages in turns, each on a connection of its own, so that both workers answer."""
    while seen.left > 0:
        seen.left -= 1
        at_least = one.told
        body = await page_of(port, PATHS[seen.left % len(PATHS)], one.cookies)
        at_most = one.written
        found = re.search(rf'{SKU}.*?class="price__amount">([^<]+)<', body.decode(), re.DOTALL)
        number, change = divmod(int(re.sub(r"\D", "", found[1])), STEP) if found else (0, 0)
        seen.pages += 1
        if number != one.number + 1:
            seen.faults.append(f"audience {one.number} saw the price of audience {number - 1}")
        elif not at_least <= change <= at_most:
            seen.faults.append(f"audience {one.number} saw change {change}, not {at_least} to {at_most}")


def main() -> int:
    """The exit code: 1 when a promise is not kept."""
    pages = int(sys.argv[1]) if len(sys.argv) > 1 else PAGES
    with tempfile.TemporaryDirectory(prefix="patron-benchmarks-") as folder:
        os.environ["PATRON_DATA_DIR"] = folder
        with embedded_postgres(Path(folder) / "server", share=False) as server:
            results = measure(Path(folder), server, pages)
    print(table(results))
    return 0 if all(one.is_met for one in results) else 1


if __name__ == "__main__":
    sys.exit(main())
