"""How far a contract has come: what orders on its days come to, net, in its currency (domain.md 12)."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.contracts.contract import Contract
from app.orders.counted import COUNTS_FOR_ITS_CUSTOMER
from tables.engine import DB

ORDERS_ON_A_PAGE = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What was ordered under a contract: net, minor units of the contract's currency."""

    revenue: int
    orders: int
    target: int | None

    @property
    def percent(self) -> int | None:
        """How much of the target is reached, rounded down so that 100 is never said too early; None without a
        target. More than 100 where it is exceeded."""
        if self.target is None:
            return None
        return self.revenue * 100 // self.target if self.target else 100

    @property
    def missing(self) -> int | None:
        """What is missing until the target, never below zero; None without a target."""
        return None if self.target is None else max(self.target - self.revenue, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedOrder:
    """An order that counts. The total is net, in minor units; the time is UTC."""

    number: str
    placed_at: datetime
    buyer_name: str
    state: str
    net_total: int
    currency: str


# An order in another currency cannot be added up.
_PROGRESS = f"""
    SELECT k.id, coalesce(sum(o.net_total), 0)::bigint AS revenue, count(o.id) AS orders
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::timestamptz[])
             AS k(id, customer, currency, begins_at, ends_at)
    LEFT JOIN orders o ON o.customer = k.customer AND o.currency = k.currency AND o.placed_at >= k.begins_at
                      AND (k.ends_at IS NULL OR o.placed_at < k.ends_at) AND {COUNTS_FOR_ITS_CUSTOMER}
    GROUP BY k.id
"""  # only a constant is put in
_RELATED = f"""
    SELECT o.number, o.placed_at, o.buyer_name, o.state, o.net_total, o.currency FROM orders o
    WHERE o.customer = $1 AND o.currency = $2 AND o.placed_at >= $3 AND ($4::timestamptz IS NULL OR o.placed_at < $4)
      AND ($5::uuid IS NULL OR o."user" = $5) AND {COUNTS_FOR_ITS_CUSTOMER}
    ORDER BY o.placed_at DESC, o.id LIMIT $6 OFFSET $7
"""  # only a constant is put in


async def progress_of(contracts: Sequence[Contract]) -> dict[uuid.UUID, Progress]:
    """How far each contract has come, by its id; one query, however many there are."""
    if not contracts:
        return {}
    rows = await DB.fetch(
        _PROGRESS,
        [one.id for one in contracts],
        [one.customer_id for one in contracts],
        [one.currency for one in contracts],
        [one.begins_at for one in contracts],
        [one.ends_at for one in contracts],
    )
    targets = {one.id: one.target_revenue for one in contracts}
    return {
        row["id"]: Progress(revenue=row["revenue"], orders=row["orders"], target=targets[row["id"]])
        for row in rows
    }


async def orders_of_contract(
    contract: Contract, *, user_id: uuid.UUID | None = None, page: int = 1
) -> list[RelatedOrder]:
    """The orders that count towards a contract, newest first, ORDERS_ON_A_PAGE on a page and one more where
    there is another page; with `user_id` those of this user only (who may see but their own)."""
    rows = await DB.fetch(
        _RELATED,
        contract.customer_id,
        contract.currency,
        contract.begins_at,
        contract.ends_at,
        user_id,
        ORDERS_ON_A_PAGE + 1,
        (max(page, 1) - 1) * ORDERS_ON_A_PAGE,
    )
    return [RelatedOrder(**row) for row in rows]
