"""Using promotions up: a limited one is never used more often than its limit (domain.md 8)."""

import uuid
from collections.abc import Iterable

from app.marketing.promotions import AppliedPromotion, HeldPromotion, canonical_code
from app.versions import Subject, raise_version
from tables.engine import DB
from tables.keys import new_key


class PromotionUsedUp(Exception):
    """The limit of a promotion, in total or of this customer, was reached meanwhile; `promotion` says which."""

    def __init__(self, promotion: HeldPromotion) -> None:
        super().__init__(promotion.id)
        self.promotion = promotion


def used_by_of(customer_id: uuid.UUID | None, email_canonical: str) -> str:
    """Whom uses are counted for: the customer, or the e-mail of a guest."""
    return str(customer_id) if customer_id is not None else email_canonical


async def used_up_by(used_by: str, code: str, promotions: Iterable[HeldPromotion]) -> frozenset[str]:
    """The ids of those promotions that this customer may not use again.

    One query, and none where no promotion in question is limited for each customer.
    """
    limited = [
        one.id
        for one in promotions
        if one.limit_per_customer is not None and one.code_canonical in (None, canonical_code(code))
    ]
    if not limited or not used_by:
        return frozenset()
    rows = await DB.fetch(
        """
        SELECT p.id FROM promotions p
        WHERE p.id = ANY($1::text[]) AND p.limit_per_customer <=
              (SELECT count(*) FROM promotion_uses u WHERE u.promotion = p.id AND u.used_by = $2)
        """,
        limited,
        used_by,
    )
    return frozenset(row["id"] for row in rows)


# The row stays locked until the order is placed, so those who want the last use wait for each other.
_TAKE = """
    UPDATE promotions SET used = used + 1
    WHERE id = $1 AND is_active AND (limit_total IS NOT NULL OR limit_per_customer IS NOT NULL)
      AND (limit_total IS NULL OR used < limit_total)
    RETURNING limit_per_customer, used >= limit_total AS is_used_up
"""
# Orders that use a promotion without limits need not wait for each other.
_UNLIMITED = """
    SELECT id FROM promotions
    WHERE id = $1 AND is_active AND limit_total IS NULL AND limit_per_customer IS NULL FOR SHARE
"""


async def use_promotions(applied: Iterable[AppliedPromotion], used_by: str, order_number: str) -> None:
    """Counts one use of each applied promotion by an order, in the transaction that places it.

    `used_by` is `used_by_of(…)`. Raises PromotionUsedUp: the order must then not be placed as it is.
    """
    # All take the rows in the same order, so that no two orders wait for each other.
    for promotion in sorted(
        {one.promotion.id: one.promotion for one in applied}.values(), key=lambda p: p.id
    ):
        await _use(promotion, used_by, order_number)


async def _use(promotion: HeldPromotion, used_by: str, order_number: str) -> None:
    taken = await DB.fetch_row(_TAKE, promotion.id)
    if taken is None and await DB.fetch_value(_UNLIMITED, promotion.id) is None:
        raise PromotionUsedUp(promotion)
    await DB.execute(
        "INSERT INTO promotion_uses (id, promotion, used_by, order_number, used_at)"
        " VALUES ($1, $2, $3, $4, now())",
        new_key(),
        promotion.id,
        used_by,
        order_number,
    )
    if taken is None:
        return
    if taken["limit_per_customer"] is not None:
        uses = await DB.fetch_value(
            "SELECT count(*) FROM promotion_uses WHERE promotion = $1 AND used_by = $2", promotion.id, used_by
        )
        if uses > taken["limit_per_customer"]:
            raise PromotionUsedUp(promotion)
    if taken["is_used_up"]:
        await raise_version(Subject.PROMOTIONS)


async def give_back_promotions(order_number: str) -> None:
    """Takes the uses of a cancelled order back, in the current transaction: a limit counts orders that stand."""
    rows = await DB.fetch(
        "DELETE FROM promotion_uses WHERE order_number = $1 RETURNING promotion", order_number
    )
    for promotion in sorted({row["promotion"] for row in rows}):
        was_used_up = await DB.fetch_value(
            "UPDATE promotions SET used = used - 1"
            " WHERE id = $1 AND used > 0 AND (limit_total IS NOT NULL OR limit_per_customer IS NOT NULL)"
            " RETURNING coalesce(used + 1 >= limit_total, false)",
            promotion,
        )
        if was_used_up:
            await raise_version(Subject.PROMOTIONS)
