"""What is aimed at a customer: at it alone, and through its segments (domain.md 8)."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from tables.engine import DB
from tables.segments import TargetKind


@dataclass(frozen=True, slots=True, kw_only=True)
class AimedAt:
    """A price list or catalog view that holds for a customer. Times are UTC, None where there is no border.

    `segments` are those through which it does; empty where it names the customer itself.
    """

    id: str
    name: str
    is_active: bool
    segments: tuple[str, ...] = ()
    currency: str = ""
    priority: int | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class Offers:
    """The two lists of a customer's page: specific to the customer, and effective through its segments."""

    specific: tuple[AimedAt, ...]
    through_segments: tuple[AimedAt, ...]


_PRICE_LISTS = """
    SELECT p.id, p.name, p.is_active, p.currency, p.priority, p.valid_from, p.valid_to,
           (p.valid_to <= now()) IS TRUE AS is_over, aimed.specific, aimed.segments
    FROM price_lists p JOIN ({aimed}) aimed ON aimed.owner = p.id ORDER BY p.priority DESC, p.id
"""
_VIEWS = """
    SELECT v.id, v.name, v.is_active, aimed.specific, aimed.segments
    FROM catalog_views v JOIN ({aimed}) aimed ON aimed.owner = v.id ORDER BY v.id
"""
_AIMED = """
    SELECT t.owner, bool_or(t.customer IS NOT NULL) AS specific,
           array_remove(array_agg(t.segment ORDER BY t.segment), NULL) AS segments
    FROM targets t WHERE t.kind = $1 AND (t.customer = $2 OR t.segment = ANY($3::text[])) GROUP BY t.owner
"""


async def price_lists_for(customer_id: uuid.UUID, segments: list[str]) -> Offers:
    """The price lists of a customer in these segments, the highest priority first."""
    return await _offers(_PRICE_LISTS, TargetKind.PRICE_LIST, customer_id, segments)


async def catalog_views_for(customer_id: uuid.UUID, segments: list[str]) -> Offers:
    """The catalog views of a customer in these segments. Without any it sees everything."""
    return await _offers(_VIEWS, TargetKind.CATALOG_VIEW, customer_id, segments)


async def _offers(sql: str, kind: TargetKind, customer_id: uuid.UUID, segments: list[str]) -> Offers:
    specific, through = [], []
    for row in await DB.fetch(sql.format(aimed=_AIMED), kind.value, customer_id, segments):
        is_specific, via = row.pop("specific"), tuple(row.pop("segments"))
        if is_specific:
            specific.append(AimedAt(**row))
        if via:
            through.append(AimedAt(**row, segments=via))
    return Offers(tuple(specific), tuple(through))
