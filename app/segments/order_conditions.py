"""Conditions on what a customer has ordered. Cancelled and returned orders do not count (domain.md 7)."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from app.languages import gettext as _
from app.languages import money_text
from app.segments.condition import Arguments, Condition, Days, days_ago
from app.segments.facts import COUNTED_ORDER, Facts, Window

Count = Annotated[int, Meta(ge=0, le=1_000_000)]
# Minor currency units.
Amount = Annotated[int, Meta(ge=0, le=10**15)]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]


class OrderCount(Condition, tag="order_count"):
    """So many orders, of all times; cancelled and returned ones do not count."""

    at_least: Count | None = None
    at_most: Count | None = None

    def sql(self, arguments: Arguments) -> str:
        count = f"(SELECT count(*) FROM orders o WHERE o.customer = c.id AND {COUNTED_ORDER})"
        return _between(arguments, count, self.at_least, self.at_most)

    def holds(self, facts: Facts) -> bool:
        return _is_between(facts.order_count, self.at_least, self.at_most)

    def words(self) -> str:
        if self.at_most is None:
            return _("at least %(count)s orders", count=self.at_least)
        if self.at_least is None:
            return _("at most %(count)s orders", count=self.at_most)
        return _("%(from)s to %(to)s orders", **{"from": self.at_least, "to": self.at_most})

    def problems(self) -> Iterator[str]:
        yield from _problems_of_range(self.at_least, self.at_most)


class OrderTotal(Condition, tag="order_total"):
    """What the orders of the last so many days came to, gross, in one currency; orders in others do not count."""

    days: Days
    currency: Currency = "EUR"
    at_least: Amount | None = None
    at_most: Amount | None = None

    @property
    def window(self) -> Window:
        """The total that the facts must know."""
        return (self.days, self.currency)

    def sql(self, arguments: Arguments) -> str:
        total = f"""(SELECT coalesce(sum(o.gross_total), 0) FROM orders o
            WHERE o.customer = c.id AND {COUNTED_ORDER} AND o.currency = {arguments.add(self.currency, "text")}
              AND o.placed_at > {days_ago(arguments, self.days)})"""
        return _between(arguments, total, self.at_least, self.at_most)

    def holds(self, facts: Facts) -> bool:
        return _is_between(facts.totals[self.window], self.at_least, self.at_most)

    @property
    def changes_with_time(self) -> bool:
        return True

    def words(self) -> str:
        if self.at_least is not None and self.at_most is not None:
            return _(
                "orders of %(from)s to %(to)s in the last %(days)s days",
                **{"from": self._money(self.at_least), "to": self._money(self.at_most), "days": self.days},
            )
        if self.at_least is not None:
            return _(
                "orders of at least %(total)s in the last %(days)s days",
                total=self._money(self.at_least),
                days=self.days,
            )
        return _(
            "orders of at most %(total)s in the last %(days)s days",
            total=self._money(self.at_most or 0),
            days=self.days,
        )

    def problems(self) -> Iterator[str]:
        yield from _problems_of_range(self.at_least, self.at_most)

    def _money(self, amount: int) -> str:
        return money_text(amount, self.currency)


class LastOrder(Condition, tag="last_order"):
    """The last order was in the last so many days, or longer ago; who never ordered is neither."""

    within_days: Days | None = None
    longer_ago_than_days: Days | None = None

    def sql(self, arguments: Arguments) -> str:
        last = f"(SELECT max(o.placed_at) FROM orders o WHERE o.customer = c.id AND {COUNTED_ORDER})"
        parts = []
        if self.within_days is not None:
            parts.append(f"{last} > {days_ago(arguments, self.within_days)}")
        if self.longer_ago_than_days is not None:
            parts.append(f"{last} <= {days_ago(arguments, self.longer_ago_than_days)}")
        return f"coalesce({' AND '.join(parts)}, false)"

    def holds(self, facts: Facts) -> bool:
        if facts.last_order_at is None:
            return False
        ago = facts.now - facts.last_order_at
        return (self.within_days is None or ago < timedelta(days=self.within_days)) and (
            self.longer_ago_than_days is None or ago >= timedelta(days=self.longer_ago_than_days)
        )

    @property
    def changes_with_time(self) -> bool:
        return True

    def words(self) -> str:
        parts = []
        if self.within_days is not None:
            parts.append(_("last order in the last %(days)s days", days=self.within_days))
        if self.longer_ago_than_days is not None:
            parts.append(_("last order at least %(days)s days ago", days=self.longer_ago_than_days))
        return ", ".join(parts)

    def problems(self) -> Iterator[str]:
        if self.within_days is None and self.longer_ago_than_days is None:
            yield _("A condition on the last order needs a number of days.")


def _between(arguments: Arguments, value: str, at_least: int | None, at_most: int | None) -> str:
    parts = []
    if at_least is not None:
        parts.append(f"{value} >= {arguments.add(Decimal(at_least), 'numeric')}")
    if at_most is not None:
        parts.append(f"{value} <= {arguments.add(Decimal(at_most), 'numeric')}")
    return f"({' AND '.join(parts)})"


def _is_between(value: int, at_least: int | None, at_most: int | None) -> bool:
    return (at_least is None or value >= at_least) and (at_most is None or value <= at_most)


def _problems_of_range(at_least: int | None, at_most: int | None) -> Iterator[str]:
    if at_least is None and at_most is None:
        yield _("A condition on orders needs a smallest or a largest value.")
    elif at_least is not None and at_most is not None and at_least > at_most:
        yield _("The smallest value must not be above the largest.")
