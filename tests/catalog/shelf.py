"""A small shop for the tests of the catalog: categories, products, price lists, views, made in a line each."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from app.catalog.edit_category import CategoryDetails, create_category
from app.catalog.edit_product import ProductDetails, create_product
from app.catalog.edit_view import ViewDetails, ViewRule, create_view
from app.prices.price_entries import EntryDetails, add_entries
from app.prices.price_lists import PriceListDetails, create_price_list
from app.prices.tax import set_tax_rates
from app.segments.targets import aim
from tables.catalog import ViewRuleAction
from tables.engine import DB
from tables.segments import TargetKind
from tests.browser_like import Person

INCLUDE, EXCLUDE = ViewRuleAction.INCLUDE, ViewRuleAction.EXCLUDE
EVERYONE, STRANGERS, COMPANIES = "IG_Everyone", "IG_UnregisteredUsers", "IG_SMBCustomers"


class Shelf:
    """What stands on the shelf, by slug and SKU."""

    def __init__(self) -> None:
        self.categories: dict[str, uuid.UUID] = {}
        self.products: dict[str, uuid.UUID] = {}

    async def category(self, slug: str, parent: str | None = None, german: str = "") -> None:
        """A category named by its slug."""
        name = slug.replace("-", " ").capitalize()
        details = CategoryDetails(
            slug=slug,
            names={"en": name, "de": german or name},
            parent=self.categories[parent] if parent else None,
            position=len(self.categories),
            picture="pictures/categories/beverages.svg",
        )
        self.categories[slug] = await create_category(details)

    async def product(
        self,
        sku: str,
        name: str,
        category: str = "beverages",
        *,
        price: int | None = 1000,
        german: str = "",
        **details: Any,
    ) -> uuid.UUID:
        """A product, by default in stock, with a net price for everyone in cents."""
        if category not in self.categories:
            await self.category(category)
        names = {"en": name, "de": german} if german else {"en": name}
        made = ProductDetails(
            sku=sku, category=self.categories[category], names=names, **{"stock": 50, **details}
        )
        self.products[sku] = await create_product(made)
        if price is not None:
            await add_entries("everyone", [EntryDetails(product_id=self.products[sku], amount=price)])
        return self.products[sku]

    async def price_list(
        self, name: str, segment: str, entries: list[tuple[str, int, int | Decimal]], **details: Any
    ) -> None:
        """A list for a segment; its entries are (SKU, from quantity, cents or Decimal percent off)."""
        await create_price_list(name, PriceListDetails(name=name, **details))
        await add_entries(
            name,
            [
                EntryDetails(
                    product_id=self.products[sku],
                    quantity_from=quantity,
                    amount=value if isinstance(value, int) else None,
                    percent_off=value if isinstance(value, Decimal) else None,
                )
                for sku, quantity, value in entries
            ],
        )
        await aim(TargetKind.PRICE_LIST, name, segments=[segment])

    async def view(self, name: str, segment: str, *rules: tuple[ViewRuleAction, str | None]) -> None:
        """A view for a segment; a rule names a category, a product by its SKU, or None for everything."""
        made = [
            ViewRule(action, self.categories.get(what or ""), self.products.get(what or ""))
            for action, what in rules
        ]
        await create_view(name, ViewDetails(name=name, rules=made))
        await aim(TargetKind.CATALOG_VIEW, name, segments=[segment])


async def shelf() -> Shelf:
    """An empty shelf, with German tax rates and the price list for everyone."""
    await set_tax_rates({"DE": {"standard": Decimal(19), "reduced": Decimal(7)}})
    await create_price_list("everyone", PriceListDetails(name="Everyone"))
    await aim(TargetKind.PRICE_LIST, "everyone", segments=[EVERYONE])
    return Shelf()


async def suggestions(person: Person, words: str) -> str:
    """The fragment of suggestions, as the search box asks for it."""
    address = person.address("/search/suggestions")
    response = await person.client.get(address, params={"q": words}, headers={"HX-Request": "true"})
    assert response.status_code == 200
    return response.text


@contextmanager
def counted_queries() -> Iterator[list[str]]:
    """The statements that the engine runs within the block, in order."""
    said: list[str] = []
    originals = {name: getattr(DB, name) for name in ("_records", "fetch_row", "fetch_value", "execute")}

    def counting(original: Any) -> Any:
        async def run(query: str, *arguments: Any) -> Any:
            said.append(query)
            return await original(query, *arguments)

        return run

    for name, original in originals.items():
        setattr(DB, name, counting(original))
    try:
        yield said
    finally:
        for name in originals:
            delattr(DB, name)
