"""A slow and obvious implementation of the price rules, written from domain.md 8 and not from the program."""

from datetime import datetime
from fractions import Fraction
from math import floor

from app.prices.offers import Offers, PriceEntry


def half_up(exact: Fraction) -> int:
    """The nearest whole number; a half goes away from zero."""
    whole = floor(abs(exact) + Fraction(1, 2))
    return whole if exact >= 0 else -whole


def net_and_gross(amount: int, percent: Fraction, is_net: bool) -> tuple[int, int]:
    """Whole minor units without and with tax."""
    if is_net:
        return amount, amount + half_up(amount * percent / 100)
    return half_up(amount * 100 / (100 + percent)), amount


def is_valid(entry: PriceEntry, offers: Offers, currency: str, at: datetime) -> bool:
    """Whether an entry counts at a moment, its list included; the end does not count any more."""
    of = offers.lists[entry.price_list]
    for one in (of, entry):
        if one.valid_from and one.valid_from > at:
            return False
        if one.valid_to and not one.valid_to > at:
            return False
    return of.is_active and of.currency == currency and of.id in offers.meant


def reference_price(
    entries: tuple[PriceEntry, ...],
    quantity: int,
    offers: Offers,
    currency: str,
    percent: Fraction,
    at: datetime,
) -> tuple[str, int, int, int] | None:
    """List id, quantity from, net and gross of one piece; None without a price."""
    found = []
    for entry in entries:
        if (
            entry.amount is not None
            and entry.quantity_from <= quantity
            and is_valid(entry, offers, currency, at)
        ):
            of = offers.lists[entry.price_list]
            found.append((_exact_gross(entry.amount, percent, of.is_net), entry, entry.amount, of.is_net))

    def order(one: tuple[Fraction, PriceEntry, int, bool]) -> tuple[object, ...]:
        exact, entry, _amount, _is_net = one
        return (
            exact,
            -offers.lists[entry.price_list].priority,
            entry.price_list,
            entry.quantity_from,
            entry.id,
        )

    for_everyone = sorted((one for one in found if one[1].price_list in offers.for_everyone), key=order)
    if for_everyone:
        _exact, _entry, base, is_net = for_everyone[0]
        for entry in entries:
            if entry.percent_off is None or entry.quantity_from > quantity:
                continue
            if is_valid(entry, offers, currency, at):
                amount = half_up(base * (100 - Fraction(entry.percent_off)) / 100)
                found.append((_exact_gross(amount, percent, is_net), entry, amount, is_net))
    if not found:
        return None
    _exact, entry, amount, is_net = sorted(found, key=order)[0]
    return (entry.price_list, entry.quantity_from, *net_and_gross(amount, percent, is_net))


def _exact_gross(amount: int, percent: Fraction, is_net: bool) -> Fraction:
    return Fraction(amount) * (100 + percent) / 100 if is_net else Fraction(amount)
