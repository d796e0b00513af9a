"""The first page after a change, in a large shop beside a small one: nothing that a worker keeps holds any longer.

Before every page a product, a price and the stock have changed, as they do all the time in a busy shop.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from lxml import html as lxml_html

from app.settings import settings
from app.versions import Subject, raise_version
from tables.engine import DB, close_pool, open_pool
from tests.benchmarks.goals import Result
from tests.benchmarks.growth import growth
from tests.benchmarks.load import Answer, ask, request
from tests.benchmarks.selling_bare_page import CATEGORY
from tests.benchmarks.shops import Running

# Requests of each page, in turns with the other shop, of which the median counts.
ASKED = 60
CHANGED = (Subject.CATALOG, Subject.PRICES, Subject.STOCK)
GROWS_BY = 1.5
# A search looks at five thousand products at most, whatever it finds, and a suggestion at one thousand.
FOUND_BY_MANY_GROWS_BY = 4
# The price of each product of a category has to be worked out anew for the audience: here there are some three
# hundred times as many, in ten times as many price lists.
ALL_PRICES_GROW_BY = 60
LIST = f"/business/categories/{CATEGORY}"
PAGES = (
    ("home page", "/business/", GROWS_BY),
    ("product list of 24", LIST, GROWS_BY),
    ("newest of a product list", f"{LIST}?sort=newest", GROWS_BY),
    ("product list by price", f"{LIST}?sort=price", ALL_PRICES_GROW_BY),
    (
        "product list of some prices in stock",
        f"{LIST}?price_from=10&price_to=60&available=1",
        ALL_PRICES_GROW_BY,
    ),
    ("product page", "/business/products/NW-016", GROWS_BY),
    ("search of a product", "/business/search?q=chai", GROWS_BY),
    ("search by a word that many have", "/business/search?q=almonds", FOUND_BY_MANY_GROWS_BY),
    ("suggestions for a product", "/business/search/suggestions?q=chai", GROWS_BY),
    ("suggestions for a word that many have", "/business/search/suggestions?q=almo", FOUND_BY_MANY_GROWS_BY),
    ("basket", "/business/basket", GROWS_BY),
    ("review of an order", "/business/checkout/review", GROWS_BY),
    ("order history of 20", "/business/account/orders", GROWS_BY),
)
IN_BASKET = ("NW-016", "NW-001", "NW-002")


@dataclass(frozen=True)
class Shop:
    """A shop that runs, its database, and the cookies of the buyer."""

    running: Running
    database: str
    cookies: Mapping[str, str]

    async def read(self, path: str) -> None:
        """Has a page made for the buyer. Suggestions are for scripts of a page only, which say who they are. Raises
        AssertionError for answers that are no pages."""
        headers = {"hx-request": "true"} if "/suggestions" in path else {}
        answer = await ask(self.running.port, request(path, cookies=self.cookies, headers=headers))
        if answer.status != 200:
            raise AssertionError(f"{path}: {answer.head}")


async def growth_after_changes(small: Shop, large: Shop, scale: float) -> list[Result]:
    """How many times longer the first page after a change takes in the large shop, one request at a time."""
    shops = (small, large)
    for shop in shops:
        await _fill_basket(shop)
    async with _changing(shops) as change:
        return [
            await growth(
                f"{what} after a change in a large shop (scale {scale:g})",
                small,
                large,
                lambda shop, path=path: shop.read(path),  # type: ignore[misc]  # binds path
                times=ASKED,
                goal=at_most,
                before_each=change,
            )
            for what, path, at_most in PAGES
        ]


@asynccontextmanager
async def _changing(shops: tuple[Shop, ...]) -> AsyncIterator[Callable[[Shop], Awaitable[None]]]:
    """Tells the workers of a shop of a change, as the program itself does. Each shop has its own database, of which
    the program knows one at a time."""
    pools = {}
    for shop in shops:
        os.environ["DATABASE_URL"] = shop.database
        settings.cache_clear()
        await open_pool(1)
        pools[shop.database] = DB.pool

    async def change(shop: Shop) -> None:
        DB.pool = pools[shop.database]
        async with DB.transaction():
            for subject in CHANGED:
                await raise_version(subject)

    try:
        yield change
    finally:
        for pool in pools.values():
            DB.pool = pool
            await close_pool()


async def _fill_basket(shop: Shop) -> None:
    """Puts some products into the basket and answers the checkout by its first choices."""
    for sku in IN_BASKET:
        await _send_form(shop, f"/business/products/{sku}", "/basket/lines")
    answer = await _send_form(shop, "/business/checkout", "/checkout", "shipping_method", "payment_method")
    if "/checkout/review" not in answer.head:
        raise AssertionError(f"the checkout was not answered: {answer.head}")


async def _send_form(shop: Shop, path: str, action: str, *choices: str) -> Answer:
    """Sends the form of a page that leads there, as it stands, with the first of each of the choices."""
    page = await ask(shop.running.port, request(path, cookies=shop.cookies))
    forms = lxml_html.fromstring(page.body.decode()).forms
    form = next(one for one in forms if one.action.endswith(action))
    for name in choices:
        form.fields[name] = form.inputs[name].value_options[0]
    sent = request(form.action, cookies=shop.cookies, form=dict(form.form_values()))
    answer = await ask(shop.running.port, sent)
    if answer.status != 303:
        raise AssertionError(f"{form.action}: {answer.head}\n{answer.body.decode()}")
    return answer
