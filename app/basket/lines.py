"""Putting products into a basket, changing how many, taking them out (domain.md 9)."""

import uuid
from datetime import UTC, datetime

import asyncpg

from app.basket.owner import BasketOwner, basket_for, basket_id_of, lock_basket
from app.basket.quantities import quantity_problem, with_what_is_there
from app.basket.reckoning import price_of
from app.catalog.products import ShownProduct, products_by_id, products_by_sku
from app.languages import gettext as _
from app.visitor import Visitor
from tables.engine import DB
from tables.keys import new_key

# More lines than a person looks through; larger orders are asked of people.
MOST_LINES = 500


class ProductUnknown(LookupError):
    """The visitor can buy no such product; a hidden one is unknown just the same (domain.md 8)."""


class LineMissing(LookupError):
    """The owner's basket has no such line; somebody else's is missing just the same."""


class QuantityRefused(ValueError):
    """So many cannot be ordered; the message is for the person."""


# One statement, so that clicks at the same moment add up.
_ADD = """
    INSERT INTO basket_lines AS l (id, basket, product, quantity, created_at) VALUES ($1, $2, $3, $4, now())
    ON CONFLICT (basket, product) DO UPDATE SET quantity = least(l.quantity + excluded.quantity, 1000000)
    RETURNING id, quantity
"""


async def add_to_basket(
    visitor: Visitor, owner: BasketOwner, sku: str, quantity: int
) -> tuple[ShownProduct, BasketOwner]:
    """Adds so many to what is in the basket already; the product, and the owner with a new token if need be.

    Raises ProductUnknown, and QuantityRefused where all in all too few or too many would be in the basket.
    """
    product = (await products_by_sku([sku], visitor)).get(sku)
    if product is None:
        raise ProductUnknown(sku)
    async with DB.transaction():
        basket, owner = await basket_for(owner)
        try:
            line = await DB.fetch_row(_ADD, new_key(), basket, product.id, quantity)
        except asyncpg.ForeignKeyViolationError:
            # Staff have deleted it this very moment.
            raise ProductUnknown(sku) from None
        if line is None:
            raise RuntimeError("an upsert gives its row")
        if problem := quantity_problem(product, line["quantity"]):
            raise QuantityRefused(with_what_is_there(problem, line["quantity"] - quantity))
        await _note_price(visitor, line["id"], product, line["quantity"])
        count = await DB.fetch_value("SELECT count(*) FROM basket_lines WHERE basket = $1", basket)
        if count > MOST_LINES:
            raise QuantityRefused(
                _("A basket holds at most %(n)s products. Please order these first.", n=MOST_LINES)
            )
    return product, owner


async def change_quantity(visitor: Visitor, owner: BasketOwner, line_id: uuid.UUID, quantity: int) -> None:
    """Makes it so many; 0 takes the line out. Raises LineMissing, ProductUnknown, QuantityRefused."""
    basket = await basket_id_of(owner)
    async with DB.transaction():
        if basket is None or not await lock_basket(basket):
            raise LineMissing(line_id)
        line = await DB.fetch_row(
            "SELECT product FROM basket_lines WHERE id = $1 AND basket = $2", line_id, basket
        )
        if line is None:
            raise LineMissing(line_id)
        if quantity == 0:
            await DB.execute("DELETE FROM basket_lines WHERE id = $1", line_id)
            return
        product = (await products_by_id([line["product"]], visitor)).get(line["product"])
        if product is None:
            raise ProductUnknown(line["product"])
        if problem := quantity_problem(product, quantity):
            raise QuantityRefused(problem)
        await DB.execute("UPDATE basket_lines SET quantity = $2 WHERE id = $1", line_id, quantity)
        await _note_price(visitor, line_id, product, quantity)


async def _note_price(visitor: Visitor, line_id: uuid.UUID, product: ShownProduct, quantity: int) -> None:
    """Notes the price of this quantity as seen: what the person does themself is no change to be told."""
    found = await price_of(visitor, product, quantity, datetime.now(UTC))
    if found is None:
        raise ProductUnknown(product.sku)
    await DB.execute("UPDATE basket_lines SET seen_price = $2 WHERE id = $1", line_id, found.shown)
