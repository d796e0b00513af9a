"""A small catalog for the pages of the back office."""

import uuid
from collections.abc import Mapping
from typing import Any

from app.catalog.edit_category import CategoryDetails, create_category
from app.catalog.edit_product import ProductDetails, create_product
from tests.browser_like import Person, SeenPage


async def category(slug: str = "teas", name: str = "Teas", parent: uuid.UUID | None = None) -> uuid.UUID:
    """A category."""
    return await create_category(CategoryDetails(slug=slug, names={"en": name}, parent=parent))


async def product(sku: str = "T-1", *, of: uuid.UUID | None = None, **changes: Any) -> uuid.UUID:
    """A product, in a category of its own unless said otherwise."""
    stands_in = of or await category(f"category-{sku.lower()}", f"Category of {sku}")
    given = {"names": {"en": f"Product {sku}"}, "stock": 10, **changes}
    return await create_product(ProductDetails(sku=sku, category=stands_in, **given))


async def send(person: Person, path: str, fields: Mapping[str, Any]) -> SeenPage:
    """Opens a page with a form, fills it in and sends it."""
    page = await person.get(path)
    assert page.status == 200, page.text[:300]
    return await person.fill(page, fields, form=next(iter(fields)))
