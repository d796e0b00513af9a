"""Products as a visitor sees them: in the visitor's language, and only those that catalog views show."""

import unicodedata
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from app.catalog.categories import CategoryTree, category_tree
from app.catalog.views import visibility
from app.visitor import Visitor
from tables.engine import DB

# Fewer pieces than these are told, so that somebody who needs them hurries.
FEW = 10


class ShownProduct(msgspec.Struct, frozen=True, kw_only=True):
    """A product that the visitor may see. Its prices come from app.prices alone."""

    id: uuid.UUID
    sku: str
    name: str
    description: str
    # What one piece is, for example "10 boxes x 20 bags"; "" where nothing is said.
    unit: str
    # A path below static/ or of app.uploaded_pictures: the product's own picture, else that of its category.
    picture: str
    # What its own picture shows, for people who do not see it; "" where nothing is said.
    picture_text: str
    category_id: uuid.UUID
    # The slug of its category.
    category: str
    tax_class: str
    stock: int
    minimum_quantity: int
    step_quantity: int
    version: int

    @property
    def is_available(self) -> bool:
        """Whether the smallest quantity that can be ordered is in stock."""
        return self.stock >= self.smallest_quantity

    @property
    def smallest_quantity(self) -> int:
        """The fewest pieces that can be ordered: the minimum, in whole steps, which are what a package holds."""
        return -(-self.minimum_quantity // self.step_quantity) * self.step_quantity

    @property
    def stock_state(self) -> str:
        """What is said of the stock: "none", "few" or "plenty". Exact numbers are told only of the last pieces."""
        if not self.is_available:
            return "none"
        return "few" if self.stock < FEW else "plenty"


# `ShownProduct.smallest_quantity` in SQL, of whole numbers: of a quotient only the whole part counts.
SMALLEST_QUANTITY = "(p.minimum_quantity + p.step_quantity - 1) / p.step_quantity * p.step_quantity"

# `$1` is the language.
COLUMNS = """
    p.id, p.sku, p.category, p.picture, p.tax_class, p.stock, p.minimum_quantity, p.step_quantity, p.version,
    coalesce(p.names ->> $1, p.names ->> 'en', p.sku) AS name,
    coalesce(p.descriptions ->> $1, p.descriptions ->> 'en', '') AS description,
    coalesce(p.picture_texts ->> $1, p.picture_texts ->> 'en', '') AS picture_text,
    coalesce(p.units ->> $1, p.units ->> 'en', '') AS unit
"""


def canonical_sku(sku: str) -> str:
    """The spelling by which SKUs are compared: case and Unicode form do not count."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", sku).casefold()).strip()


async def products_by_sku(skus: Iterable[str], visitor: Visitor) -> dict[str, ShownProduct]:
    """The products of these SKUs by the SKU as it was asked for. Unknown and hidden ones are absent."""
    # What cannot be printed is no SKU, and PostgreSQL takes no text with a zero in it.
    wanted = {sku: canonical_sku(sku) for sku in skus if sku.isprintable()}
    found = await _products("p.sku_canonical = ANY($2::text[])", list(set(wanted.values())), visitor)
    by_canonical = {canonical_sku(one.sku): one for one in found}
    return {sku: by_canonical[key] for sku, key in wanted.items() if key in by_canonical}


async def products_by_id(ids: Iterable[uuid.UUID], visitor: Visitor) -> dict[uuid.UUID, ShownProduct]:
    """The products of these ids. Those that are gone, withdrawn or hidden are absent."""
    found = await _products("p.id = ANY($2::uuid[])", list(ids), visitor)
    return {one.id: one for one in found}


async def product_by_sku(sku: str, visitor: Visitor) -> ShownProduct | None:
    """The product of an SKU, or None where the visitor may see none."""
    return (await products_by_sku([sku], visitor)).get(sku)


async def _products(condition: str, values: Sequence[Any], visitor: Visitor) -> list[ShownProduct]:
    if not values:
        return []
    seen = await visibility(visitor.audience, visitor.versions)
    tree = await category_tree(visitor.versions)
    allowed, arguments = seen.condition(3)
    rows = await DB.fetch(
        f"SELECT {COLUMNS} FROM products p WHERE {condition} AND p.is_active AND {allowed}",
        visitor.language,
        values,
        *arguments,
    )
    return [shown_product(row, tree) for row in rows]


def shown_product(row: dict[str, Any], tree: CategoryTree) -> ShownProduct:
    """The product of a row with COLUMNS."""
    category = tree.by_id.get(row["category"])
    return ShownProduct(
        id=row["id"],
        sku=row["sku"],
        name=row["name"],
        description=row["description"],
        unit=row["unit"],
        picture=row["picture"] or (category.picture if category is not None else ""),
        picture_text=row["picture_text"] if row["picture"] else "",
        category_id=row["category"],
        category=category.slug if category is not None else "",
        tax_class=row["tax_class"],
        stock=row["stock"],
        minimum_quantity=row["minimum_quantity"],
        step_quantity=row["step_quantity"],
        version=row["version"],
    )
