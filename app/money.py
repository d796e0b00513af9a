"""Money: integer minor units with a currency, and the one place where amounts are rounded (architecture.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import total_ordering


class CurrenciesDiffer(ValueError):
    """Amounts of two currencies were added or compared, which has no answer without a rate."""


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (cents) of an ISO 4217 currency."""

    amount: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + self._same_currency(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - self._same_currency(other), self.currency)

    def __mul__(self, times: int) -> "Money":
        return Money(self.amount * times, self.currency)

    __rmul__ = __mul__

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._same_currency(other)

    def _same_currency(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise CurrenciesDiffer(f"{self.currency} and {other.currency}")
        return other.amount


def rounded(exact: Decimal) -> int:
    """Whole minor units: a half goes away from zero, as trade is used to. All rounding of money is done here."""
    return rounded_ratio(*exact.as_integer_ratio())


def rounded_ratio(numerator: int, denominator: int) -> int:
    """The same for an exact quotient of whole numbers; `denominator` is positive."""
    if numerator < 0:
        return -((denominator - 2 * numerator) // (2 * denominator))
    return (2 * numerator + denominator) // (2 * denominator)


def allocated(amount: int, weights: Sequence[int]) -> list[int]:
    """`amount` shared out in proportion to `weights` (none negative), to the last cent; an equal weight may
    get a cent more than the next. Without any weight the first share is all.
    """
    if not weights:
        return []
    whole = sum(weights)
    if whole == 0:
        return [amount, *(0 for _ in weights[1:])]
    shares: list[int] = []
    weighed = given = 0
    for weight in weights:
        # Rounding what has been given so far, not each share, leaves no cent over.
        weighed += weight
        share = rounded_ratio(amount * weighed, whole) - given
        given += share
        shares.append(share)
    return shares
