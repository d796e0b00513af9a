"""Shipping methods: how an order can be delivered, for whom, and what that costs (domain.md 9)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from app.audit import record
from app.basket.reckoning import Delivery
from app.segments.implicit import EVERYONE
from app.segments.targets import aim, owners_for
from app.versions import Held, Subject, raise_version
from app.visitor import Visitor
from tables.engine import DB
from tables.segments import TargetKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippingMethod:
    """A way of delivery; names and descriptions by language. Amounts are minor units: the price is net, and
    `free_from` is compared with the items as the buyer reckons them, net or gross."""

    id: str
    names: Mapping[str, str]
    descriptions: Mapping[str, str] = field(default_factory=dict)
    price: int = 0
    currency: str = "EUR"
    free_from: int | None = None
    position: int = 0
    is_active: bool = True

    def name(self, language: str) -> str:
        """What it is called in a language, else in English, else its id."""
        return self.names.get(language) or self.names.get("en") or self.id

    def description(self, language: str) -> str:
        """What is said about it, "" for nothing."""
        return self.descriptions.get(language) or self.descriptions.get("en") or ""

    def delivery(self, language: str) -> Delivery:
        """The same as an order reckons with it."""
        return Delivery(id=self.id, name=self.name(language), price=self.price, free_from=self.free_from)


_ALL = """
    SELECT id, names::text AS names, descriptions::text AS descriptions, price, currency, free_from, position,
           is_active
    FROM shipping_methods ORDER BY position, id
"""
_SAVE = """
    INSERT INTO shipping_methods (id, names, descriptions, price, currency, free_from, position, is_active)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (id) DO UPDATE SET names = excluded.names, descriptions = excluded.descriptions,
        price = excluded.price, currency = excluded.currency, free_from = excluded.free_from,
        position = excluded.position, is_active = excluded.is_active,
        version = shipping_methods.version + 1
"""


async def shipping_methods_for(visitor: Visitor) -> list[ShippingMethod]:
    """The methods that the visitor may choose, in their order; nothing where none is aimed at them."""
    audience = visitor.audience
    own = await owners_for(TargetKind.SHIPPING_METHOD, audience, visitor.versions)
    return [
        one
        for one in await _methods.at(visitor.versions)
        if one.id in own and one.is_active and one.currency == audience.currency
    ]


async def save_shipping_method(
    method: ShippingMethod, segments: Iterable[str] = (EVERYONE.id,), *, visitor: Visitor | None = None
) -> None:
    """Makes or changes a method and its target group, and tells every worker."""
    async with DB.transaction():
        await DB.execute(
            _SAVE,
            *columns_of(method),
        )
        await aim(TargetKind.SHIPPING_METHOD, method.id, segments=segments, visitor=visitor)
        await record("shipping method saved", visitor=visitor, after={"id": method.id, "price": method.price})
        await raise_version(Subject.SHIPPING)


def columns_of(method: ShippingMethod) -> tuple[object, ...]:
    """What is stored of a method: id, names and descriptions as JSON, price and limit in minor units, and so on, in
    the order of the fields."""
    return (
        method.id,
        msgspec.json.encode(method.names).decode(),
        msgspec.json.encode(method.descriptions).decode(),
        method.price,
        method.currency,
        method.free_from,
        method.position,
        method.is_active,
    )


async def _read() -> tuple[ShippingMethod, ...]:
    return tuple(
        ShippingMethod(
            **{
                **row,
                "names": msgspec.json.decode(row["names"], type=dict[str, str]),
                "descriptions": msgspec.json.decode(row["descriptions"], type=dict[str, str]),
            }
        )
        for row in await DB.fetch(_ALL)
    )


_methods: Held[tuple[ShippingMethod, ...]] = Held(_read, Subject.SHIPPING)
