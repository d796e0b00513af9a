"""What products in some quantities come to: prices, promotions and totals, for baskets and orders alike.

Everything that is shown before an order and everything that is charged with it is worked out here, from the
products, the quantities and the visitor; nothing that a browser sends is ever an amount.
"""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.catalog.products import ShownProduct
from app.marketing.promotion_uses import used_up_by
from app.marketing.promotions import Discounts, discounts, promotions_held
from app.prices.price import Offers, Price, offers_for, price
from app.prices.tax import NetTaxGross, split
from app.prices.totals import LineTotal, Shipping, Totals, sold_line, totals
from app.prices.words import price_sentence
from app.segments.audience import Audience
from app.visitor import Visitor

# Deliveries are taxed as most goods are.
TAX_CLASS_OF_SHIPPING = "standard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A way of delivery with its price: minor units, net, and from which total of items on it is free."""

    id: str
    name: str
    price: int
    free_from: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReckonedLine:
    """One product in a quantity, with its price and what the line comes to."""

    product: ShownProduct
    quantity: int
    price: Price
    total: LineTotal
    # One piece on the side that is charged, net or gross.
    unit: int
    # The same with the tax of the visitor's own country: what the basket shows before it is known where it goes.
    unit_at_home: int

    @property
    def explanation(self) -> str:
        """Why this price, in a sentence."""
        return price_sentence(self.price)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoning:
    """What all comes to. `charged_net` is the side on which it is added up and charged."""

    lines: tuple[ReckonedLine, ...]
    # Products that have no price for this buyer, and so cannot be bought.
    without_price: tuple[ShownProduct, ...]
    totals: Totals
    discounts: Discounts
    delivery: Delivery | None
    charged_net: bool
    currency: str
    country: str

    @property
    def fingerprint(self) -> str:
        """Changes with everything that a buyer agrees to: what, how many, for how much, delivered how."""
        parts = [
            f"{one.product.id}:{one.quantity}:{one.unit}:{one.total.discount.gross}" for one in self.lines
        ]
        all_in_all = self.totals.total
        parts.append(f"{self.currency}:{self.country}:{self.delivery.id if self.delivery else ''}")
        parts.append(f"{all_in_all.net}:{all_in_all.tax}:{all_in_all.gross}")
        return hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class _Priced:
    """A line before discounts, as app.marketing looks at it."""

    product: ShownProduct
    quantity: int
    price: Price
    unit: int
    unit_at_home: int

    @property
    def product_id(self) -> uuid.UUID:
        return self.product.id

    @property
    def category_id(self) -> uuid.UUID:
        return self.product.category_id

    @property
    def amount(self) -> int:
        return self.unit * self.quantity


def charged_audience(visitor: Visitor, country: str = "") -> Audience:
    """Whose prices count and on which side: what the visitor chose to be shown never changes what is paid.

    `country` is where it is delivered to, which decides the tax; "" takes the visitor's own.
    """
    audience = replace(visitor.audience, is_net=visitor.is_charged_net)
    return replace(audience, country=country) if country else audience


async def price_of(visitor: Visitor, product: ShownProduct, quantity: int, at: datetime) -> Price | None:
    """The price of a piece on the side that is charged; None where the visitor can get none."""
    audience = charged_audience(visitor)
    return price(product, quantity, await offers_for([product.id], audience, visitor.versions), audience, at)


async def reckon(
    visitor: Visitor,
    wanted: Sequence[tuple[ShownProduct, int]],
    at: datetime,
    *,
    country: str = "",
    code: str = "",
    used_by: str = "",
    delivery: Delivery | None = None,
) -> Reckoning:
    """What products in quantities come to for a visitor at that moment (domain.md 8, 9).

    One query for prices, and one more where a promotion is limited for each customer.
    """
    audience = charged_audience(visitor, country)
    offers = await offers_for([product.id for product, _quantity in wanted], audience, visitor.versions)
    priced, without_price = _priced(wanted, offers, audience, charged_audience(visitor), at)
    sent = _shipping(delivery, offers, audience, sum(one.amount for one in priced))
    held = await promotions_held(visitor.versions)
    off = discounts(
        priced,
        sent.amount if sent is not None else 0,
        code,
        held,
        audience,
        at,
        await used_up_by(used_by, code, held),
    )
    if sent is not None:
        sent = replace(sent, discount=off.of_shipping)
    sold = [
        sold_line(one.price, one.quantity, charged_net=audience.is_net, discount=less)
        for one, less in zip(priced, off.of_lines, strict=True)
    ]
    all_in_all = totals(sold, charged_net=audience.is_net, shipping=sent)
    return Reckoning(
        lines=tuple(
            ReckonedLine(
                product=one.product,
                quantity=one.quantity,
                price=one.price,
                total=total,
                unit=one.unit,
                unit_at_home=one.unit_at_home,
            )
            for one, total in zip(priced, all_in_all.lines, strict=True)
        ),
        without_price=tuple(without_price),
        totals=all_in_all,
        discounts=off,
        delivery=delivery,
        charged_net=audience.is_net,
        currency=audience.currency,
        country=audience.country,
    )


def delivery_price(delivery: Delivery, offers: Offers, audience: Audience, items: int) -> NetTaxGross:
    """What a delivery costs. It is free from a total of items as the buyer reckons: net or gross."""
    percent = offers.tax_rates.percent(audience.country, TAX_CLASS_OF_SHIPPING, audience.home_country)
    is_free = delivery.free_from is not None and items >= delivery.free_from
    return split(0 if is_free else delivery.price, percent, True)


async def delivery_prices(
    visitor: Visitor, deliveries: Sequence[Delivery], items: int, country: str = ""
) -> Mapping[str, NetTaxGross]:
    """What each delivery would cost, by its id, for items that come to so much on the side that is charged."""
    audience = charged_audience(visitor, country)
    offers = await offers_for([], audience, visitor.versions)
    return {one.id: delivery_price(one, offers, audience, items) for one in deliveries}


def _priced(
    wanted: Sequence[tuple[ShownProduct, int]],
    offers: Offers,
    audience: Audience,
    at_home: Audience,
    at: datetime,
) -> tuple[list[_Priced], list[ShownProduct]]:
    priced: list[_Priced] = []
    without_price: list[ShownProduct] = []
    for product, quantity in wanted:
        found = price(product, quantity, offers, audience, at)
        if found is None:
            without_price.append(product)
            continue
        unit = home = found.shown
        if audience.country != at_home.country and (seen := price(product, quantity, offers, at_home, at)):
            home = seen.shown
        priced.append(_Priced(product, quantity, found, unit, home))
    return priced, without_price


def _shipping(delivery: Delivery | None, offers: Offers, audience: Audience, items: int) -> Shipping | None:
    if delivery is None:
        return None
    return Shipping(
        amount=delivery_price(delivery, offers, audience, items).shown(audience.is_net),
        tax_percent=offers.tax_rates.percent(audience.country, TAX_CLASS_OF_SHIPPING, audience.home_country),
    )
