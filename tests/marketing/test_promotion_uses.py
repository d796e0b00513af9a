"""Limits of promotions: never passed, whatever runs at the same time (domain.md 8)."""

import asyncio
import uuid
from typing import Any

import pytest

from app.errors import Conflict
from app.marketing.edit_promotions import (
    CodeTaken,
    PromotionDraft,
    PromotionExists,
    change_promotion,
    create_promotion,
    delete_promotion,
)
from app.marketing.promotion_uses import (
    PromotionUsedUp,
    give_back_promotions,
    use_promotions,
    used_up_by,
)
from app.marketing.promotions import AppliedPromotion, HeldPromotion, PromotionTarget, promotions_held
from app.segments.implicit import EVERYONE
from app.versions import Subject, version_of
from tables.engine import DB

pytestmark = pytest.mark.usefixtures("database")
EMPTY: dict[str, Any] = {"names": {"en": "Ten off"}, "applies_to": PromotionTarget.ORDER}


def draft(**changes: Any) -> PromotionDraft:
    return PromotionDraft(
        **{**EMPTY, "amount_off": 1000, "code": "TEN", "segments": frozenset({EVERYONE.id}), **changes}
    )


async def versions() -> dict[str, int]:
    return {
        **await version_of(Subject.PROMOTIONS),
        **await version_of(Subject.TARGETS),
        **await version_of(Subject.CATALOG),
    }


async def held(promotion_id: str = "ten") -> HeldPromotion:
    return next(one for one in await promotions_held(await versions()) if one.id == promotion_id)


async def use(one: HeldPromotion, used_by: str = "ines@example.com", order: str = "1") -> None:
    async with DB.transaction():
        await use_promotions([AppliedPromotion(one, 1000)], used_by, order)


async def test_a_code_with_limit_one_used_by_twenty_at_once_is_used_once() -> None:
    await create_promotion("ten", draft(limit_total=1))
    one = await held()

    async def buy(number: int) -> bool:
        try:
            await use(one, f"{number}@example.com", str(number))
        except PromotionUsedUp:
            return False
        return True

    assert sum(await asyncio.gather(*(buy(number) for number in range(20)))) == 1
    assert await DB.fetch_value("SELECT used FROM promotions") == 1
    assert await DB.fetch_value("SELECT count(*) FROM promotion_uses") == 1
    assert (await held()).is_used_up, "every worker is told once the limit is reached"


async def test_a_customer_who_orders_twice_at_once_uses_a_code_once() -> None:
    await create_promotion("ten", draft(limit_per_customer=1))
    one = await held()
    done = await asyncio.gather(*(use(one, order=str(n)) for n in range(6)), return_exceptions=True)
    assert sum(result is None for result in done) == 1
    assert {type(result) for result in done if result is not None} == {PromotionUsedUp}
    assert await used_up_by("ines@example.com", "ten", [one]) == {"ten"}
    assert await used_up_by("other@example.com", "ten", [one]) == frozenset()
    await use(one, "other@example.com")


async def test_a_promotion_without_limits_is_used_any_number_of_times() -> None:
    await create_promotion("ten", draft())
    one = await held()
    await asyncio.gather(*(use(one, order=str(n)) for n in range(10)))
    assert await DB.fetch_value("SELECT count(*) FROM promotion_uses") == 10


async def test_a_cancelled_order_gives_its_use_back() -> None:
    await create_promotion("ten", draft(limit_total=1, limit_per_customer=1))
    await use(await held(), order="A-1")
    with pytest.raises(PromotionUsedUp):
        await use(await held(), "other@example.com", "A-2")
    async with DB.transaction():
        await give_back_promotions("A-1")
    assert not (await held()).is_used_up
    await use(await held(), order="A-3")


async def test_an_order_that_fails_uses_nothing() -> None:
    await create_promotion("ten", draft(limit_total=1))
    one = await held()

    async def fail() -> None:
        async with DB.transaction():
            await use_promotions([AppliedPromotion(one, 1000)], "x", "1")
            raise RuntimeError("no stock")

    with pytest.raises(RuntimeError):
        await fail()
    await use(one)


async def test_a_promotion_that_was_switched_off_meanwhile_cannot_be_used() -> None:
    await create_promotion("ten", draft())
    one = await held()
    await change_promotion("ten", draft(is_active=False), version=1)
    with pytest.raises(PromotionUsedUp):
        await use(one)
    assert await promotions_held(await versions()) == ()


async def test_a_limit_that_is_set_later_counts_what_was_used_before() -> None:
    await create_promotion("ten", draft())
    for number in range(3):
        await use(await held(), order=str(number))
    await change_promotion("ten", draft(limit_total=2), version=1)
    assert await DB.fetch_value("SELECT used = 3 AND limit_total = 3 FROM promotions")
    with pytest.raises(PromotionUsedUp):
        await use(await held(), order="4")


async def test_a_code_belongs_to_one_promotion_and_an_id_as_well() -> None:
    await create_promotion("ten", draft())
    with pytest.raises(CodeTaken):
        await create_promotion("other", draft(code=" t e n"))
    with pytest.raises(PromotionExists):
        await create_promotion("ten", draft(code="NEW"))
    with pytest.raises(Conflict):
        await change_promotion("ten", draft(), version=7)
    assert await DB.fetch_value("SELECT count(*) FROM promotions") == 1


async def test_a_deleted_promotion_takes_its_target_group_along() -> None:
    await create_promotion("ten", draft())
    assert await delete_promotion("ten")
    assert not await delete_promotion("ten")
    assert await DB.fetch_value("SELECT count(*) FROM targets") == 0
    actions = sorted(row["action"] for row in await DB.fetch("SELECT action FROM audit_entries"))
    assert actions == ["promotion created", "promotion deleted", *2 * ["target group changed"]]


async def test_a_promotion_of_a_category_holds_for_all_below_it() -> None:
    above, below = uuid.uuid4(), uuid.uuid4()
    await DB.execute("INSERT INTO categories (id, slug, parent) VALUES ($1, 'a', NULL)", above)
    await DB.execute("INSERT INTO categories (id, slug, parent) VALUES ($1, 'b', $2)", below, above)
    await DB.execute("INSERT INTO data_versions (subject, number) VALUES ('catalog', 1)")
    await create_promotion("ten", draft(applies_to=PromotionTarget.ITEM, category=above))
    assert (await held()).categories == {above, below}
