"""The price: one function decides every price that is shown or charged anywhere (domain.md 8).

The best valid price for the quantity wins. Net and gross lists are compared exactly, before any rounding, so
that the way in which prices are shown never decides which list wins. Of equal prices the list of the higher
priority wins, then the list whose id comes first.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from app.money import rounded
from app.prices.offers import Offers, PriceEntry, PriceListHeader, all_offers_for, offers_for
from app.prices.tax import NetTaxGross, split
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
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
    # (from so many pieces, shown amount) for each quantity at which the price of a piece changes; the first is
    # the lowest quantity that has a price.
    scale: tuple[tuple[int, int], ...]

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


@dataclass(frozen=True, slots=True)
class _Bid:
    """An entry with its amount in minor units, and its place among others: the lowest rank wins."""

    rank: tuple[int, int, str, int, UUID]
    entry: PriceEntry
    price_list: PriceListHeader
    amount: int
    is_net: bool


def price(
    product: PricedProduct, quantity: int, offers: Offers, audience: Audience, at: datetime
) -> Price | None:
    """The price of one piece when so many are bought at that moment; None where the product has no price."""
    percent = offers.tax_rates.percent(audience.country, product.tax_class)
    valid = [
        entry
        for entry in offers.entries.get(product.id, ())
        if _objection(entry, offers, audience, at) is None
    ]
    best = min(_bids(valid, quantity, offers, percent), key=_rank, default=None)
    if best is None:
        return None
    entry, price_list = best.entry, best.price_list
    return Price(
        unit=split(best.amount, percent, best.is_net),
        is_net=audience.is_net,
        currency=price_list.currency,
        tax_percent=percent,
        list_id=price_list.id,
        list_name=price_list.name,
        is_for_everyone=price_list.id in offers.for_everyone,
        quantity_from=entry.quantity_from,
        percent_off=entry.percent_off,
        valid_to=_earlier(entry.valid_to, price_list.valid_to),
        scale=_scale(valid, offers, percent, audience.is_net),
    )


def explain(
    product: PricedProduct, quantity: int, offers: Offers, audience: Audience, at: datetime
) -> Explanation:
    """The price with all candidates and why each won or lost.

    With `offers_for` these are the buyer's own; with `all_offers_for` all there are, for staff only.
    """
    percent = offers.tax_rates.percent(audience.country, product.tax_class)
    entries = offers.entries.get(product.id, ())
    objections = {entry.id: _objection(entry, offers, audience, at) for entry in entries}
    valid = [entry for entry in entries if objections[entry.id] is None]
    bids = {bid.entry.id: bid for bid in _bids(valid, quantity, offers, percent)}
    best = min(bids.values(), key=_rank, default=None)
    candidates = []
    for entry in entries:
        bid = bids.get(entry.id)
        header = offers.lists[entry.price_list]
        if bid is not None and best is not None:
            candidates.append(
                Candidate(header, entry, split(bid.amount, percent, bid.is_net), _lost(bid, best))
            )
            continue
        fixed = split(entry.amount, percent, header.is_net) if entry.amount is not None else None
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


def _bids(valid: Iterable[PriceEntry], quantity: int, offers: Offers, percent: Decimal) -> list[_Bid]:
    """What the valid entries ask for this quantity; percentages are taken off the price for everyone."""
    reached = [entry for entry in valid if entry.quantity_from <= quantity]
    bids = [
        _bid(
            entry,
            offers.lists[entry.price_list],
            entry.amount,
            offers.lists[entry.price_list].is_net,
            percent,
        )
        for entry in reached
        if entry.amount is not None
    ]
    # "The price for everyone" is the best fixed one of the lists that everyone is meant by.
    base = min((bid for bid in bids if bid.price_list.id in offers.for_everyone), key=_rank, default=None)
    if base is not None:
        bids += [
            _bid(
                entry,
                offers.lists[entry.price_list],
                rounded(base.amount * (100 - entry.percent_off) / 100),
                base.is_net,
                percent,
            )
            for entry in reached
            if entry.percent_off is not None
        ]
    return bids


def _bid(entry: PriceEntry, header: PriceListHeader, amount: int, is_net: bool, percent: Decimal) -> _Bid:
    # Ten thousand times the gross amount, exactly: percentages have at most two decimals.
    exact = amount * (10_000 + int(percent * 100)) if is_net else amount * 10_000
    rank = (exact, -header.priority, header.id, entry.quantity_from, entry.id)
    return _Bid(rank, entry, header, amount, is_net)


def _rank(bid: _Bid) -> tuple[int, int, str, int, UUID]:
    return bid.rank


def _scale(
    valid: list[PriceEntry], offers: Offers, percent: Decimal, is_net: bool
) -> tuple[tuple[int, int], ...]:
    steps: list[tuple[int, int]] = []
    for quantity in sorted({entry.quantity_from for entry in valid}):
        best = min(_bids(valid, quantity, offers, percent), key=_rank, default=None)
        if best is not None:
            shown = split(best.amount, percent, best.is_net).shown(is_net)
            if not steps or shown != steps[-1][1]:
                steps.append((quantity, shown))
    return tuple(steps)


def _lost(bid: _Bid, best: _Bid) -> Verdict:
    if bid is best:
        return Verdict.WON
    if bid.rank[0] > best.rank[0]:
        return Verdict.DEARER
    return Verdict.LOWER_PRIORITY if bid.rank[1] > best.rank[1] else Verdict.LATER_IN_ORDER


def _place(candidate: Candidate, bids: dict[UUID, _Bid]) -> tuple[bool, tuple[int, int, str, int, UUID]]:
    bid = bids.get(candidate.entry.id)
    if bid is not None:
        return False, bid.rank
    header, entry = candidate.price_list, candidate.entry
    return True, (0, -header.priority, header.id, entry.quantity_from, entry.id)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return min(one, other)
