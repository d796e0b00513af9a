"""Ordering by numbers: what can be bought goes into the basket, and each other line is told (domain.md 10)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.basket.many_lines import add_many_to_basket
from app.basket.owner import BasketOwner
from app.catalog.products import ShownProduct, products_by_sku
from app.languages import gettext as _
from app.quick_order.typed_lines import TypedLine
from app.visitor import Visitor

# Longer lists are refused as a whole, and never cut off.
MOST_TYPED_LINES = 10_000


class TooManyLines(ValueError):
    """The list is longer than what is taken at a time; `count` is how long."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count


@dataclass(frozen=True, slots=True)
class Ordered:
    """How many products are in the basket now because of it, and the lines that are not, each with its problem."""

    products: int
    refused: tuple[TypedLine, ...]
    owner: BasketOwner


async def order_by_number(visitor: Visitor, owner: BasketOwner, lines: Sequence[TypedLine]) -> Ordered:
    """Puts into the basket what can be bought. Lines of one product count together: all of them or none.

    A product that the visitor may not see is unknown just the same (domain.md 8). A fixed number of queries.
    Raises TooManyLines.
    """
    if len(lines) > MOST_TYPED_LINES:
        raise TooManyLines(len(lines))
    found = await products_by_sku({one.sku for one in lines if not one.problem}, visitor)
    wanted: dict[ShownProduct, int] = {}
    for line in lines:
        product = found.get(line.sku)
        if not line.problem and product is not None:
            wanted[product] = wanted.get(product, 0) + line.quantity
    problems, owner = await add_many_to_basket(visitor, owner, wanted)
    refused: list[TypedLine] = []
    for line in lines:
        product = found.get(line.sku)
        if line.problem:
            refused.append(line)
        elif product is None:
            refused.append(replace(line, problem=_("We have no such product.")))
        elif product.id in problems:
            refused.append(replace(line, problem=problems[product.id]))
    return Ordered(len(wanted) - len(problems), tuple(refused), owner)
