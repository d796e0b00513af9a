"""The price function against the slow reference, on thousands of random cases (issue 3, point 4)."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import given, settings

from app.prices.offers import PriceEntry
from app.prices.price import explain, price
from app.prices.verdict import Verdict
from tests.prices.cases import PRODUCT_ID, Case, Ware, cases
from tests.prices.reference import is_valid, reference_price

# Each case is asked for many quantities and both ways of showing, so that these are tens of thousands of prices.
MANY = settings(max_examples=600, deadline=None, database=None)
SOME = settings(max_examples=200, deadline=None, database=None)
QUANTITIES = range(14)


def entries_of(case: Case) -> tuple[PriceEntry, ...]:
    return case.offers.entries[PRODUCT_ID]


@MANY
@given(cases())
def test_the_price_is_that_of_the_reference(case: Case) -> None:
    percent = Fraction(case.percent)
    for quantity in QUANTITIES:
        expected = reference_price(entries_of(case), quantity, case.offers, "EUR", percent, case.at)
        for is_net in (True, False):
            seen_by = replace(case.audience, is_net=is_net)
            found = price(Ware(), quantity, case.offers, seen_by, case.at)
            if found is None:
                assert expected is None
                continue
            # The same whether net or gross is shown: that never decides which list wins.
            assert (found.list_id, found.quantity_from, found.net, found.gross) == expected
            assert found.shown == (found.net if is_net else found.gross)
            assert found.unit.net + found.unit.tax == found.unit.gross
            assert (found.currency, found.tax_percent) == ("EUR", case.percent)
            assert found.is_for_everyone == (found.list_id in case.offers.for_everyone)


@SOME
@given(cases())
def test_the_scale_says_the_price_of_every_quantity(case: Case) -> None:
    prices = {
        quantity: price(Ware(), quantity, case.offers, case.audience, case.at) for quantity in range(1, 15)
    }
    for one in prices.values():
        if one is None:
            continue
        for quantity, other in prices.items():
            steps = [shown for start, shown in one.scale if start <= quantity]
            assert (other.shown if other is not None else None) == (steps[-1] if steps else None)


@SOME
@given(cases())
def test_more_pieces_never_cost_more_each(case: Case) -> None:
    # With lists for everyone of one kind only: net beside gross ones may differ by the rounding of one cent.
    if len({case.offers.lists[one].is_net for one in case.offers.for_everyone}) > 1:
        return
    shown = [price(Ware(), quantity, case.offers, case.audience, case.at) for quantity in range(1, 15)]
    known = [one.shown for one in shown if one is not None]
    assert known == sorted(known, reverse=True)
    assert None not in shown[len(shown) - len(known) :]


@MANY
@given(cases())
def test_the_explanation_tells_of_every_entry_why_it_won_or_lost(case: Case) -> None:
    told = explain(Ware(), case.quantity, case.offers, case.audience, case.at)
    found = price(Ware(), case.quantity, case.offers, case.audience, case.at)
    assert told.price == found
    assert sorted(one.entry.id for one in told.candidates) == sorted(one.id for one in entries_of(case))
    winners = [one for one in told.candidates if one.verdict is Verdict.WON]
    assert len(winners) == (found is not None)
    if found is not None:
        assert told.candidates[0] is winners[0]
        assert (winners[0].price_list.id, winners[0].unit) == (found.list_id, found.unit)
    compared = {Verdict.WON, Verdict.DEARER, Verdict.LOWER_PRIORITY, Verdict.LATER_IN_ORDER}
    for one in told.candidates:
        assert one.why
        valid = is_valid(one.entry, case.offers, "EUR", case.at)
        assert valid == (one.verdict in compared | {Verdict.TOO_FEW, Verdict.NOTHING_TO_TAKE_OFF})
        if valid:
            assert (one.verdict is Verdict.TOO_FEW) == (one.entry.quantity_from > case.quantity)
        if one.verdict in compared and found is not None and one.unit is not None:
            # Whole cents of two kinds of lists can look like the contrary by one.
            assert one.unit.gross >= found.unit.gross - 1
