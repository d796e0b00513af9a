"""Creating, changing and deleting products; the words that search looks at are kept with them."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import asyncpg

from app.catalog.json_texts import texts_as_json
from app.catalog.pictures import hold_picture, keep_for_a_day
from app.catalog.products import canonical_sku
from app.catalog.words import pieces_of, search_text, sku_words
from app.errors import Conflict
from app.prices.tax import TAX_CLASSES
from app.static_files import hashed_name
from app.uploaded_pictures import uploaded_picture
from app.versions import Subject, raise_version
from tables.engine import DB
from tables.keys import new_key

MOST_STOCK = 2_000_000_000
# How often in a row somebody may put a product into a basket while it is being deleted.
MOST_TRIES = 20


class SkuTaken(Exception):
    """Another product has that SKU; case and Unicode form do not count."""


class ProductRefused(ValueError):
    """A detail is not possible; `field` names it."""

    def __init__(self, field_name: str) -> None:
        super().__init__(field_name)
        self.field = field_name


class ProductInUse(Exception):
    """The product was ordered, or a promotion or catalog view names it: it can be withdrawn (`is_active`), not
    deleted."""


@dataclass(frozen=True, kw_only=True)
class ProductDetails:
    """A product as staff edit it. Texts are by language; `picture` is a path below static/ or of an uploaded picture
    (app.catalog.pictures), or "", and `picture_texts` say what it shows."""

    sku: str
    category: uuid.UUID
    names: Mapping[str, str]
    descriptions: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    picture: str = ""
    picture_texts: Mapping[str, str] = field(default_factory=dict)
    tax_class: str = "standard"
    stock: int = 0
    minimum_quantity: int = 1
    step_quantity: int = 1
    is_active: bool = True

    def problems(self) -> Iterator[str]:
        """The fields that hold what they may not."""
        if not canonical_sku(self.sku) or len(self.sku) > 60 or not self.sku.isprintable() or "/" in self.sku:
            yield "sku"
        if not any(name.strip() for name in self.names.values()):
            yield "names"
        if self.tax_class not in TAX_CLASSES:
            yield "tax_class"
        if not 0 <= self.stock <= MOST_STOCK:
            yield "stock"
        if not 1 <= self.minimum_quantity <= 1_000_000:
            yield "minimum_quantity"
        if not 1 <= self.step_quantity <= 1_000_000:
            yield "step_quantity"
        if self.picture and not is_product_picture(self.picture):
            yield "picture"


async def create_product(details: ProductDetails) -> uuid.UUID:
    """Makes a product and gives its id. Raises ProductRefused and SkuTaken."""
    _refuse_problems(details)
    product = new_key()
    await _write(_INSERT, product, details)
    return product


async def change_product(product: uuid.UUID, version: int, details: ProductDetails) -> None:
    """Changes a product that was read at a version; its stock too. Raises Conflict when somebody was faster,
    ProductRefused and SkuTaken."""
    _refuse_problems(details)
    await _write(_UPDATE, product, details, version)


async def set_stock(product: uuid.UUID, stock: int) -> None:
    """Says how many pieces there are, without touching anything else. Raises ProductRefused."""
    if not 0 <= stock <= MOST_STOCK:
        raise ProductRefused("stock")
    await DB.execute("UPDATE products SET stock = $2 WHERE id = $1", product, stock)


async def delete_product(product: uuid.UUID, version: int) -> None:
    """Deletes a product with its prices; whoever has it in the basket is told.

    Raises Conflict, and ProductInUse: orders keep copies, but could no longer be ordered again, and a promotion or
    catalog view for it alone would mean something else without it.
    """
    try:
        async with DB.transaction():
            if await DB.fetch_value("SELECT EXISTS (SELECT FROM order_lines WHERE product = $1)", product):
                raise ProductInUse
            await _tell_all_baskets(product)
            row = await DB.fetch_row(_DELETE, product, version)
            if row is None:
                raise Conflict
            await keep_for_a_day(row["picture"])
            await raise_version(Subject.CATALOG)
    except (asyncpg.ForeignKeyViolationError, asyncpg.RestrictViolationError) as error:
        raise ProductInUse from error


_DELETE = "DELETE FROM products WHERE id = $1 AND version = $2 RETURNING picture"
# Baskets come before products (tables/lock_order.py).
_LOCK_BASKETS = """
    SELECT id FROM baskets WHERE id IN (SELECT basket FROM basket_lines WHERE product = $1)
    ORDER BY id FOR NO KEY UPDATE
"""
_TELL_BASKETS = """
    UPDATE baskets b SET gone = b.gone || jsonb_build_array(p.names) FROM products p
    WHERE p.id = $1 AND b.id = ANY($2::uuid[])
      AND EXISTS (SELECT FROM basket_lines l WHERE l.basket = b.id AND l.product = $1)
"""
_IS_IN_ANOTHER_BASKET = """
    SELECT EXISTS (SELECT FROM basket_lines WHERE product = $1 AND basket <> ALL($2::uuid[]))
"""


class _PutIntoAnotherBasket(Exception):
    """Somebody was faster."""


async def _tell_all_baskets(product: uuid.UUID) -> None:
    """Tells each basket that has the product, and locks them and it until the end of the transaction.

    While the product was not locked yet, somebody may have put it into one more basket. That one must be locked
    before the product, so both are let go and told anew. Raises Conflict when that goes on and on.
    """
    for _try in range(MOST_TRIES):
        with suppress(_PutIntoAnotherBasket):
            async with DB.transaction():
                told = [row["id"] for row in await DB.fetch(_LOCK_BASKETS, product)]
                await DB.execute(_TELL_BASKETS, product, told)
                # From here on nobody can put it into a basket: who tries waits, and then finds it gone.
                await DB.execute("SELECT FROM products WHERE id = $1 FOR UPDATE", product)
                if await DB.fetch_value(_IS_IN_ANOTHER_BASKET, product, told):
                    raise _PutIntoAnotherBasket
            return
    raise Conflict


_INSERT = """
    INSERT INTO products (id, sku, sku_canonical, category, names, descriptions, units, picture, tax_class, stock,
                          minimum_quantity, step_quantity, is_active, search_text, search_pieces, picture_texts,
                          version, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 1, now())
"""
_UPDATE = """
    UPDATE products SET sku = $2, sku_canonical = $3, category = $4, names = $5, descriptions = $6, units = $7,
        picture = $8, tax_class = $9, stock = $10, minimum_quantity = $11, step_quantity = $12, is_active = $13,
        search_text = $14, search_pieces = $15, picture_texts = $16, version = version + 1
    WHERE id = $1 AND version = $17
"""


async def _write(statement: str, product: uuid.UUID, details: ProductDetails, *version: int) -> None:
    values = (
        details.sku.strip(),
        canonical_sku(details.sku),
        details.category,
        texts_as_json(details.names),
        texts_as_json(details.descriptions),
        texts_as_json(details.units),
        details.picture,
        details.tax_class,
        details.stock,
        details.minimum_quantity,
        details.step_quantity,
        details.is_active,
        searched_text(details),
        searched_pieces(details),
        texts_as_json(details.picture_texts),
    )
    try:
        async with DB.transaction():
            before = await DB.fetch_value("SELECT picture FROM products WHERE id = $1", product) or ""
            if details.picture != before:
                await _change_picture(before, details.picture)
            if not await DB.execute(statement, product, *values, *version):
                raise Conflict
            await raise_version(Subject.CATALOG)
    except asyncpg.UniqueViolationError as error:
        raise SkuTaken from error
    except asyncpg.ForeignKeyViolationError as error:
        raise ProductRefused("category") from error


async def _change_picture(before: str, after: str) -> None:
    """Makes sure that an uploaded picture is there as long as a product has it, and a day longer."""
    if uploaded_picture(after) is not None and not await hold_picture(after):
        raise ProductRefused("picture")
    await keep_for_a_day(before)


def searched_text(details: ProductDetails) -> str:
    """What `search_text` holds of a product: names first, since what is found there counts most."""
    others = [sku_words(details.sku), *details.units.values(), *details.descriptions.values()]
    return search_text([*details.names.values(), *others])


def searched_pieces(details: ProductDetails) -> list[str]:
    """What `search_pieces` holds: only names and SKU, so that a typing error finds what it was meant for."""
    return pieces_of([*details.names.values(), sku_words(details.sku)])


def _refuse_problems(details: ProductDetails) -> None:
    for field_name in details.problems():
        raise ProductRefused(field_name)


def is_picture(path: str) -> bool:
    """Whether a path names a picture that comes with the program."""
    try:
        hashed_name(path)
    except KeyError:
        return False
    return path.startswith("pictures/")


def is_product_picture(path: str) -> bool:
    """Whether a path can be the picture of a product: one that comes with the program, or an uploaded one."""
    return is_picture(path) or uploaded_picture(path) is not None
