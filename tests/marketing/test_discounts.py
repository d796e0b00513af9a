"""What promotions take off: the pure function (domain.md 8)."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.marketing.promotions import CodeProblem, Discounts, HeldPromotion, PromotionTarget, discounts
from app.segments.targets import Targets
from tests.marketing.promotion_cast import AUDIENCE, Line, promotion

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ITEM, ORDER, SHIPPING = PromotionTarget.ITEM, PromotionTarget.ORDER, PromotionTarget.SHIPPING


def off(
    lines: list[Line], promotions: list[HeldPromotion], code: str = "", shipping: int = 590, **more: Any
) -> Discounts:
    return discounts(lines, shipping, code, promotions, AUDIENCE, NOW, **more)


def test_without_promotions_nothing_is_taken_off() -> None:
    found = off([Line(1000)], [])
    assert found.total == 0
    assert found.of_lines == (0,)
    assert found.code_problem is None


def test_a_percentage_is_taken_off_the_order_and_shared_out_to_the_cent() -> None:
    found = off([Line(1000), Line(1001), Line(1002)], [promotion()])
    assert sum(found.of_lines) == 300
    assert all(99 <= one <= 101 for one in found.of_lines)
    assert [one.amount for one in found.applied] == [300]


def test_an_amount_off_the_order_is_never_more_than_the_order() -> None:
    found = off([Line(300), Line(0)], [promotion(percent=None, amount_off=500)])
    assert found.of_lines == (300, 0)


def test_an_amount_off_an_item_is_taken_off_each_piece() -> None:
    found = off([Line(1000, quantity=4)], [promotion(percent=None, amount_off=50, applies_to=ITEM)])
    assert found.of_items == (200,)


def test_an_item_promotion_holds_for_its_product_or_categories_only() -> None:
    one, other, category = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    lines = [Line(1000, product_id=one), Line(1000, product_id=other, category_id=category)]
    assert off(lines, [promotion(applies_to=ITEM, product=one)]).of_lines == (100, 0)
    assert off(lines, [promotion(applies_to=ITEM, categories=frozenset({category}))]).of_lines == (0, 100)


def test_of_each_kind_the_best_counts_and_none_is_added_to_another() -> None:
    found = off([Line(1000)], [promotion("a"), promotion("b", "30"), promotion("c", "20")])
    assert [(one.promotion.id, one.amount) for one in found.applied] == [("b", 300)]


def test_an_order_promotion_counts_on_what_item_promotions_leave() -> None:
    found = off([Line(1000)], [promotion("a", "50", applies_to=ITEM), promotion("b", "10")])
    assert (found.of_items, found.of_order, found.total) == ((500,), (50,), 550)


def test_shipping_can_be_free() -> None:
    found = off([Line(1000)], [promotion(percent="100", applies_to=SHIPPING)])
    assert (found.of_shipping, found.of_lines) == (590, (0,))


def test_a_promotion_with_a_code_is_only_for_those_who_enter_it() -> None:
    one = promotion(code="Summer 26")
    assert off([Line(1000)], [one]).total == 0
    assert off([Line(1000)], [one], "summer26").total == 100
    assert off([Line(1000)], [one], "  SUMMER 26 ").total == 100
    assert off([Line(1000)], [one], "winter").code_problem is CodeProblem.UNKNOWN


def test_of_two_equal_promotions_the_entered_code_counts() -> None:
    found = off([Line(1000)], [promotion("a"), promotion("b", code="ten")], "TEN")
    assert [one.promotion.id for one in found.applied] == ["b"]
    assert found.code_problem is None


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"valid_from": NOW + timedelta(seconds=1)}, CodeProblem.NOT_YET),
        ({"valid_to": NOW}, CodeProblem.NO_LONGER),
        ({"is_used_up": True}, CodeProblem.USED_UP),
        ({"minimum_order": 1001}, CodeProblem.ORDER_TOO_SMALL),
        ({"targets": Targets(segments=frozenset({"GOLD"}))}, CodeProblem.UNKNOWN),
        ({"targets": Targets()}, CodeProblem.UNKNOWN),
        ({"currency": "USD"}, CodeProblem.UNKNOWN),
        ({"applies_to": ITEM, "product": uuid.uuid4()}, CodeProblem.NOTHING_FITS),
        ({"valid_from": NOW}, None),
        ({"valid_to": NOW + timedelta(microseconds=1)}, None),
        ({"minimum_order": 1000}, None),
    ],
)
def test_a_code_that_takes_nothing_off_says_why(changes: dict[str, Any], problem: CodeProblem | None) -> None:
    found = off([Line(1000)], [promotion(code="X", **changes)], "x")
    assert found.code_problem is problem
    assert found.total == (100 if problem is None else 0)


def test_a_code_used_up_by_the_customer_and_a_better_promotion_are_told() -> None:
    coded = promotion("coded", code="X")
    assert off([Line(1000)], [coded], "x", used_up={"coded"}).code_problem is CodeProblem.USED_UP_BY_CUSTOMER
    assert off([Line(1000)], [coded, promotion("b", "20")], "x").code_problem is CodeProblem.SOMETHING_BETTER


amounts = st.integers(min_value=0, max_value=10**9)
promotions = st.builds(
    lambda n, percent, amount, kind, code: promotion(
        f"p{n}", str(percent) if amount is None else None, code, amount_off=amount, applies_to=kind
    ),
    st.integers(0, 30),
    st.decimals(min_value=0, max_value=100, places=2),
    st.none() | amounts,
    st.sampled_from(PromotionTarget),
    st.sampled_from(["", "X"]),
)


@given(
    st.lists(st.builds(Line, amounts, st.integers(1, 1000)), max_size=6),
    st.lists(promotions, max_size=6),
    amounts,
)
def test_nothing_is_ever_paid_out_and_all_parts_add_up(
    lines: list[Line], some: list[HeldPromotion], shipping: int
) -> None:
    found = off(lines, some, "x", shipping)
    assert all(0 <= taken <= line.amount for taken, line in zip(found.of_lines, lines, strict=True)), (
        "no line costs less than nothing"
    )
    assert 0 <= found.of_shipping <= shipping
    assert sum(one.amount for one in found.applied) == found.total
    assert found == off(lines, list(reversed(some)), "x", shipping) or len({p.id for p in some}) < len(some)
