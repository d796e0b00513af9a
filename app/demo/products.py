"""The products of the demo shop: all 77 of the Northwind sample data, with texts and pictures of our own.

Products that the sample data call discontinued are still sold as long as pieces are left, so they are shown like
all others, with the stock that is given.
"""

import csv
import uuid
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from app.catalog.edit_product import ProductDetails, create_product
from app.catalog.products import canonical_sku
from app.demo.categories import CATEGORIES
from app.demo.northwind import lines_of
from app.demo.units import unit_texts
from tables.engine import DB

TEXTS = Path(__file__).parent / "data" / "product-texts.csv"
# Coffee, beer and spirits have the standard rate; everything else that Northwind sells is food.
STANDARD_RATE = "beverages"


@dataclass(frozen=True, slots=True, kw_only=True)
class NorthwindProduct:
    """A product of the sample data. `price` is net, in cents; `category` the slug of one of CATEGORIES."""

    number: int
    name: str
    category: str
    price: int
    stock: int
    units: dict[str, str]
    descriptions: dict[str, str]
    icon: str

    @property
    def sku(self) -> str:
        """NW-001 for the first one."""
        return sku_of(self.number)

    @property
    def tax_class(self) -> str:
        """The class of app.prices.tax."""
        return "standard" if self.category == STANDARD_RATE else "reduced"

    @property
    def names(self) -> dict[str, str]:
        """The name by language: names of goods are not translated."""
        return {"en": self.name, "de": self.name}


def sku_of(number: int | str) -> str:
    """The SKU of a product by its number in the sample data."""
    return f"NW-{int(number):03}"


@cache
def products() -> tuple[NorthwindProduct, ...]:
    """All products, in the order of their numbers. Raises ValueError for a file that is not as expected."""
    texts = _texts()
    found = []
    for number, name, _supplier, category, unit, price, stock, *_more in lines_of("products.csv"):
        icon, english, german = texts[number]
        found.append(
            NorthwindProduct(
                number=int(number),
                name=name,
                # Categories are numbered from one, in the order of CATEGORIES.
                category=CATEGORIES[int(category) - 1][0],
                price=int(Decimal(price) * 100),
                stock=int(stock),
                units=unit_texts(unit),
                descriptions={"en": english, "de": german},
                icon=icon,
            )
        )
    return tuple(found)


async def add_products() -> frozenset[str]:
    """Adds the products that are missing, in the current transaction; the SKUs of those."""
    wanted = {canonical_sku(one.sku): one for one in products()}
    taken = await DB.fetch(
        "SELECT sku_canonical FROM products WHERE sku_canonical = ANY($1::text[])", list(wanted)
    )
    missing = wanted.keys() - {row["sku_canonical"] for row in taken}
    if not missing:
        return frozenset()
    categories = await category_ids()
    for canonical, one in wanted.items():
        if canonical in missing:
            await create_product(
                ProductDetails(
                    sku=one.sku,
                    category=categories[one.category],
                    names=one.names,
                    descriptions=one.descriptions,
                    units=one.units,
                    picture=f"pictures/products/{one.icon}.svg",
                    tax_class=one.tax_class,
                    stock=one.stock,
                )
            )
    return frozenset(wanted[canonical].sku for canonical in missing)


async def category_ids() -> dict[str, uuid.UUID]:
    """The ids of all categories by slug."""
    return {row["slug"]: row["id"] for row in await DB.fetch("SELECT slug, id FROM categories")}


async def product_ids() -> dict[str, uuid.UUID]:
    """The ids of the demo's products by SKU."""
    by_canonical = {canonical_sku(one.sku): one.sku for one in products()}
    rows = await DB.fetch(
        "SELECT sku_canonical, id FROM products WHERE sku_canonical = ANY($1::text[])", list(by_canonical)
    )
    return {by_canonical[row["sku_canonical"]]: row["id"] for row in rows}


def _texts() -> dict[str, tuple[str, str, str]]:
    """Picture, English and German description by the product's number."""
    with TEXTS.open(encoding="utf-8", newline="") as file:
        _headings, *lines = csv.reader(file, delimiter="|", quoting=csv.QUOTE_NONE)
    return {number: (icon, english, german) for number, icon, english, german in lines}
