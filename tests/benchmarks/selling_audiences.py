"""Prices that change while many audiences read them from two workers: every page has the reader's own price, net or
gross and in words of the reader's language, and none is older than the last change before the request.

Of some readers only one thing differs: who is in the same company sees the same price net, gross or in German, and
both shops show the same price list to whoever is not signed in.

    python -m tests.benchmarks.selling_audiences [PAGES]
"""

import asyncio
import html
import re
import sys
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from app.catalog.edit_product import ProductDetails, create_product
from app.demo.company_life import APPROVER
from app.demo.load import ADMINISTRATOR, BUYER, SHOPPER
from app.demo.marketing import INDIVIDUALS
from app.demo.northwind import companies
from app.demo.products import category_ids
from app.languages import money_text
from app.prices.price_entries import EntryDetails, add_entries, change_entry
from app.prices.price_lists import PriceListDetails, create_price_list
from app.prices.tax import hundredths, split_by
from app.segments.implicit import UNREGISTERED_USERS
from app.segments.targets import aim
from tables.engine import DB, close_pool, open_pool
from tables.segments import TargetKind
from tests.benchmarks import command_line
from tests.benchmarks.goals import Result
from tests.benchmarks.selling import filled_database, page_of, signed_in
from tests.benchmarks.selling_data import SMALL
from tests.benchmarks.shops import patron_in_production
from tests.databases import TestDatabases

PAGES = 10_000
WINDOWS_OF_EACH = 2
COMPANIES = ("ALFKI", "QUICK", "ERNSH", "FRANK", "BONAP", "HUNGO", "FOLKO")
SKU = "BENCH-PRICE"
CATEGORY = "confections"
# The list is one that is kept for an audience; there the product is the first.
PATHS = (f"/products/{SKU}", f"/search?q={SKU}", f"/categories/{CATEGORY}?sort=newest")
SHOP, BUSINESS = "", "/business"
GERMAN_SHOPPER = "jonas.albrecht@example.com"
# The price tells its list by the thousands, and the change that it is of by the cents below.
STEP = 100_000
PAUSE = 0.02
# Pages between two rounds of changes: enough that what one reader left behind in a worker is read by another.
QUIET = 100
NOTES = {
    ("en", True): "excl. VAT",
    ("en", False): "incl. VAT",
    ("de", True): "zzgl. MwSt.",
    ("de", False): "inkl. MwSt.",
}


@dataclass
class Watched:
    """A price list; `written` is the last change that is begun, `told` the last that is done."""

    number: int
    list_id: str
    entry: uuid.UUID
    written: int = 0
    told: int = 0

    def amount(self, change: int) -> int:
        """The net price, in cents, that a change brought."""
        return (self.number + 1) * STEP + change


@dataclass
class Reader:
    """An audience: what it reads where, and how prices are shown to it. `tax` is in hundredths of a percent."""

    name: str
    watched: Watched
    shop: str
    cookies: dict[str, str]
    is_net: bool
    language: str
    tax: int

    def text(self, change: int) -> str:
        """What stands on its pages of the price that a change brought."""
        shown = split_by(self.watched.amount(change), self.tax, is_net=True).shown(self.is_net)
        return f"{money_text(shown, 'EUR', self.language)} {NOTES[self.language, self.is_net]}"


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
        watched = await _price_lists()
        readers = await _readers(port, watched)
        seen = Seen(left=pages)
        reading = [
            asyncio.create_task(_read(port, one, seen)) for one in readers for _ in range(WINDOWS_OF_EACH)
        ]
        changing = asyncio.create_task(_change(list(watched.values()), seen))
        await asyncio.gather(*reading)
        changing.cancel()
        await asyncio.gather(changing, return_exceptions=True)
    finally:
        await close_pool()
    for fault in seen.faults[:10]:
        print(f"… {fault}", file=sys.stderr)
    return Result(
        promise="pages with the price of somebody else, or an old one",
        figures=f"{seen.pages} pages of {len(readers)} audiences, {seen.changes} changes",
        measured=len(seen.faults),
        goal=1,
        unit="pages",
    )


async def _price_lists() -> dict[str, Watched]:
    """Price lists by whom they are for: seven companies, all shoppers, and whoever is not signed in."""
    categories = await category_ids()
    product = await create_product(
        ProductDetails(
            sku=SKU, category=categories[CATEGORY], names={"en": SKU}, tax_class="standard", stock=100
        )
    )
    watched = {}
    for number, whom in enumerate((*COMPANIES, INDIVIDUALS, UNREGISTERED_USERS.id)):
        list_id = f"WATCHED-{number}"
        await create_price_list(list_id, PriceListDetails(name=list_id, is_net=True))
        customers = [row["id"] for row in await DB.fetch("SELECT id FROM customers WHERE number = $1", whom)]
        await aim(TargetKind.PRICE_LIST, list_id, segments=() if customers else (whom,), customers=customers)
        entry = EntryDetails(product_id=product, amount=(number + 1) * STEP)
        (entry_id,) = await add_entries(list_id, [entry])
        watched[whom] = Watched(number=number, list_id=list_id, entry=entry_id)
    return watched


async def _readers(port: int, watched: dict[str, Watched]) -> list[Reader]:
    """Who reads the prices, signed in or not. The company ALFKI has three: one sees net prices in English, one has
    switched to gross ones, and one reads German. Both shoppers are in Germany, as that company is."""
    tax = hundredths(
        await DB.fetch_value("SELECT percent FROM tax_rates WHERE country = 'DE' AND tax_class = 'standard'")
    )
    contacts = {one.number: one.email for one in companies()}
    people = [
        *((contacts[company], company, BUSINESS, True, "en") for company in COMPANIES),
        (BUYER, "ALFKI", BUSINESS, False, "en"),
        (APPROVER, "ALFKI", BUSINESS, True, "de"),
        (SHOPPER, INDIVIDUALS, SHOP, False, "en"),
        (GERMAN_SHOPPER, INDIVIDUALS, SHOP, False, "de"),
    ]
    readers = [
        Reader("a stranger", watched[UNREGISTERED_USERS.id], BUSINESS, {}, True, "en", tax),
        Reader("a consumer", watched[UNREGISTERED_USERS.id], SHOP, {}, False, "en", tax),
    ]
    for login, whom, shop, is_net, language in people:
        # Only some of the demo's people have a password: here the others get that of the administrator.
        await DB.execute(
            "UPDATE users u SET password_hash = a.password_hash, preferred_language = $3, price_display = $4"
            " FROM users a WHERE a.login = $1 AND u.login = $2",
            ADMINISTRATOR,
            login,
            language,
            "gross" if shop == BUSINESS and not is_net else "",
        )
        cookies = await signed_in(port, login, f"{shop}/sign-in")
        readers.append(Reader(login, watched[whom], shop, cookies, is_net, language, tax))
    return readers


async def _change(watched: list[Watched], seen: Seen) -> None:
    """Makes one price after the other a cent higher, as staff do, for as long as anybody reads; after each round it
    waits for some pages, as nothing is kept beyond a change."""
    product = await DB.fetch_value("SELECT id FROM products WHERE sku = $1", SKU)
    while True:
        for one in watched:
            one.written += 1
            changed = EntryDetails(product_id=product, amount=one.amount(one.written))
            await change_entry(one.list_id, one.entry, changed)
            one.told = one.written
            seen.changes += 1
            await asyncio.sleep(PAUSE)
        read = seen.pages
        while seen.pages < read + QUIET:
            await asyncio.sleep(PAUSE)


async def _read(port: int, one: Reader, seen: Seen) -> None:
    """Reads pages in turns, each on a connection of its own, so that both workers answer."""
    while seen.left > 0:
        seen.left -= 1
        at_least = one.watched.told
        path = PATHS[seen.left % len(PATHS)]
        body = await page_of(port, one.shop + path, one.cookies)
        at_most = one.watched.written
        found = _PRICE.search(body.decode())
        shown = html.unescape(" ".join(found.groups())) if found else "no price"
        seen.pages += 1
        if shown not in {one.text(change) for change in range(at_least, at_most + 1)}:
            expected = f"{one.text(at_least)} to {one.text(at_most)}"
            seen.faults.append(f"{one.name} saw {shown} at {path}, not {expected}")


_PRICE = re.compile(
    rf'{SKU}.*?class="price__amount">([^<]+)</span>\s*<small class="price__note">([^<]+)<', re.DOTALL
)


if __name__ == "__main__":
    sys.exit(command_line.run(measure, PAGES))
