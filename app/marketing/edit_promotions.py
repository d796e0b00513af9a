"""Making, changing and deleting promotions."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import asyncpg
import msgspec

from app.audit import record, recordable
from app.audit_words import recorded_amount
from app.errors import Conflict
from app.marketing.promotions import canonical_code
from app.segments.targets import aim, aim_at_nobody
from app.versions import Subject, raise_version
from app.visitor import Visitor
from tables.engine import DB
from tables.marketing import PromotionTarget
from tables.segments import TargetKind


class CodeTaken(Exception):
    """Another promotion has this code."""


class PromotionExists(Exception):
    """There is a promotion with this id."""


@dataclass(frozen=True, kw_only=True)
class PromotionDraft:
    """What staff say of a promotion. Amounts are minor units, times UTC; exactly one of percentage and amount."""

    names: Mapping[str, str]
    applies_to: PromotionTarget
    percent_off: Decimal | None = None
    amount_off: int | None = None
    currency: str = "EUR"
    category: uuid.UUID | None = None
    product: uuid.UUID | None = None
    minimum_order: int = 0
    code: str = ""
    limit_total: int | None = None
    limit_per_customer: int | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    is_active: bool = True
    segments: frozenset[str] = field(default_factory=frozenset)
    customers: frozenset[uuid.UUID] = field(default_factory=frozenset)
    organisations: frozenset[uuid.UUID] = field(default_factory=frozenset)
    contracts: frozenset[uuid.UUID] = field(default_factory=frozenset)


_COLUMNS = (
    "names, applies_to, percent_off, amount_off, currency, category, product, minimum_order, code,"
    " code_canonical, limit_total, limit_per_customer, valid_from, valid_to, is_active"
)
_CREATE = f"""
    INSERT INTO promotions (id, used, version, {_COLUMNS})
    VALUES ($1, 0, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
    ON CONFLICT (id) DO NOTHING RETURNING id
"""
# Uses of a promotion without limits are not counted in its row, so they are counted here.
_CHANGE = f"""
    UPDATE promotions SET version = version + 1,
        used = (SELECT count(*) FROM promotion_uses u WHERE u.promotion = promotions.id),
        ({_COLUMNS}) = ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
            greatest($12::int, (SELECT count(*) FROM promotion_uses u WHERE u.promotion = promotions.id)::int),
            $13, $14, $15, $16)
    WHERE id = $1 AND version = $17 RETURNING id
"""


async def create_promotion(
    promotion_id: str, draft: PromotionDraft, *, visitor: Visitor | None = None
) -> None:
    """Makes a promotion. Raises PromotionExists, CodeTaken, and what `app.segments.targets.aim` raises."""
    async with DB.transaction():
        if await _written(_CREATE, promotion_id, draft) is None:
            raise PromotionExists
        await _finish("promotion created", promotion_id, draft, visitor)


async def change_promotion(
    promotion_id: str, draft: PromotionDraft, *, version: int, visitor: Visitor | None = None
) -> None:
    """Changes a promotion that was read with this version.

    A limit below the uses there have been becomes their number. Raises Conflict when somebody else was faster,
    CodeTaken, and what `app.segments.targets.aim` raises.
    """
    async with DB.transaction():
        # Locked first: an order that is being placed may be using it.
        await DB.execute("SELECT FROM promotions WHERE id = $1 FOR UPDATE", promotion_id)
        before = await _told(promotion_id)
        if not before or await _written(_CHANGE, promotion_id, draft, version) is None:
            raise Conflict
        await _finish("promotion changed", promotion_id, draft, visitor, before)


async def delete_promotion(promotion_id: str, *, visitor: Visitor | None = None) -> bool:
    """Deletes a promotion; orders keep what they say of it. False where there is none."""
    async with DB.transaction():
        await DB.execute("SELECT FROM promotions WHERE id = $1 FOR UPDATE", promotion_id)
        before = await _told(promotion_id)
        if not await DB.execute("DELETE FROM promotions WHERE id = $1", promotion_id):
            return False
        await aim_at_nobody(TargetKind.PROMOTION, promotion_id, visitor=visitor)
        await record("promotion deleted", visitor=visitor, before=before)
        await raise_version(Subject.PROMOTIONS)
    return True


async def _written(statement: str, promotion_id: str, draft: PromotionDraft, *more: object) -> str | None:
    if (draft.percent_off is None) == (draft.amount_off is None):
        raise ValueError("A promotion has either a percentage or an amount.")
    try:
        async with DB.transaction():
            found: str | None = await DB.fetch_value(
                statement,
                promotion_id,
                msgspec.json.encode(draft.names).decode(),
                draft.applies_to.value,
                draft.percent_off,
                draft.amount_off,
                draft.currency,
                draft.category,
                draft.product,
                draft.minimum_order,
                draft.code,
                canonical_code(draft.code) or None,
                draft.limit_total,
                draft.limit_per_customer,
                draft.valid_from,
                draft.valid_to,
                draft.is_active,
                *more,
            )
            return found
    except asyncpg.UniqueViolationError:
        raise CodeTaken from None


async def _finish(
    action: str,
    promotion_id: str,
    draft: PromotionDraft,
    visitor: Visitor | None,
    before: Mapping[str, object] | None = None,
) -> None:
    await aim(
        TargetKind.PROMOTION,
        promotion_id,
        segments=draft.segments,
        customers=draft.customers,
        organisations=draft.organisations,
        contracts=draft.contracts,
        visitor=visitor,
    )
    await record(action, visitor=visitor, before=before, after=await _told(promotion_id))
    await raise_version(Subject.PROMOTIONS)


_STORED = """
    SELECT p.id, p.names::text AS names, p.applies_to, p.percent_off, p.amount_off, p.currency, c.slug AS category,
           w.sku AS product, p.minimum_order, p.code, p.limit_total, p.limit_per_customer, p.valid_from, p.valid_to,
           p.is_active
    FROM promotions p LEFT JOIN categories c ON c.id = p.category LEFT JOIN products w ON w.id = p.product
    WHERE p.id = $1
"""


async def _told(promotion_id: str) -> dict[str, object]:
    """A promotion as it is stored now, for the audit log; nothing of one that there is not."""
    row = await DB.fetch_row(_STORED, promotion_id)
    if row is None:
        return {}
    amounts = {
        name: recorded_amount(row[name] or None, row["currency"]) for name in ("amount_off", "minimum_order")
    }
    return recordable({**row, **amounts, "names": msgspec.json.decode(row["names"], type=dict[str, str])})
