"""What is said of limits, in words."""

from collections.abc import Iterable

from app.languages import date_text, money_text
from app.languages import gettext as _
from app.requisitions.budgets import Excess, Limit


def excess_words(excess: Iterable[Excess], net: int) -> list[str]:
    """A sentence for each limit that an order of so much (net, minor units) exceeds."""
    return [_sentence(one, net) for one in excess]


def _sentence(excess: Excess, net: int) -> str:
    if excess.limit is Limit.CURRENCY:
        return _("The order is in another currency than the limits.")
    if excess.limit is Limit.ORDER:
        return _(
            "The order comes to %(net)s excl. VAT, more than the limit of %(limit)s for one order.",
            net=money_text(net, excess.currency),
            limit=money_text(excess.amount, excess.currency),
        )
    return _(
        "With %(net)s excl. VAT the order exceeds the budget of %(limit)s from %(first)s to %(last)s,"
        " of which %(spent)s are spent.",
        net=money_text(net, excess.currency),
        limit=money_text(excess.amount, excess.currency),
        spent=money_text(excess.spent, excess.currency),
        first=date_text(excess.first_day) if excess.first_day is not None else "",
        last=date_text(excess.last_day) if excess.last_day is not None else "",
    )
