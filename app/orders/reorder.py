"""Ordering again: what is available of an order goes into the basket, and what is not is told (domain.md 9)."""

from dataclasses import dataclass

from app.basket.lines import ProductUnknown, QuantityRefused, add_to_basket
from app.basket.owner import BasketOwner
from app.basket.quantities import available_quantity
from app.catalog.products import products_by_id
from app.orders.order import StoredOrder, lines_of
from app.visitor import Visitor


@dataclass(frozen=True, slots=True)
class Reordered:
    """Names of products: those in the basket, those of which there were fewer, those that are not available."""

    added: tuple[str, ...]
    fewer: tuple[str, ...]
    missing: tuple[str, ...]


async def reorder(visitor: Visitor, owner: BasketOwner, order: StoredOrder) -> Reordered:
    """Puts what is available of an order into the basket, at today's prices."""
    lines = await lines_of(order)
    products = await products_by_id([one.product for one in lines if one.product is not None], visitor)
    added: list[str] = []
    fewer: list[str] = []
    missing: list[str] = []
    for line in lines:
        product = products.get(line.product) if line.product is not None else None
        quantity = available_quantity(product, line.quantity) if product is not None else 0
        if product is None or quantity == 0:
            missing.append(line.name)
            continue
        try:
            await add_to_basket(visitor, owner, product.sku, quantity)
        except (ProductUnknown, QuantityRefused):
            # Together with what is in the basket already it is more than there is.
            missing.append(product.name)
            continue
        (added if quantity == line.quantity else fewer).append(product.name)
    return Reordered(tuple(added), tuple(fewer), tuple(missing))
