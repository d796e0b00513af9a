"""The price: one function decides every price that is shown or charged anywhere (domain.md 8).

The best valid price for the quantity wins. Net and gross lists are compared exactly, before any rounding, so
that the way in which prices are shown never decides which list wins. Of equal prices the list of the higher
priority wins, then the list whose id comes first.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple, Protocol
from uuid import UUID

import msgspec

from app.money import rounded_ratio
from app.prices.offers import Offers, PriceEntry, PriceListHeader, all_offers_for, offers_for
from app.prices.tax import NetTaxGross, hundredths, split_by
from app.prices.verdict import Verdict
from app.prices.words import price_sentence, verdict_sentence
from app.segments.audience import Audience

__all__ = ["Candidate", "Explanation", "Offers", "Price", "PricedProduct", "Verdict"]
__all__ += ["all_offers_for", "explain", "offers_for", "price"]


class PricedProduct(Protocol):
    """What the price of a product depends on, beside the offers."""

    @property
    def id(self) -> UUID:
        """The key of the product."""

    @property
    def tax_class(self) -> str:
        """A class of `app.prices.tax.TAX_CLASSES`."""


class Price(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The price of one piece. Amounts are minor units of `currency`; times are UTC."""

    unit: NetTaxGross
    # Whether this visitor is shown net prices.
    is_net: bool
    currency: str
    tax_percent: Decimal
    list_id: str
    list_name: str
    is_for_everyone: bool
    # What of the list won: from how many pieces on, how much off the price for everyone, and until when
    # (excluding that moment).
    quantity_from: int
    percent_off: Decimal | None
    valid_to: datetime | None
    # What `scale` is worked out from: most pages never ask.
    terms: "_Terms"

    @property
    def net(self) -> int:
        """Without tax."""
        return self.unit.net

    @property
    def gross(self) -> int:
        """With tax."""
        return self.unit.gross

    @property
    def shown(self) -> int:
        """What this visitor sees: net or gross."""
        return self.unit.shown(self.is_net)

    @property
    def includes_tax(self) -> bool:
        """Whether there is tax in what this visitor sees."""
        return not self.is_net and self.tax_percent > 0

    @cached_property
    def scale(self) -> tuple[tuple[int, int], ...]:
        """(From so many pieces, shown amount) for each quantity at which the price of a piece changes; the first
        is the lowest quantity that has a price."""
        steps: list[tuple[int, int]] = []
        valid, offers, tax = self.terms
        for quantity in sorted({entry.quantity_from for entry in valid}):
            best = min(_bids(valid, quantity, offers, tax), default=None)
            if best is not None:
                shown = split_by(best.amount, tax, best.is_net).shown(self.is_net)
                if not steps or shown != steps[-1][1]:
                    steps.append((quantity, shown))
        return tuple(steps)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One entry of a price list and why it won or lost; `unit` is None where it has no price at all."""

    price_list: PriceListHeader
    entry: PriceEntry
    unit: NetTaxGross | None
    verdict: Verdict

    @property
    def why(self) -> str:
        """Why it won or lost, for staff, in the language of the current request."""
        return verdict_sentence(self)


@dataclass(frozen=True, slots=True)
class Explanation:
    """A price with everything that was weighed for it: the winner first, then the rest by price."""

    price: Price | None
    candidates: tuple[Candidate, ...]

    @property
    def sentence(self) -> str:
        """The answer to "Why this price?" for the buyer, in the language of the current request; "" without."""
        return price_sentence(self.price) if self.price is not None else ""


class _Terms(NamedTuple):
    """What the prices of a product for all quantities depend on. `tax` is in hundredths of a percent."""

    valid: list[PriceEntry]
    offers: Offers
    tax: int


class _Bid(NamedTuple):
    """What an entry asks for. The lowest wins: of the price first, then of what comes next in order."""

    # Ten thousand times the gross amount, which is exact: percentages have at most two decimals.
    exact: int
    behind_priority: int
    list_id: str
    quantity_from: int
    entry_id: UUID
    amount: int
    is_net: bool
    entry: PriceEntry


def price(
    product: PricedProduct, quantity: int, offers: Offers, audience: Audience, at: datetime
) -> Price | None:
    """The price of one piece when so many are bought at that moment; None where the product has no price."""
    percent = offers.tax_rates.percent(audience.country, product.tax_class, audience.home_country)
    tax = hundredths(percent)
    valid = [
        entry
        for entry in offers.entries.get(product.id, ())
        if _objection(entry, offers, audience, at) is None
    ]
    best = min(_bids(valid, quantity, offers, tax), default=None)
    if best is None:
        return None
    entry, price_list = best.entry, offers.lists[best.list_id]
    return Price(
        unit=split_by(best.amount, tax, best.is_net),
        is_net=audience.is_net,
        currency=price_list.currency,
        tax_percent=percent,
        list_id=price_list.id,
        list_name=price_list.name,
        is_for_everyone=price_list.id in offers.for_everyone,
        quantity_from=entry.quantity_from,
        percent_off=entry.percent_off,
        valid_to=_earlier(entry.valid_to, price_list.valid_to),
        terms=_Terms(valid, offers, tax),
    )


def explain(
    product: PricedProduct, quantity: int, offers: Offers, audience: Audience, at: datetime
) -> Explanation:
    """The price with all candidates and why each won or lost.

    With `offers_for` these are the buyer's own; with `all_offers_for` all there are, for staff only.
    """
    tax = hundredths(offers.tax_rates.percent(audience.country, product.tax_class, audience.home_country))
    entries = offers.entries.get(product.id, ())
    objections = {entry.id: _objection(entry, offers, audience, at) for entry in entries}
    valid = [entry for entry in entries if objections[entry.id] is None]
    bids = {bid.entry_id: bid for bid in _bids(valid, quantity, offers, tax)}
    best = min(bids.values(), default=None)
    candidates = []
    for entry in entries:
        bid = bids.get(entry.id)
        header = offers.lists[entry.price_list]
        if bid is not None and best is not None:
            unit = split_by(bid.amount, tax, bid.is_net)
            candidates.append(Candidate(header, entry, unit, _verdict(bid, best)))
            continue
        fixed = split_by(entry.amount, tax, header.is_net) if entry.amount is not None else None
        verdict = objections[entry.id] or (
            Verdict.TOO_FEW if entry.quantity_from > quantity else Verdict.NOTHING_TO_TAKE_OFF
        )
        candidates.append(Candidate(header, entry, fixed, verdict))
    candidates.sort(key=lambda one: _place(one, bids))
    return Explanation(price(product, quantity, offers, audience, at), tuple(candidates))


def _objection(entry: PriceEntry, offers: Offers, audience: Audience, at: datetime) -> Verdict | None:
    """Why an entry cannot count now, whatever the quantity; None if it can."""
    header = offers.lists[entry.price_list]
    if not header.is_active:
        return Verdict.SWITCHED_OFF
    if header.currency != audience.currency:
        return Verdict.OTHER_CURRENCY
    if header.id not in offers.meant:
        return Verdict.NOT_MEANT
    for one in (header, entry):
        if one.valid_from is not None and at < one.valid_from:
            return Verdict.NOT_YET
        if one.valid_to is not None and at >= one.valid_to:
            return Verdict.NO_LONGER
    return None


def _bids(valid: Iterable[PriceEntry], quantity: int, offers: Offers, tax: int) -> list[_Bid]:
    """What the valid entries ask for this quantity; percentages are taken off the price for everyone."""
    lists = offers.lists
    bids: list[_Bid] = []
    percentages: list[tuple[PriceEntry, Decimal]] = []
    for entry in valid:
        if entry.quantity_from > quantity:
            continue
        if entry.amount is not None:
            header = lists[entry.price_list]
            bids.append(_bid(entry, header, entry.amount, header.is_net, tax))
        elif entry.percent_off is not None:
            percentages.append((entry, entry.percent_off))
    if percentages:
        # "The price for everyone" is the best fixed one of the lists that everyone is meant by.
        base = min((bid for bid in bids if bid.list_id in offers.for_everyone), default=None)
        if base is not None:
            for entry, off in percentages:
                amount = rounded_ratio(base.amount * (10_000 - hundredths(off)), 10_000)
                bids.append(_bid(entry, lists[entry.price_list], amount, base.is_net, tax))
    return bids


def _bid(entry: PriceEntry, header: PriceListHeader, amount: int, is_net: bool, tax: int) -> _Bid:
    exact = amount * (10_000 + tax if is_net else 10_000)
    return _Bid(exact, -header.priority, header.id, entry.quantity_from, entry.id, amount, is_net, entry)


def _verdict(bid: _Bid, best: _Bid) -> Verdict:
    if bid is best:
        return Verdict.WON
    if bid.exact > best.exact:
        return Verdict.DEARER
    is_behind = bid.behind_priority > best.behind_priority
    return Verdict.LOWER_PRIORITY if is_behind else Verdict.LATER_IN_ORDER


def _place(candidate: Candidate, bids: dict[UUID, _Bid]) -> tuple[bool, tuple[int, int, str, int, UUID]]:
    bid = bids.get(candidate.entry.id)
    if bid is not None:
        return False, bid[:5]
    header, entry = candidate.price_list, candidate.entry
    return True, (0, -header.priority, header.id, entry.quantity_from, entry.id)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return min(one, other)
