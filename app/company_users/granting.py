"""Nobody grants more than they have: roles, and limits too (domain.md 10).

Domain.md says it of roles. It holds for limits as well, since whoever is limited and manages users could else
invite a second login of their own that is not. So for everything by which somebody comes to a company or gets
other limits: inviting one, several or by a file, sending again, accepting (the inviter may have been limited
since), letting join, changing limits, and enabling.

- Unlimited is more than any limit. Each of the two limits is compared by itself.
- Of budgets for different periods the one that is given must not be more in any period of the own one: a longer
  one could be spent in one of them, and of shorter ones several begin in it.
- What a colleague has already is not granted: it can be kept and lowered.
- Who can do everything for the company gives what they like. They could lift their own limits as well, since
  there may be nobody else to do it (app/company_users/managing.py).
"""

from collections.abc import Collection

from app.company_users.roles import Role, together
from app.customers.limits import UNLIMITED, Limits
from app.customers.permissions import Permission
from tables.customers import BudgetPeriod

_WEEK, _MONTH, _QUARTER, _HALF_YEAR, _YEAR = (
    BudgetPeriod.WEEK.value,
    BudgetPeriod.MONTH.value,
    BudgetPeriod.QUARTER.value,
    BudgetPeriod.HALF_YEAR.value,
    BudgetPeriod.YEAR.value,
)
# How many of the first begin within one of the second, at most. Weeks begin on Mondays.
_BEGIN_WITHIN = {
    (_WEEK, _MONTH): 5,
    (_WEEK, _QUARTER): 14,
    (_WEEK, _HALF_YEAR): 27,
    (_WEEK, _YEAR): 53,
    (_MONTH, _QUARTER): 3,
    (_MONTH, _HALF_YEAR): 6,
    (_MONTH, _YEAR): 12,
    (_QUARTER, _HALF_YEAR): 2,
    (_QUARTER, _YEAR): 4,
    (_HALF_YEAR, _YEAR): 2,
}


def limits_to_grant(own: Limits, may: Collection[Permission]) -> Limits:
    """The most that somebody with these limits and permissions may give."""
    return UNLIMITED if frozenset(may) == frozenset(Permission) else own


def most_in_period(most: Limits, period: str) -> int | None:
    """The budget of a period that is not more than this one, net minor units; None for any."""
    if most.budget_amount is None:
        return None
    return most.budget_amount // _BEGIN_WITHIN.get((period, most.budget_period), 1)


def exceeded(most: Limits, wanted: Limits, has: Limits | None = None) -> tuple[str, ...]:
    """Which limits are more than the most that can be given, by the names of their fields; `has` is what the
    colleague has so far."""
    return tuple(field for field in _exceeded(most, wanted) if has is None or field in _exceeded(has, wanted))


def grants(
    roles: Collection[Role], giver: Collection[str], own: Limits, given: Collection[str], limits: Limits
) -> bool:
    """Whether somebody with the roles `giver` and their own limits may invite with the roles `given` and limits."""
    may = together(roles, giver)
    return (
        Permission.MANAGE_USERS in may
        and set(given) <= {one.id for one in roles}
        and together(roles, given) <= may
        and not exceeded(limits_to_grant(own, may), limits)
    )


def _exceeded(most: Limits, wanted: Limits) -> list[str]:
    found = []
    if most.order_limit is not None and (wanted.order_limit is None or wanted.order_limit > most.order_limit):
        found.append("order_limit")
    budget = most_in_period(most, wanted.budget_period)
    if budget is not None and (wanted.budget_amount is None or wanted.budget_amount > budget):
        found.append("budget_amount")
    return found
