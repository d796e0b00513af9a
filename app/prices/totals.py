"""Totals: what a basket or an order comes to, in net and in gross, to the cent (domain.md 8, 9).

Amounts are added up on one side, net or gross (`charged_net`), as buyers of that kind reckon: a piece costs what
is shown, so many cost so many times that. The other side is worked out for each tax rate as a whole and shared
out to lines, discounts and shipping. So in both views the parts add up to the total, net and tax make gross, and
switching the view never changes what is to be paid.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.money import allocated
from app.prices.price import Price
from app.prices.tax import NOTHING, NetTaxGross, split


@dataclass(frozen=True, slots=True, kw_only=True)
class SoldLine:
    """One product that is bought. Amounts are minor units on the side that is charged."""

    unit: int
    quantity: int
    tax_percent: Decimal
    # Off the whole line, not each piece; never more than it costs.
    discount: int = 0

    @property
    def amount(self) -> int:
        """Before the discount."""
        return self.unit * self.quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipping:
    """What delivery costs, minor units on the side that is charged."""

    amount: int
    tax_percent: Decimal
    discount: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTotal:
    """A line in both views: before its discounts, and these (its own and its part of the order's)."""

    amount: NetTaxGross
    discount: NetTaxGross


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxOfRate:
    """The tax of one percentage, and the net amount that it is for."""

    percent: Decimal
    net: int
    tax: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What all comes to: items - discount + shipping = total, in net, in tax and in gross."""

    lines: tuple[LineTotal, ...]
    items: NetTaxGross
    # Off items and shipping together, as a positive amount.
    discount: NetTaxGross
    shipping: NetTaxGross
    total: NetTaxGross
    # Highest percentage first.
    taxes: tuple[TaxOfRate, ...]


def sold_line(price: Price, quantity: int, *, charged_net: bool, discount: int = 0) -> SoldLine:
    """A line of so many pieces at a price."""
    return SoldLine(
        unit=price.unit.shown(charged_net),
        quantity=quantity,
        tax_percent=price.tax_percent,
        discount=discount,
    )


def totals(
    lines: Sequence[SoldLine],
    *,
    charged_net: bool,
    order_discount: int = 0,
    shipping: Shipping | None = None,
) -> Totals:
    """Adds up a basket or an order. The one place where this is done.

    `order_discount` is shared out to the lines by what they cost after their own discounts, so that each rate
    is taxed on what is really paid. Raises ValueError for a discount that is larger than what it is taken off.
    """
    remaining = [line.amount - line.discount for line in lines]
    if any(one < 0 for one in remaining) or order_discount > sum(remaining):
        raise ValueError("a discount is larger than what it is taken off")
    if shipping is not None and shipping.discount > shipping.amount:
        raise ValueError("the discount of the shipping is larger than its price")
    columns = _Columns(charged_net)
    shares = allocated(order_discount, remaining) if lines else []
    amounts = [columns.take(line.amount, line.tax_percent) for line in lines]
    discounts = [
        NOTHING - columns.take(-line.discount - share, line.tax_percent)
        for line, share in zip(lines, shares, strict=True)
    ]
    sent = free = NOTHING
    if shipping is not None:
        sent = columns.take(shipping.amount, shipping.tax_percent)
        free = NOTHING - columns.take(-shipping.discount, shipping.tax_percent)
    items, discount = sum(amounts, NOTHING), sum(discounts, free)
    return Totals(
        lines=tuple(
            LineTotal(amount=amount, discount=off) for amount, off in zip(amounts, discounts, strict=True)
        ),
        items=items,
        discount=discount,
        shipping=sent,
        total=items - discount + sent,
        taxes=columns.taxes(),
    )


class _Columns:
    """A running total for each tax rate. A part's tax is what it adds to the tax of the whole, so that parts
    that are rounded still make a whole that is."""

    def __init__(self, is_net: bool) -> None:
        self._is_net = is_net
        self._so_far: dict[Decimal, NetTaxGross] = {}

    def take(self, amount: int, percent: Decimal) -> NetTaxGross:
        """Adds a part (negative: takes one off) and says what of it is net, tax and gross."""
        before = self._so_far.get(percent, NOTHING)
        after = split(before.shown(self._is_net) + amount, percent, self._is_net)
        self._so_far[percent] = after
        return after - before

    def taxes(self) -> tuple[TaxOfRate, ...]:
        """The rates that were met."""
        ordered = sorted(self._so_far.items(), reverse=True)
        return tuple(TaxOfRate(percent=percent, net=of.net, tax=of.tax) for percent, of in ordered)
