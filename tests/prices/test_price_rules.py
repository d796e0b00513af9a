"""The rules of prices one by one, and what is said of them (domain.md 8)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from app.languages import current_language
from app.prices.offers import Offers
from app.prices.price import Price, explain, price
from app.prices.verdict import Verdict
from tests.prices.cases import START, Ware, audience, entry, header, offers_of

NOON = START + timedelta(hours=12)


def asked(
    offers: Offers,
    quantity: int = 1,
    *,
    at: datetime = NOON,
    is_net: bool = True,
    tax_class: str = "standard",
) -> Price | None:
    return price(Ware(tax_class=tax_class), quantity, offers, audience(is_net=is_net), at)


def won(offers: Offers, quantity: int = 1, **more: object) -> tuple[str, int] | None:
    found = asked(offers, quantity, **more)  # type: ignore[arg-type]
    return (found.list_id, found.shown) if found is not None else None


def test_the_best_price_wins_whatever_the_priority() -> None:
    lists = [header("A"), header("B", priority=9)]
    assert won(offers_of(lists, [entry("A", 900), entry("B", 1000)])) == ("A", 900)


def test_of_equal_prices_the_higher_priority_wins_then_the_lower_id() -> None:
    lists = [header("A"), header("B", priority=1), header("C", priority=1)]
    entries = [entry("C", 900), entry("B", 900), entry("A", 900)]
    assert won(offers_of(lists, entries)) == ("B", 900)
    told = explain(Ware(), 1, offers_of(lists, entries), audience(), NOON)
    assert [(one.price_list.id, one.verdict) for one in told.candidates] == [
        ("B", Verdict.WON),
        ("C", Verdict.LATER_IN_ORDER),
        ("A", Verdict.LOWER_PRIORITY),
    ]


def test_a_scale_price_holds_from_its_quantity_on() -> None:
    offers = offers_of([header("A")], [entry("A", 1000), entry("A", 900, quantity_from=10)])
    assert [won(offers, quantity) for quantity in (1, 9, 10, 11)] == [
        ("A", 1000),
        ("A", 1000),
        ("A", 900),
        ("A", 900),
    ]
    found = asked(offers, 1)
    assert found is not None
    assert found.scale == ((1, 1000), (10, 900))


def test_a_percentage_is_taken_off_the_price_for_everyone_and_rounded_half_up() -> None:
    lists = [header("A"), header("B")]
    offers = offers_of(lists, [entry("A", 1005), entry("B", percent_off=Decimal(10))])
    # 904.5 cents.
    assert won(offers) == ("B", 905)


def test_a_percentage_is_taken_off_the_scaled_price_for_everyone() -> None:
    offers = offers_of(
        [header("A"), header("B")],
        [entry("A", 1000), entry("A", 800, quantity_from=5), entry("B", percent_off=Decimal(10))],
    )
    assert [won(offers, quantity) for quantity in (4, 5)] == [("B", 900), ("B", 720)]


def test_a_percentage_is_never_taken_off_the_price_of_another_list() -> None:
    lists = [header("A"), header("B"), header("C")]
    offers = offers_of(lists, [entry("A", 1000), entry("B", 500), entry("C", percent_off=Decimal(20))])
    assert won(offers) == ("B", 500)


def test_a_percentage_without_a_price_for_everyone_is_no_price() -> None:
    offers = offers_of([header("B")], [entry("B", percent_off=Decimal(10))], for_everyone=set())
    assert won(offers) is None
    told = explain(Ware(), 1, offers, audience(), NOON)
    assert [one.verdict for one in told.candidates] == [Verdict.NOTHING_TO_TAKE_OFF]
    assert told.sentence == ""


def test_a_list_is_valid_from_its_first_moment_until_just_before_its_last() -> None:
    end = START + timedelta(days=1)
    offers = offers_of([header("A", valid_from=START, valid_to=end)], [entry("A", 1000)])
    moment = timedelta(microseconds=1)
    assert won(offers, at=START - moment) is None
    assert won(offers, at=START) == ("A", 1000)
    assert won(offers, at=end - moment) == ("A", 1000)
    assert won(offers, at=end) is None


def test_an_entry_has_a_validity_of_its_own_and_the_price_says_which_ends_first() -> None:
    end, later = START + timedelta(days=1), START + timedelta(days=2)
    lists = [header("A", valid_to=later)]
    offers = offers_of(lists, [entry("A", 800, valid_to=end), entry("A", 1000, valid_from=end)])
    first, second = asked(offers, at=NOON), asked(offers, at=end)
    assert first is not None
    assert second is not None
    assert (first.shown, first.valid_to, second.shown, second.valid_to) == (800, end, 1000, later)


def test_a_list_that_is_not_meant_switched_off_or_in_another_currency_never_wins() -> None:
    lists = [header("A"), header("B"), header("C", is_active=False), header("D", currency="CHF")]
    entries = [entry("A", 1000), entry("B", 1), entry("C", 2), entry("D", 3)]
    offers = offers_of(lists, entries, meant={"A", "C", "D"})
    assert won(offers) == ("A", 1000)
    told = explain(Ware(), 1, offers, audience(), NOON)
    assert {one.price_list.id: one.verdict for one in told.candidates} == {
        "A": Verdict.WON,
        "B": Verdict.NOT_MEANT,
        "C": Verdict.SWITCHED_OFF,
        "D": Verdict.OTHER_CURRENCY,
    }


def test_net_and_gross_lists_are_compared_exactly() -> None:
    # 10.01 net is 11.9119 gross, which both lists show as 11.91; exactly, the gross list is cheaper.
    lists = [header("A", priority=5), header("B", is_net=False)]
    offers = offers_of(lists, [entry("A", 1001), entry("B", 1191)])
    assert won(offers, is_net=False) == ("B", 1191)
    assert won(offers, is_net=True) == ("B", 1001)


@pytest.mark.parametrize(
    ("tax_class", "gross"), [("standard", 1190), ("reduced", 1070), ("zero", 1000), ("unheard of", 1190)]
)
def test_the_tax_class_of_the_product_decides_the_gross_price(tax_class: str, gross: int) -> None:
    offers = offers_of([header("A")], [entry("A", 1000)])
    assert won(offers, is_net=False, tax_class=tax_class) == ("A", gross)


def test_nothing_is_taxed_in_a_country_without_rates() -> None:
    offers = offers_of([header("A")], [entry("A", 1000)])
    found = price(Ware(), 1, offers, audience(country="BR"), NOON)
    assert found is not None
    assert (found.net, found.gross, found.tax_percent) == (1000, 1000, 0)


def test_a_free_product_has_a_price() -> None:
    assert won(offers_of([header("A")], [entry("A", 0)])) == ("A", 0)


@pytest.mark.parametrize("quantity", [0, -1])
def test_no_pieces_have_no_price(quantity: int) -> None:
    assert won(offers_of([header("A")], [entry("A", 1000)]), quantity) is None


def test_the_sentence_names_list_percentage_quantity_and_last_day() -> None:
    gold = header("B", name="Gold", valid_to=datetime(2027, 1, 1, tzinfo=UTC))
    entries = [entry("A", 1000), entry("B", percent_off=Decimal("12.5"), quantity_from=10)]
    offers = offers_of([header("A", name="For everyone"), gold], entries)
    told = explain(Ware(), 12, offers, audience(), NOON)
    plain = explain(Ware(), 1, offers, audience(), NOON)
    assert plain.sentence == "This price comes from the price list “For everyone”."
    assert told.sentence == (
        "This price comes from the price list “Gold”, 12.5% off the price for everyone, from 10 pieces, "
        "until December 31, 2026."
    )
    before = current_language.set("de")
    try:
        assert told.sentence == (
            "Dieser Preis stammt aus der Preisliste „Gold“, 12,5\xa0% unter dem Preis für alle, ab 10 Stück, "
            "gültig bis 31. Dezember 2026."
        )
        assert all(one.why.endswith(".") for one in told.candidates)
        assert "Another" not in " ".join(one.why for one in told.candidates)
    finally:
        current_language.reset(before)
