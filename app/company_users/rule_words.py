"""Why a change of a company's people or roles was refused, in plain words."""

from app.company_users.granting import most_in_period
from app.company_users.managing import Rule
from app.customers.limits import Limits
from app.languages import gettext as _
from app.languages import money_text, text
from tables.customers import BudgetPeriod

_WORDS = {
    Rule.NOT_ONESELF: text(
        "Nobody disables, removes or demotes themself. Please ask another administrator to do it."
    ),
    Rule.NO_MORE_THAN_OWN: text(
        "Nobody gives or takes what they may not do themself. Please ask an administrator who may."
    ),
    Rule.MAY_MORE: text("This colleague may more than you. Please ask an administrator who may as much."),
    Rule.LAST_ADMINISTRATOR: text(
        "A company always has an active account administrator. Please make somebody else one first."
    ),
    Rule.OWN_LIMITS: text("Your own limits are changed by an account administrator. Please ask one."),
    Rule.MORE_THAN_OWN_LIMITS: text(
        "Your own limits hold for what you give as well: nobody grants more than they have."
    ),
    Rule.MAY_SPEND_MORE: text(
        "This colleague may spend more than you. Please ask an account administrator to enable them."
    ),
    Rule.UNKNOWN_ROLE: text("One of these roles exists no more. Please choose again."),
}


def rule_words(rule: Rule) -> str:
    """What stands against a change and what to do, in the language of the person."""
    return _(_WORDS[rule])


_OWN_BUDGET = {
    BudgetPeriod.WEEK.value: text("You may spend %(amount)s each week: nobody grants more than they have."),
    BudgetPeriod.MONTH.value: text("You may spend %(amount)s each month: nobody grants more than they have."),
    BudgetPeriod.QUARTER.value: text(
        "You may spend %(amount)s each quarter: nobody grants more than they have."
    ),
    BudgetPeriod.HALF_YEAR.value: text(
        "You may spend %(amount)s each half-year: nobody grants more than they have."
    ),
    BudgetPeriod.YEAR.value: text("You may spend %(amount)s each year: nobody grants more than they have."),
}


def limit_words(field: str, most: Limits, period: str, currency: str) -> str:
    """Why the limit of this field is more than somebody may give for this period, and how much they may."""
    if field == "order_limit":
        own = money_text(most.order_limit or 0, currency)
        return _(
            "Please enter at most %(amount)s, your own limit: nobody grants more than they have.", amount=own
        )
    said = _(_OWN_BUDGET[most.budget_period], amount=money_text(most.budget_amount or 0, currency))
    allowed = most_in_period(most, period)
    if period in ("", most.budget_period) or allowed is None:
        return said
    amount = money_text(allowed, currency)
    return f"{said} " + _(
        "Please enter at most %(amount)s for the period that you have chosen.", amount=amount
    )
