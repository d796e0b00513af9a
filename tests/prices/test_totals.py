"""Totals and tax: everything adds up to the cent, in net and in gross (domain.md 8)."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.money import CurrenciesDiffer, Money, allocated, rounded
from app.prices.tax import NOTHING, NetTaxGross, split
from app.prices.totals import Shipping, SoldLine, TaxOfRate, totals
from tests.prices.cases import PERCENTS
from tests.prices.reference import half_up, net_and_gross

MANY = settings(max_examples=400, deadline=None, database=None)
percents = st.sampled_from(PERCENTS)


@st.composite
def sold_lines(draw: st.DrawFn) -> SoldLine:
    line = SoldLine(
        unit=draw(st.integers(0, 100_000)), quantity=draw(st.integers(1, 200)), tax_percent=draw(percents)
    )
    off = draw(st.one_of(st.just(0), st.integers(0, line.amount)))
    return SoldLine(unit=line.unit, quantity=line.quantity, tax_percent=line.tax_percent, discount=off)


@st.composite
def sales(draw: st.DrawFn) -> tuple[list[SoldLine], int, Shipping | None]:
    lines = draw(st.lists(sold_lines(), max_size=8))
    remaining = sum(line.amount - line.discount for line in lines)
    order_discount = draw(st.one_of(st.just(0), st.integers(0, remaining)))
    amount = draw(st.integers(0, 5000))
    shipping = Shipping(
        amount=amount, tax_percent=draw(percents), discount=draw(st.sampled_from([0, amount]))
    )
    return lines, order_discount, draw(st.one_of(st.none(), st.just(shipping)))


@MANY
@given(sales(), st.booleans())
def test_parts_add_up_to_the_total_in_both_views(
    sale: tuple[list[SoldLine], int, Shipping | None], charged_net: bool
) -> None:
    lines, order_discount, shipping = sale
    found = totals(lines, charged_net=charged_net, order_discount=order_discount, shipping=shipping)
    of_lines = sum((line.discount for line in found.lines), NOTHING)
    for is_net in (True, False):
        assert sum(line.amount.shown(is_net) for line in found.lines) == found.items.shown(is_net)
        assert found.items.shown(is_net) - found.discount.shown(is_net) + found.shipping.shown(is_net) == (
            found.total.shown(is_net)
        )
    assert found.total.net + found.total.tax == found.total.gross
    assert sum(one.net for one in found.taxes) == found.total.net
    assert sum(one.tax for one in found.taxes) == found.total.tax
    # On the side that is charged nothing is rounded at all.
    assert [line.amount.shown(charged_net) for line in found.lines] == [line.amount for line in lines]
    sent = (shipping.amount, shipping.discount) if shipping is not None else (0, 0)
    assert found.shipping.shown(charged_net) == sent[0]
    asked = sum(line.discount for line in lines) + order_discount
    assert of_lines.shown(charged_net) == asked
    assert found.discount.shown(charged_net) == asked + sent[1]


@MANY
@given(sales(), st.booleans())
def test_the_tax_of_a_rate_is_that_of_its_whole_amount(
    sale: tuple[list[SoldLine], int, Shipping | None], charged_net: bool
) -> None:
    lines, order_discount, shipping = sale
    found = totals(lines, charged_net=charged_net, order_discount=order_discount, shipping=shipping)
    for one in found.taxes:
        amount = one.net if charged_net else one.net + one.tax
        net, gross = net_and_gross(amount, Fraction(one.percent), charged_net)
        assert (one.net, one.net + one.tax) == (net, gross)
    for line, given_line in zip(found.lines, lines, strict=True):
        # What a line is on the other side is never more than a cent away from what it would be alone.
        alone = split(given_line.amount, given_line.tax_percent, charged_net)
        assert abs(line.amount.tax - alone.tax) <= 1


def test_so_many_pieces_cost_so_many_times_the_shown_price() -> None:
    lines = [
        SoldLine(unit=2284, quantity=10, tax_percent=Decimal(7)),
        SoldLine(unit=999, quantity=3, tax_percent=Decimal(19)),
    ]
    found = totals(lines, charged_net=False, shipping=Shipping(amount=490, tax_percent=Decimal(19)))
    assert [line.amount.gross for line in found.lines] == [22840, 2997]
    assert found.total.gross == 22840 + 2997 + 490
    assert found.taxes == (
        TaxOfRate(percent=Decimal(19), net=2930, tax=557),
        TaxOfRate(percent=Decimal(7), net=21346, tax=1494),
    )


def test_a_discount_off_the_order_is_shared_out_so_that_each_rate_is_taxed_on_what_is_paid() -> None:
    lines = [
        SoldLine(unit=10000, quantity=1, tax_percent=Decimal(19)),
        SoldLine(unit=5000, quantity=1, tax_percent=Decimal(7), discount=2000),
    ]
    found = totals(lines, charged_net=True, order_discount=1300)
    assert [line.discount.net for line in found.lines] == [1000, 2300]
    assert found.taxes == (
        TaxOfRate(percent=Decimal(19), net=9000, tax=1710),
        TaxOfRate(percent=Decimal(7), net=2700, tax=189),
    )
    assert found.total == NetTaxGross(11700, 1899, 13599)


def test_nothing_comes_to_nothing() -> None:
    found = totals([], charged_net=True)
    assert (found.total, found.taxes, found.lines) == (NOTHING, (), ())


@pytest.mark.parametrize(
    ("line_discount", "order_discount", "shipping_discount"),
    [(101, 0, 0), (0, 101, 0), (60, 41, 0), (0, 0, 51)],
)
def test_a_discount_is_never_larger_than_what_it_is_taken_off(
    line_discount: int, order_discount: int, shipping_discount: int
) -> None:
    line = SoldLine(unit=100, quantity=1, tax_percent=Decimal(19), discount=line_discount)
    shipping = Shipping(amount=50, tax_percent=Decimal(19), discount=shipping_discount)
    with pytest.raises(ValueError, match="larger than"):
        totals([line], charged_net=True, order_discount=order_discount, shipping=shipping)


@MANY
@given(st.integers(-(10**15), 10**15), percents, st.booleans())
def test_net_tax_and_gross_are_those_of_the_reference(amount: int, percent: Decimal, is_net: bool) -> None:
    found = split(amount, percent, is_net)
    assert (found.net, found.gross) == net_and_gross(amount, Fraction(percent), is_net)
    assert found.net + found.tax == found.gross


@MANY
@given(st.integers(0, 10**15), percents)
def test_net_to_gross_and_back_is_the_same_net(net: int, percent: Decimal) -> None:
    assert split(split(net, percent, True).gross, percent, False).net == net


@MANY
@given(st.integers(-(10**12), 10**12), st.integers(1, 10_000))
def test_a_half_is_rounded_away_from_zero(number: int, divisor: int) -> None:
    assert rounded(Decimal(number) / divisor) == half_up(Fraction(number, divisor))


@MANY
@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), max_size=12))
def test_shares_make_the_whole_and_are_in_proportion(amount: int, weights: list[int]) -> None:
    shares = allocated(amount, weights)
    assert len(shares) == len(weights)
    if weights:
        assert sum(shares) == amount
    if sum(weights):
        for share, weight in zip(shares, weights, strict=True):
            assert abs(share - Fraction(amount) * weight / sum(weights)) <= 1
            assert share >= 0
            if amount <= sum(weights):
                assert share <= weight


def test_money_knows_its_currency() -> None:
    five, seven = Money(500, "EUR"), Money(700, "EUR")
    assert five + seven == Money(1200, "EUR")
    assert seven - five == Money(200, "EUR")
    assert 3 * five == five * 3 == Money(1500, "EUR")
    assert -five == Money(-500, "EUR")
    assert five < seven <= seven
    assert max(five, seven) == seven
    for wrong in (lambda: five + Money(1, "CHF"), lambda: five < Money(1, "CHF")):
        with pytest.raises(CurrenciesDiffer):
            wrong()
