"""What is aimed at a customer: at it alone, and through its segments, organisations and contracts (domain.md 8,
11, 12)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.contracts.contract import time_zone_of
from tables import Customer
from tables.engine import DB
from tables.segments import TargetKind


@dataclass(frozen=True, slots=True, kw_only=True)
class AimedAt:
    """A price list or catalog view that holds for a customer. Times are UTC, None where there is no border.

    `segments`, `organisations` (names) and `contracts` (numbers) are those through which it does; empty where it
    names the customer itself.
    """

    id: str
    name: str
    is_active: bool
    segments: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    contracts: tuple[str, ...] = ()
    currency: str = ""
    priority: int | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class Offers:
    """The two lists of a customer's page: specific to the customer, and effective through its segments,
    organisations and contracts."""

    specific: tuple[AimedAt, ...]
    through_others: tuple[AimedAt, ...]


_PRICE_LISTS = """
    SELECT p.id, p.name, p.is_active, p.currency, p.priority, p.valid_from, p.valid_to,
           (p.valid_to <= now()) IS TRUE AS is_over, aimed.specific, aimed.segments, aimed.organisations,
           aimed.contracts
    FROM price_lists p JOIN ({aimed}) aimed ON aimed.owner = p.id ORDER BY p.priority DESC, p.id
"""
_VIEWS = """
    SELECT v.id, v.name, v.is_active, aimed.specific, aimed.segments, aimed.organisations, aimed.contracts
    FROM catalog_views v JOIN ({aimed}) aimed ON aimed.owner = v.id ORDER BY v.id
"""
_AIMED = """
    SELECT t.owner, bool_or(t.customer IS NOT NULL) AS specific,
           array_remove(array_agg(t.segment ORDER BY t.segment), NULL) AS segments,
           array_remove(array_agg(above.name ORDER BY cardinality(above.path)), NULL) AS organisations,
           array_remove(array_agg(k.number ORDER BY k.number), NULL) AS contracts
    FROM targets t
    LEFT JOIN organisations above ON above.id = t.organisation
    LEFT JOIN contracts k ON k.id = t.contract
    WHERE t.kind = $1
      AND (t.customer = $2 OR t.segment = ANY($3::text[])
           OR t.organisation IN (SELECT unnest(o.path) FROM customers c JOIN organisations o ON o.id = c.organisation
                                 WHERE c.id = $2)
           -- On its days, both included, in the time zone of the shop.
           OR (k.customer = $2 AND k.starts_on <= (now() AT TIME ZONE $4)::date
               AND (k.ends_on IS NULL OR k.ends_on >= (now() AT TIME ZONE $4)::date)))
    GROUP BY t.owner
"""


async def price_lists_for(of: Customer, segments: list[str]) -> Offers:
    """The price lists of a customer in these segments, the highest priority first."""
    return await _offers(_PRICE_LISTS, TargetKind.PRICE_LIST, of, segments)


async def catalog_views_for(of: Customer, segments: list[str]) -> Offers:
    """The catalog views of a customer in these segments. Without any it sees everything."""
    return await _offers(_VIEWS, TargetKind.CATALOG_VIEW, of, segments)


async def _offers(sql: str, kind: TargetKind, of: Customer, segments: list[str]) -> Offers:
    specific, through = [], []
    time_zone = time_zone_of(of.application, of.customer_type)
    for row in await DB.fetch(sql.format(aimed=_AIMED), kind.value, of.id, segments, time_zone):
        is_specific = row.pop("specific")
        via: dict[str, Any] = {
            name: tuple(row.pop(name)) for name in ("segments", "organisations", "contracts")
        }
        if is_specific:
            specific.append(AimedAt(**row))
        if any(via.values()):
            through.append(AimedAt(**row, **via))
    return Offers(tuple(specific), tuple(through))
