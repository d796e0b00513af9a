"""What the pages of the shop are compared with: 24 products by three Piccolo selects and one template.

No sessions, no languages, no segments, one price list, no search, no headers, no log: what such a page costs with
Litestar, Jinja and Piccolo as everybody would begin, on the same server and the same PostgreSQL.

    python -m tests.benchmarks.selling_bare_page PORT
"""

import sys

from litestar import Litestar, get
from litestar.response import Template

from tables import Category, PriceEntry, Product
from tests.benchmarks.bare_page import serve, site_of

CATEGORY = "confections"
ON_A_PAGE = 24
WORKERS = 2


@get("/", name="home")
async def product_list() -> Template:
    """The first 24 products of a category with their prices for everyone."""
    category = (
        await Category.select(Category.id, Category.names)
        .where(Category.slug == CATEGORY)
        .output(load_json=True)
    )[0]
    products = (
        await Product.select(
            Product.id, Product.sku, Product.names, Product.units, Product.picture, Product.stock
        )
        .where(Product.category == category["id"])
        .order_by(Product.sku_canonical)
        .limit(ON_A_PAGE)
        .output(load_json=True)
    )
    entries = await PriceEntry.select(PriceEntry.product, PriceEntry.amount).where(
        PriceEntry.product.is_in([one["id"] for one in products]),
        PriceEntry.price_list == "AllConsumersPriceList",
    )
    prices = {one["product"]: one["amount"] for one in entries}
    return Template(
        "selling_bare_page.html", context={"category": category, "products": products, "prices": prices}
    )


def build() -> Litestar:
    """The application of a worker."""
    return site_of(product_list)


if __name__ == "__main__":
    serve("tests.benchmarks.selling_bare_page:build", int(sys.argv[1]), WORKERS)
