"""What is said about prices: to buyers in one sentence, to staff of each candidate (domain.md 8)."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import TYPE_CHECKING, assert_never

from app.languages import date_text, datetime_text, ngettext, percent_text
from app.languages import gettext as _
from app.prices.verdict import Verdict

if TYPE_CHECKING:
    from app.prices.price import Candidate, Price


def price_sentence(price: "Price") -> str:
    """Why a price is what it is, for the buyer, in the language of the current request: which list, from how
    many pieces, until which day."""
    parts = [_("This price comes from the price list “%(name)s”", name=price.list_name)]
    if price.percent_off is not None:
        off = percent_text(price.percent_off)
        parts.append(_("%(percent)s off the price for everyone", percent=off))
    if price.quantity_from > 1:
        parts.append(ngettext("from %(n)s piece", "from %(n)s pieces", price.quantity_from))
    if price.valid_to is not None:
        # The last moment that counts: a list that ends at midnight holds until the day before.
        parts.append(_("until %(date)s", date=date_text(price.valid_to - timedelta(microseconds=1))))
    return f"{', '.join(parts)}."


def scale_rows(scale: Sequence[tuple[int, int]], smallest: int) -> list[tuple[str, int]]:
    """(Which quantities, shown amount) for each step of `Price.scale`, in the language of the current request.

    `smallest` is the fewest pieces that can be ordered: nobody is told of quantities below.
    """
    rows = []
    for (begin, amount), following in zip_longest(scale, scale[1:]):
        first, last = max(begin, smallest), following[0] - 1 if following is not None else None
        if last is None:
            rows.append((_("%(n)s pieces or more", n=first), amount))
        elif first == last:
            rows.append((ngettext("%(n)s piece", "%(n)s pieces", first), amount))
        elif first < last:
            rows.append((_("%(first)s to %(last)s pieces", first=first, last=last), amount))
    return rows


def verdict_sentence(candidate: "Candidate") -> str:
    """Why a candidate won or lost, for staff, in the language of the current request."""
    entry, header = candidate.entry, candidate.price_list
    match candidate.verdict:
        case Verdict.WON:
            return _("This is the best valid price for the quantity.")
        case Verdict.NOT_MEANT:
            return _("The price list is not meant for this visitor.")
        case Verdict.SWITCHED_OFF:
            return _("The price list is switched off.")
        case Verdict.OTHER_CURRENCY:
            return _("The price list is in %(currency)s.", currency=header.currency)
        case Verdict.NOT_YET:
            begin = max(_known((header.valid_from, entry.valid_from)))
            return _("Not valid before %(moment)s.", moment=datetime_text(begin))
        case Verdict.NO_LONGER:
            end = min(_known((header.valid_to, entry.valid_to)))
            return _("No longer valid since %(moment)s.", moment=datetime_text(end))
        case Verdict.TOO_FEW:
            return _("Only from %(n)s pieces.", n=entry.quantity_from)
        case Verdict.NOTHING_TO_TAKE_OFF:
            return _("There is no price for everyone to take the percentage off.")
        case Verdict.DEARER:
            return _("Another price is better.")
        case Verdict.LOWER_PRIORITY:
            return _("The same price as the best, but the price list has a lower priority.")
        case Verdict.LATER_IN_ORDER:
            return _("The same price and priority as the best, but later in the order of ids.")
        case never:
            assert_never(never)


def _known(moments: Iterable[datetime | None]) -> list[datetime]:
    return [one for one in moments if one is not None]
