"""What the pages of the shop are compared with: 24 products by three Piccolo selects and one template.

No sessions, no languages, no segments, one price list, no search, no headers, no log: what such a page costs with
Litestar, Jinja and Piccolo as everybody would begin, on the same server and the same PostgreSQL.

    python -m tests.benchmarks.selling_bare_page PORT
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from granian.constants import Interfaces, Loops
from granian.http import HTTP1Settings
from granian.server import Server
from jinja2 import Environment, FileSystemLoader
from litestar import Litestar, get
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Template
from litestar.template.config import TemplateConfig

from app.server import BACKLOG, HEADERS_WITHIN
from tables import Category, PriceEntry, Product
from tables.engine import close_pool, open_pool

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
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, auto_reload=False
    )
    return Litestar(
        route_handlers=[product_list],
        template_config=TemplateConfig(instance=JinjaTemplateEngine.from_environment(environment)),
        openapi_config=None,
        logging_config=None,
        lifespan=[_with_pool],
    )


@asynccontextmanager
async def _with_pool(_app: Litestar) -> AsyncIterator[None]:
    await open_pool()
    yield
    await close_pool()


if __name__ == "__main__":
    # The same server with the same options as in app/server.py.
    Server(
        "tests.benchmarks.selling_bare_page:build",
        address="127.0.0.1",
        port=int(sys.argv[1]),
        interface=Interfaces.ASGI,
        loop=Loops.auto,
        workers=WORKERS,
        backlog=BACKLOG,
        websockets=False,
        http1_settings=HTTP1Settings(header_read_timeout=HEADERS_WITHIN * 1000, keep_alive=True),
        log_enabled=False,
        log_access=False,
        factory=True,
    ).serve()
