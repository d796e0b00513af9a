"""Ordering again: what is available of an order goes into the basket, and what is not is told (domain.md 9)."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.basket.many_lines import add_many_to_basket
from app.basket.owner import BasketOwner
from app.basket.quantities import available_quantity
from app.catalog.products import ShownProduct, products_by_id
from app.flash import Flash
from app.languages import gettext as _
from app.languages import ngettext
from app.orders.order import StoredOrder, lines_of
from app.visitor import Visitor

# So many names are said; of all others how many there are, since a message has an end.
NAMED = 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """A product that is wanted again; None where it cannot be bought any more. `name` is what it was called."""

    product: ShownProduct | None
    name: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Reordered:
    """Names of products: those in the basket, those of which there were fewer, those that are not available."""

    added: tuple[str, ...]
    fewer: tuple[str, ...]
    missing: tuple[str, ...]
    # Why one of the last is not, where that is more than its being gone: the basket is full, for example.
    reason: str = ""


async def reorder(visitor: Visitor, owner: BasketOwner, order: StoredOrder) -> Reordered:
    """Puts what is available of an order into the basket, at today's prices."""
    lines = await lines_of(order)
    products = await products_by_id([one.product for one in lines if one.product is not None], visitor)
    wanted = [
        Wanted(products.get(one.product) if one.product is not None else None, one.name, one.quantity)
        for one in lines
    ]
    return await put_what_is_available(visitor, owner, wanted)


async def put_what_is_available(visitor: Visitor, owner: BasketOwner, wanted: Sequence[Wanted]) -> Reordered:
    """Adds what can be bought of these to the basket: a product of which there are fewer in stock with what
    there is. Each product stands in `wanted` once. A fixed number of queries."""
    available = {
        one.product: quantity
        for one in wanted
        if one.product is not None and (quantity := available_quantity(one.product, one.quantity))
    }
    # Of a product with a problem there is more in the basket already than what is left.
    problems, _owner = await add_many_to_basket(visitor, owner, available)
    added: list[str] = []
    fewer: list[str] = []
    missing: list[str] = []
    for one in wanted:
        if one.product is None or one.product not in available or one.product.id in problems:
            missing.append(one.product.name if one.product is not None else one.name)
        else:
            (added if available[one.product] == one.quantity else fewer).append(one.product.name)
    return Reordered(tuple(added), tuple(fewer), tuple(missing), next(iter(problems.values()), ""))


def told(done: Reordered) -> Flash:
    """What is said of it on the next page."""
    parts = []
    if done.added or done.fewer:
        count = len(done.added) + len(done.fewer)
        parts.append(ngettext("One product is in your basket.", "%(n)s products are in your basket.", count))
    if done.fewer:
        parts.append(_("There are fewer in stock of: %(names)s.", names=_several(done.fewer)))
    if done.missing:
        parts.append(_("Not available: %(names)s.", names=_several(done.missing)))
    if done.reason:
        parts.append(done.reason)
    return Flash(" ".join(parts), "success" if not (done.missing or done.fewer) else "warning")


def _several(names: Sequence[str]) -> str:
    said = [one[:60] for one in names[:NAMED]]
    if len(names) > NAMED:
        said.append(_("and %(n)s more", n=len(names) - NAMED))
    return ", ".join(said)
