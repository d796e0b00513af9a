"""Offers: what the price lists have for some products, read for one audience by one query.

The lists themselves are few and held per process; entries are many and read for the products of a page.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import chain
from types import MappingProxyType
from uuid import UUID

import msgspec

from app.prices.tax import TaxRates, tax_rates
from app.segments.audience import Audience
from app.segments.implicit import EVERYONE
from app.segments.targets import owners_for
from app.versions import Held, Subject
from tables.engine import DB
from tables.segments import TargetKind

# Audiences whose lists are kept at a time; more begin anew, so that memory has an end.
KEPT_AUDIENCES = 10_000


class PriceListHeader(msgspec.Struct, frozen=True, kw_only=True):
    """A price list without its entries. It is valid from (including) to (excluding), in UTC."""

    id: str
    name: str
    currency: str
    is_net: bool
    priority: int
    is_active: bool
    valid_from: datetime | None
    valid_to: datetime | None


class PriceEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What a list says of one product from a quantity on: an amount in minor units, or a percentage off."""

    id: UUID
    price_list: str
    quantity_from: int
    amount: int | None
    percent_off: Decimal | None
    valid_from: datetime | None
    valid_to: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """All that decides the prices of some products for one audience; `app.prices.price.price` reads it."""

    lists: Mapping[str, PriceListHeader]
    entries: Mapping[UUID, tuple[PriceEntry, ...]]
    # Ids of the lists that are meant for the audience, and of those that are meant for everyone.
    meant: frozenset[str]
    for_everyone: frozenset[str]
    tax_rates: TaxRates

    def next_change(self, now: datetime) -> datetime | None:
        """The first moment after now at which one of the lists or entries begins or ends, in UTC; None if none
        ever will. Until then the prices stay as they are."""
        times = [(one.valid_from, one.valid_to) for one in self.lists.values()]
        times += [(one.valid_from, one.valid_to) for entries in self.entries.values() for one in entries]
        moments = chain.from_iterable(times)
        return min((one for one in moments if one is not None and one > now), default=None)


@dataclass(frozen=True, slots=True)
class MeantLists:
    """Which lists one audience may buy from."""

    lists: Mapping[str, PriceListHeader]
    for_everyone: frozenset[str]


_LISTS = """
    SELECT id, name, currency, is_net, priority, is_active, valid_from, valid_to FROM price_lists ORDER BY id
"""
_ENTRIES = """
    SELECT product, id, price_list, quantity_from, amount, percent_off, valid_from, valid_to
    FROM price_entries WHERE product = ANY($1) AND price_list = ANY($2) ORDER BY id
"""


async def offers_for(product_ids: Iterable[UUID], audience: Audience, versions: Mapping[str, int]) -> Offers:
    """The offers for an audience: one query, whatever the number of products and lists."""
    meant = await lists_meant_for(audience, versions)
    return Offers(
        lists=meant.lists,
        entries=await _entries(product_ids, meant.lists),
        meant=frozenset(meant.lists),
        for_everyone=meant.for_everyone,
        tax_rates=await tax_rates(versions),
    )


async def all_offers_for(
    product_ids: Iterable[UUID], audience: Audience, versions: Mapping[str, int]
) -> Offers:
    """The same with the lists that are not for this audience, for staff who ask why a price is what it is."""
    meant = await lists_meant_for(audience, versions)
    lists = await _lists.at(versions)
    return Offers(
        lists=lists,
        entries=await _entries(product_ids, lists),
        meant=frozenset(meant.lists),
        for_everyone=meant.for_everyone,
        tax_rates=await tax_rates(versions),
    )


async def lists_meant_for(audience: Audience, versions: Mapping[str, int]) -> MeantLists:
    """The lists in use, of the audience's currency, whose target group the audience belongs to."""
    meant = await _meant.at(versions)
    known = meant.get(audience)
    if known is None:
        for_all = replace(
            audience,
            segments=frozenset({EVERYONE.id}),
            customer_id=None,
            organisations=frozenset(),
            contracts=frozenset(),
        )
        held = await _lists.at(versions)
        lists = _usable(held, await owners_for(TargetKind.PRICE_LIST, audience, versions), audience)
        everyone = _usable(held, await owners_for(TargetKind.PRICE_LIST, for_all, versions), audience)
        known = MeantLists(MappingProxyType(lists), frozenset(everyone))
        if len(meant) >= KEPT_AUDIENCES:
            meant.clear()
        meant[audience] = known
    return known


def _usable(
    held: Mapping[str, PriceListHeader], ids: Iterable[str], audience: Audience
) -> dict[str, PriceListHeader]:
    found = (held[one] for one in ids if one in held)
    return {one.id: one for one in found if one.is_active and one.currency == audience.currency}


async def _read_lists() -> Mapping[str, PriceListHeader]:
    return {row["id"]: PriceListHeader(**row) for row in await DB.fetch(_LISTS)}


async def _of_nobody_yet() -> dict[Audience, MeantLists]:
    return {}


_lists: Held[Mapping[str, PriceListHeader]] = Held(_read_lists, Subject.PRICE_LISTS)
# For the audiences that came by: which lists they may buy from.
_meant: Held[dict[Audience, MeantLists]] = Held(_of_nobody_yet, Subject.PRICE_LISTS, Subject.TARGETS)


async def _entries(
    product_ids: Iterable[UUID], lists: Iterable[str]
) -> Mapping[UUID, tuple[PriceEntry, ...]]:
    wanted, of_lists = list(product_ids), list(lists)
    if not wanted or not of_lists:
        return {}
    found: dict[UUID, list[PriceEntry]] = {}
    for row in await DB.fetch(_ENTRIES, wanted, of_lists):
        found.setdefault(row.pop("product"), []).append(PriceEntry(**row))
    return {product: tuple(entries) for product, entries in found.items()}
