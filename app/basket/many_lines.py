"""Putting many products into a basket at once: by quick order, and from an order template (domain.md 10)."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime

from app.basket.lines import MOST_LINES
from app.basket.owner import BasketOwner, basket_for
from app.basket.quantities import MOST, quantity_problem, with_what_is_there
from app.basket.reckoning import charged_audience
from app.catalog.products import ShownProduct
from app.languages import gettext as _
from app.prices.offers import offers_for
from app.prices.price import price
from app.visitor import Visitor
from tables.engine import DB
from tables.keys import new_key

# Staff who delete one of them wait; one that is gone already has no row.
_STILL_THERE = "SELECT id FROM products WHERE id = ANY($1::uuid[]) ORDER BY id FOR KEY SHARE"
# In the order in which they were asked for; clicks at the same moment wait for the lock on the basket.
_PUT = """
    INSERT INTO basket_lines (id, basket, product, quantity, seen_price, created_at)
    SELECT n.id, $1, n.product, n.quantity, n.price, now() + n.position * interval '1 microsecond'
    FROM unnest($2::uuid[], $3::uuid[], $4::integer[], $5::bigint[]) WITH ORDINALITY
         AS n (id, product, quantity, price, position)
    ON CONFLICT (basket, product) DO UPDATE SET quantity = excluded.quantity, seen_price = excluded.seen_price
"""


async def add_many_to_basket(
    visitor: Visitor, owner: BasketOwner, wanted: Mapping[ShownProduct, int]
) -> tuple[dict[uuid.UUID, str], BasketOwner]:
    """Adds so many of each product to what is in the basket already.

    What comes back: why a product was not added, for the person, by the product's id; and the owner with a new
    token if need be. A product is added in the wanted quantity or not at all, and one never hinders another. A
    fixed number of queries, however many products there are.
    """
    if not wanted:
        return {}, owner
    audience = charged_audience(visitor)
    offers = await offers_for([one.id for one in wanted], audience, visitor.versions)
    at = datetime.now(UTC)
    problems: dict[uuid.UUID, str] = {}
    put: list[tuple[uuid.UUID, uuid.UUID, int, int]] = []
    async with DB.transaction():
        basket, owner = await basket_for(owner)
        rows = await DB.fetch("SELECT product, quantity FROM basket_lines WHERE basket = $1", basket)
        held: dict[uuid.UUID, int] = {row["product"]: row["quantity"] for row in rows}
        there = {row["id"] for row in await DB.fetch(_STILL_THERE, [one.id for one in wanted])}
        for product, quantity in wanted.items():
            before = held.get(product.id, 0)
            found = price(product, before + quantity, offers, audience, at)
            if found is None or product.id not in there:
                problems[product.id] = _("We have no such product.")
            elif problem := _quantity_problem(product, quantity, before):
                problems[product.id] = problem
            elif product.id not in held and len(held) >= MOST_LINES:
                problems[product.id] = _(
                    "A basket holds at most %(n)s products. Please order these first.", n=MOST_LINES
                )
            else:
                held[product.id] = before + quantity
                put.append((new_key(), product.id, before + quantity, found.shown))
        if put:
            await DB.execute(_PUT, basket, *(list(column) for column in zip(*put, strict=True)))
    return problems, owner


def _quantity_problem(product: ShownProduct, quantity: int, before: int) -> str:
    problem = quantity_problem(product, before + quantity)
    if not problem and before + quantity > MOST:
        problem = _("Please order at most %(n)s pieces at a time.", n=MOST)
    return with_what_is_there(problem, before) if problem else ""
