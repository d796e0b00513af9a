"""What a user of a customer may spend: a limit for each order, and a budget for each period (domain.md 10).

How limits are typed and compared with nothing else; what is spent of them stands in app/requisitions/budgets.py.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.languages import gettext as _
from app.languages import money_text, text
from tables.customers import BudgetPeriod

PERIODS = (
    (BudgetPeriod.NONE.value, text("No period")),
    (BudgetPeriod.WEEK.value, text("Each week")),
    (BudgetPeriod.MONTH.value, text("Each month")),
    (BudgetPeriod.QUARTER.value, text("Each quarter")),
    (BudgetPeriod.HALF_YEAR.value, text("Each half-year")),
    (BudgetPeriod.YEAR.value, text("Each year")),
)
_AMOUNT_OF_PERIOD = {
    BudgetPeriod.WEEK.value: text("%(amount)s each week"),
    BudgetPeriod.MONTH.value: text("%(amount)s each month"),
    BudgetPeriod.QUARTER.value: text("%(amount)s each quarter"),
    BudgetPeriod.HALF_YEAR.value: text("%(amount)s each half-year"),
    BudgetPeriod.YEAR.value: text("%(amount)s each year"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What somebody may spend: net minor units, None for unlimited; the period is "" without a budget."""

    order_limit: int | None = None
    budget_amount: int | None = None
    budget_period: str = ""

    @property
    def is_unlimited(self) -> bool:
        """Whether there is no limit at all."""
        return self.order_limit is None and self.budget_amount is None

    def in_words(self, currency: str) -> str:
        """The limits as a person reads them, "" for none."""
        said = []
        if self.order_limit is not None:
            said.append(_("%(amount)s for each order", amount=money_text(self.order_limit, currency)))
        if self.budget_amount is not None:
            amount = money_text(self.budget_amount, currency)
            said.append(_(_AMOUNT_OF_PERIOD[self.budget_period], amount=amount))
        return ", ".join(said)


UNLIMITED = Limits()


def limits_of(row: Mapping[str, Any]) -> Limits:
    """The limits in a row that has them beside other columns."""
    return Limits(**{name: row[name] for name in Limits.__slots__})


def budget_problems(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """An amount and its period belong together (domain.md 10): yields (field, message)."""
    if values.get("budget_amount") is not None and values.get("budget_period") == "":
        yield "budget_period", _("Please say for how long the budget is.")
    if values.get("budget_amount", 0) is None and values.get("budget_period"):
        yield "budget_amount", _("Please enter an amount, or choose no period.")
