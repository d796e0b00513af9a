"""What a company's user may spend: a limit for each order and an amount for each period (domain.md 10).

Limits are net amounts in minor units. Their currency, and the time zone in which periods begin, are those of the
application where the company is at home. What is spent is kept nowhere: it is what the user's orders come to, so
that an order that is cancelled or returned gives its amount back by itself.

A budget counts what was ordered for this company. Orders that a moved user has brought along were another company's
expense, within limits of its own: they would use up what the new company grants before anything was bought for it.
Moved back, they count again where they were placed. Of two customers that are merged, which are one company, what
was ordered for either counts, and for each its own again once the merge is undone.
"""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from app.applications import Application, all_applications, application_by_id, application_for_type
from app.orders.counted import COUNTS_FOR_ITS_CUSTOMER
from tables.customers import BudgetPeriod
from tables.engine import DB

_MONTHS = {
    BudgetPeriod.MONTH: 1,
    BudgetPeriod.QUARTER: 3,
    BudgetPeriod.HALF_YEAR: 6,
    BudgetPeriod.YEAR: 12,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a membership may spend, and has spent in the period that runs. Amounts are net minor units.

    None for a limit means unlimited. Without a budget there is no period: nothing is spent, and no time given.
    """

    membership: uuid.UUID
    order_limit: int | None
    amount: int | None
    period: BudgetPeriod
    spent: int
    currency: str
    time_zone: str
    # UTC: the period's first moment, and the first one after it.
    begins_at: datetime | None
    ends_at: datetime | None

    @property
    def left(self) -> int | None:
        """What may still be spent in this period, never below zero; None for unlimited."""
        return None if self.amount is None else max(self.amount - self.spent, 0)

    @property
    def is_unlimited(self) -> bool:
        """Whether nothing limits this user."""
        return self.order_limit is None and self.amount is None

    @property
    def first_day(self) -> date | None:
        """The first day of the period in the company's time zone."""
        return self.begins_at.astimezone(ZoneInfo(self.time_zone)).date() if self.begins_at else None

    @property
    def last_day(self) -> date | None:
        """The last day of the period in the company's time zone."""
        if self.ends_at is None:
            return None
        return (self.ends_at.astimezone(ZoneInfo(self.time_zone)) - timedelta(days=1)).date()


class Limit(StrEnum):
    """What an order may exceed."""

    ORDER = "order"
    BUDGET = "budget"
    # Limits are in the company's currency, and nothing here knows rates of exchange.
    CURRENCY = "currency"


class Excess(msgspec.Struct, frozen=True):
    """What an order exceeds: the limit as it was, what was spent, and from which day to which the budget counts.

    Amounts are net minor units of `currency`.
    """

    limit: Limit
    currency: str
    amount: int = 0
    spent: int = 0
    first_day: date | None = None
    last_day: date | None = None

    @property
    def left(self) -> int:
        """What was left of the limit, below zero where more was spent."""
        return self.amount - self.spent


def excess_of(budget: Budget, net: int, currency: str) -> tuple[Excess, ...]:
    """What an order of so much (net, minor units) exceeds; nothing where it is within the limits (domain.md 10).

    An order that comes to exactly what is left is within them.
    """
    if budget.is_unlimited:
        return ()
    if currency != budget.currency:
        return (Excess(Limit.CURRENCY, currency),)
    found: list[Excess] = []
    if budget.order_limit is not None and net > budget.order_limit:
        found.append(Excess(Limit.ORDER, currency, budget.order_limit))
    if budget.amount is not None and budget.spent + net > budget.amount:
        found.append(
            Excess(Limit.BUDGET, currency, budget.amount, budget.spent, budget.first_day, budget.last_day)
        )
    return tuple(found)


def period_of(period: BudgetPeriod, at: datetime, time_zone: str) -> tuple[datetime, datetime]:
    """The period around a moment: its first moment and the first one after it, in UTC.

    Weeks begin on Mondays (ISO 8601); quarters, half-years and years are those of the calendar. Raises ValueError
    for no period.
    """
    zone = ZoneInfo(time_zone)
    today = at.astimezone(zone).date()
    if period is BudgetPeriod.WEEK:
        first = today - timedelta(days=today.weekday())
        after = first + timedelta(days=7)
    elif period in _MONTHS:
        months = _MONTHS[period]
        first = date(today.year, (today.month - 1) // months * months + 1, 1)
        year, month = divmod(first.month - 1 + months, 12)
        after = date(first.year + year, month + 1, 1)
    else:
        raise ValueError("no period")
    # Midnight in the zone: a month with a change of the clock is an hour longer or shorter.
    begins, ends = (datetime(one.year, one.month, one.day, tzinfo=zone) for one in (first, after))
    return begins.astimezone(UTC), ends.astimezone(UTC)


async def spent_in_period(membership: uuid.UUID) -> int:
    """What a membership's user has spent in the budget period that runs: net, minor units; 0 without a budget."""
    found = await budgets_of([membership])
    return found[membership].spent if membership in found else 0


async def lock_budget(membership: uuid.UUID | None) -> None:
    """Locks a membership until the current transaction ends, so that of two orders at once the second one counts
    the first. Whoever locks products as well locks them afterwards, so that none wait in a circle."""
    await DB.execute("SELECT FROM memberships WHERE id = $1 FOR NO KEY UPDATE", membership)


async def budget_of(membership: uuid.UUID) -> Budget | None:
    """The budget of a membership as of now; None where there is no such membership."""
    return (await budgets_of([membership])).get(membership)


_LIMITS = """
    SELECT m.id, m."user", m.customer, m.order_limit, m.budget_amount, m.budget_period, c.application,
           c.customer_type, now() AS at
    FROM memberships m JOIN customers c ON c.id = m.customer
    WHERE m.id = ANY($1::uuid[])
"""
# The index orders_that_are_spent holds the orders that count.
SPENT = f"""
    SELECT n.id, coalesce(sum(o.net_total), 0)::bigint AS spent
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::timestamptz[])
         AS n (id, "user", customer, currency, begins_at, ends_at)
    JOIN orders o ON o."user" = n."user" AND o.customer = n.customer AND o.currency = n.currency
         AND o.placed_at >= n.begins_at AND o.placed_at < n.ends_at AND {COUNTS_FOR_ITS_CUSTOMER}
    GROUP BY n.id
"""  # only a constant is put in


async def budgets_of(memberships: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Budget]:
    """The budgets of many memberships as of now, by membership: two queries, however many there are."""
    rows = await DB.fetch(_LIMITS, list(memberships))
    homes = {row["id"]: home_of(row["application"], row["customer_type"]) for row in rows}
    periods = {
        row["id"]: period_of(BudgetPeriod(row["budget_period"]), row["at"], homes[row["id"]].time_zone)
        for row in rows
        if row["budget_period"]
    }
    spent = await _spent([row for row in rows if row["id"] in periods], homes, periods)
    return {
        row["id"]: Budget(
            membership=row["id"],
            order_limit=row["order_limit"],
            amount=row["budget_amount"],
            period=BudgetPeriod(row["budget_period"]),
            spent=spent.get(row["id"], 0),
            currency=homes[row["id"]].currency,
            time_zone=homes[row["id"]].time_zone,
            begins_at=periods[row["id"]][0] if row["id"] in periods else None,
            ends_at=periods[row["id"]][1] if row["id"] in periods else None,
        )
        for row in rows
    }


def home_of(application_id: str, customer_type: str) -> Application:
    """Where a customer is at home: the application of its registration, else the first that admits its type.

    Its currency and time zone are those of the company's limits.
    """
    return application_by_id(application_id) or application_for_type(customer_type) or all_applications()[0]


async def _spent(
    rows: list[dict[str, Any]],
    homes: Mapping[uuid.UUID, Application],
    periods: Mapping[uuid.UUID, tuple[datetime, datetime]],
) -> dict[uuid.UUID, int]:
    if not rows:
        return {}
    found = await DB.fetch(
        SPENT,
        [row["id"] for row in rows],
        [row["user"] for row in rows],
        [row["customer"] for row in rows],
        [homes[row["id"]].currency for row in rows],
        [periods[row["id"]][0] for row in rows],
        [periods[row["id"]][1] for row in rows],
    )
    return {row["id"]: int(row["spent"]) for row in found}
