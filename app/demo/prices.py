"""The price lists of the demo shop: one for everyone, and what segments and one company get instead.

The same product shows a different price to a visitor (Standard), to an individual customer (Members), to a
company (Volume, from ten pieces on), to one in SILVER or GOLD, and to one with a contract.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from app.demo.products import NorthwindProduct, product_ids, products
from app.demo.segments import GOLD, SILVER
from app.prices.price_entries import EntryDetails, add_entries
from app.prices.price_lists import ALL_CONSUMERS, PriceListDetails, create_price_list
from app.prices.tax import DEFAULT_TAX_RATES, set_tax_rates
from app.segments.implicit import EVERYONE
from app.segments.targets import aim
from tables.engine import DB
from tables.segments import TargetKind

# Where the days of the demo shop begin, as in app/applications.py.
ZONE = ZoneInfo("Europe/Berlin")
# The company with a contract, by its number in the sample data.
CONTRACT_COMPANY = "QUICK"
CONTRACT_LIST = "QuickStopPriceList"
# What it has agreed on: SKU, net cents for a piece, and for a piece from 20 on.
CONTRACT_PRICES = (
    ("NW-001", 1490, 1390),
    ("NW-011", 1790, 1690),
    ("NW-031", 990, 930),
    ("NW-034", 1150, 1090),
    ("NW-043", 3790, 3590),
    ("NW-056", 3190, 2990),
    ("NW-059", 4590, 4390),
    ("NW-060", 2790, 2650),
    ("NW-062", 3990, 3790),
    ("NW-071", 1750, 1650),
)
# What individual customers pay when they are signed in: SKU, gross cents.
MEMBER_PRICES = (
    ("NW-001", 1990),
    ("NW-008", 3990),
    ("NW-011", 1990),
    ("NW-016", 1790),
    ("NW-022", 1990),
    ("NW-043", 4990),
    ("NW-048", 1190),
    ("NW-061", 2890),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoList:
    """A price list with what it says of each product: (quantity from, cents or None, percent off or None)."""

    id: str
    details: PriceListDetails
    segments: tuple[str, ...] = ()
    # The company that it is for, by its customer number.
    company: str = ""
    by_sku: dict[str, tuple[tuple[int, int | None, Decimal | None], ...]]


def _fixed(product: NorthwindProduct) -> tuple[tuple[int, int | None, Decimal | None], ...]:
    return ((1, product.price, None),)


def _off(*steps: tuple[int, str]) -> dict[str, tuple[tuple[int, int | None, Decimal | None], ...]]:
    """For every product so many percent off, from so many pieces on."""
    return {one.sku: tuple((n, None, Decimal(percent)) for n, percent in steps) for one in products()}


def price_lists(now: datetime) -> tuple[DemoList, ...]:
    """All lists of the demo. The contract ends with the year after this one."""
    return (
        DemoList(
            id=ALL_CONSUMERS,
            details=PriceListDetails(name="Standard"),
            segments=(EVERYONE.id,),
            by_sku={one.sku: _fixed(one) for one in products()},
        ),
        DemoList(
            id="MemberPriceList",
            details=PriceListDetails(name="Members", is_net=False, priority=10),
            segments=("IG_IndividualCustomers",),
            by_sku={sku: ((1, gross, None),) for sku, gross in MEMBER_PRICES},
        ),
        DemoList(
            id="VolumePriceList",
            details=PriceListDetails(name="Volume", priority=10),
            segments=("IG_SMBCustomers",),
            by_sku=_off((10, "3"), (50, "7")),
        ),
        DemoList(
            id="SilverPriceList",
            details=PriceListDetails(name="Silver", priority=20),
            segments=(SILVER,),
            by_sku=_off((1, "5"), (50, "8")),
        ),
        DemoList(
            id="GoldPriceList",
            details=PriceListDetails(name="Gold", priority=30),
            segments=(GOLD,),
            by_sku=_off((1, "10"), (10, "12"), (50, "15")),
        ),
        DemoList(
            id=CONTRACT_LIST,
            details=PriceListDetails(
                name="QUICK-Stop", priority=40, valid_to=datetime(now.year + 2, 1, 1, tzinfo=ZONE)
            ),
            company=CONTRACT_COMPANY,
            by_sku={
                sku: ((1, net, None), (20, net_from_20, None)) for sku, net, net_from_20 in CONTRACT_PRICES
            },
        ),
    )


async def add_tax_rates() -> int:
    """Sets the tax rates of the countries that have none, in the current transaction; how many those were."""
    known = {row["country"] for row in await DB.fetch("SELECT DISTINCT country FROM tax_rates")}
    missing = {country: of for country, of in DEFAULT_TAX_RATES.items() if country not in known}
    if missing:
        await set_tax_rates(missing)
    return len(missing)


async def add_price_lists(now: datetime, new_products: Iterable[str]) -> int:
    """Adds the lists that are missing; how many those were. Products that were just added come into the lists
    that are there; otherwise these stay as staff have changed them."""
    known = {row["id"] for row in await DB.fetch("SELECT id FROM price_lists")}
    ids = await product_ids()
    added = 0
    for one in price_lists(now):
        if one.company and not await _is_there(one.company):
            continue
        if one.id not in known:
            added += 1
            await create_price_list(one.id, one.details)
            # What was agreed on with a company is brought by its contract (app/demo/agreements.py).
            await aim(TargetKind.PRICE_LIST, one.id, segments=one.segments)
        of_products = new_products if one.id in known else ids
        await add_entries(
            one.id,
            [
                EntryDetails(product_id=ids[sku], quantity_from=n, amount=amount, percent_off=off)
                for sku in sorted(of_products)
                for n, amount, off in one.by_sku.get(sku, ())
            ],
        )
    return added


async def _is_there(number: str) -> bool:
    return bool(await DB.fetch_value("SELECT EXISTS (SELECT FROM customers WHERE number = $1)", number))
