"""Asking for an order beyond one's limits: the basket becomes a requisition, once for each key (domain.md 10)."""

import uuid
from dataclasses import asdict, dataclass

import msgspec

from app.audit import record
from app.audit_words import recorded_amount
from app.basket.basket import Basket
from app.basket.owner import BasketOwner
from app.orders.order import PromotionOfOrder, TaxOfOrder
from app.orders.placing import (
    agreed_basket,
    as_of_now,
    bound_key,
    empty_basket,
    excess_of_order,
    lock_basket_of,
    number_placed_with,
    place_order,
)
from app.orders.wish import ApprovalNeeded, OrderRefused, OrderWish
from app.requisitions.budgets import Excess
from app.requisitions.mails import mail_asked
from app.requisitions.requisition import AskedOrder, account_in_group, requisition_of
from app.visitor import Visitor
from tables.companies import RequisitionState
from tables.engine import DB
from tables.keys import new_key

SERIES = "requisitions"
FIRST = 100001


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a basket: the number of an order, or the id of a requisition."""

    order: str = ""
    requisition: uuid.UUID | None = None


async def order_or_ask(
    visitor: Visitor,
    owner: BasketOwner,
    wish: OrderWish,
    *,
    idempotency_key: str,
    fingerprint: str,
    comment: str = "",
) -> Outcome:
    """Places the order where the buyer's limits allow it, and asks for its approval where they do not.

    The same key again gives the same outcome. `comment` is for who approves. Raises as place_order does.
    """
    try:
        number = await place_order(
            visitor, owner, wish, idempotency_key=idempotency_key, fingerprint=fingerprint
        )
        return Outcome(order=number)
    except ApprovalNeeded as needed:
        asked = await _ask(visitor, owner, wish, idempotency_key, fingerprint, comment, needed.excess)
        return Outcome(requisition=asked)
    except OrderRefused:
        # The same click beside this one may have made a requisition of the basket, which is empty now.
        done = await outcome_of(owner, idempotency_key)
        if done is not None:
            return done
        raise


async def outcome_of(owner: BasketOwner, idempotency_key: str) -> Outcome | None:
    """What this owner has made with this key already; None for nothing."""
    number = await number_placed_with(owner, idempotency_key)
    if number is not None:
        return Outcome(order=number)
    asked = await _asked_with(bound_key(owner, idempotency_key)) if idempotency_key else None
    return Outcome(requisition=asked) if asked is not None else None


async def _ask(
    visitor: Visitor,
    owner: BasketOwner,
    wish: OrderWish,
    idempotency_key: str,
    fingerprint: str,
    comment: str,
    excess: tuple[Excess, ...],
) -> uuid.UUID:
    key = bound_key(owner, idempotency_key)
    async with DB.transaction():
        await lock_basket_of(owner)
        asked = await _asked_with(key)
        if asked is not None:
            return asked
        visitor = await as_of_now(visitor)
        basket = await agreed_basket(visitor, owner, wish, fingerprint)
        total = basket.reckoning.totals.total.net
        # As of now; where the limits were raised this very moment, what the buyer was told counts.
        excess = await excess_of_order(visitor, total, basket.reckoning.currency) or excess
        requisition = await _write(visitor, wish, basket, key, comment, excess)
        await _write_lines(requisition, basket)
        await empty_basket(basket)
        stored = await requisition_of(requisition)
        await record(
            "requisition asked",
            visitor=visitor,
            user_id=owner.user_id,
            customer_id=owner.customer_id,
            after={"number": stored.number, "net_total": recorded_amount(stored.net_total, stored.currency)},
            reason=comment,
        )
        await mail_asked(stored)
        return requisition


_INSERT = """
    INSERT INTO requisitions (id, number, customer, "user", membership, buyer_name, application, language, state,
                              reasons, checkout, currency, is_net, net_total, gross_total, comment, created_at,
                              expires_at, decided_by_name, decision_comment, idempotency_key, version)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, now(),
            now() + $17 * interval '1 day', '', '', $18, 1)
"""
_NEXT_NUMBER = """
    INSERT INTO number_series AS s (name, last_number) VALUES ($1, $2)
    ON CONFLICT (name) DO UPDATE SET last_number = s.last_number + 1
    RETURNING last_number
"""


async def _write(
    visitor: Visitor,
    wish: OrderWish,
    basket: Basket,
    key: str,
    comment: str,
    excess: tuple[Excess, ...],
) -> uuid.UUID:
    account, requisition, of = account_in_group(visitor), new_key(), basket.reckoning
    await DB.execute(
        _INSERT,
        requisition,
        f"R-{await DB.fetch_value(_NEXT_NUMBER, SERIES, FIRST)}",
        account.customer_id,
        account.user_id,
        account.membership_id,
        wish.buyer_name,
        visitor.application.id,
        visitor.language,
        RequisitionState.PENDING.value,
        _json(excess),
        _json(_asked_order(visitor, wish, basket)),
        of.currency,
        of.charged_net,
        of.totals.total.net,
        of.totals.total.gross,
        comment,
        visitor.application.requisition_days,
        key,
    )
    return requisition


def _asked_order(visitor: Visitor, wish: OrderWish, basket: Basket) -> AskedOrder:
    of, is_net = basket.reckoning, basket.reckoning.charged_net
    return AskedOrder(
        email=wish.email,
        billing=asdict(wish.billing),
        shipping=asdict(wish.shipping),
        shipping_method=wish.delivery.id,
        shipping_name=wish.delivery.name,
        payment=wish.payment.id,
        remarks=wish.comment,
        code=basket.promotion_code,
        items_total=of.totals.items.shown(is_net),
        discount_total=of.totals.discount.shown(is_net),
        shipping_total=of.totals.shipping.shown(is_net),
        taxes=tuple(TaxOfOrder(f"{one.percent:.2f}", one.net, one.tax) for one in of.totals.taxes),
        promotions=tuple(
            PromotionOfOrder(one.promotion.id, one.promotion.name(visitor.language), one.amount)
            for one in of.discounts.applied
        ),
        fingerprint=of.fingerprint,
    )


_LINES = """
    INSERT INTO requisition_lines (id, requisition, product, position, sku, name, unit, quantity, unit_price,
                                   line_total)
    SELECT id, $1, product, position, sku, name, unit, quantity, unit_price, line_total
    FROM unnest($2::uuid[], $3::uuid[], $4::int[], $5::text[], $6::text[], $7::text[], $8::int[], $9::bigint[],
                $10::bigint[]) AS n (id, product, position, sku, name, unit, quantity, unit_price, line_total)
"""


async def _write_lines(requisition: uuid.UUID, basket: Basket) -> None:
    lines, is_net = basket.reckoning.lines, basket.reckoning.charged_net
    await DB.execute(
        _LINES,
        requisition,
        [new_key() for _one in lines],
        [one.product.id for one in lines],
        list(range(1, len(lines) + 1)),
        [one.product.sku for one in lines],
        [one.product.name for one in lines],
        [one.product.unit for one in lines],
        [one.quantity for one in lines],
        [one.unit for one in lines],
        [one.total.amount.shown(is_net) - one.total.discount.shown(is_net) for one in lines],
    )


async def _asked_with(key: str) -> uuid.UUID | None:
    found: uuid.UUID | None = await DB.fetch_value(
        "SELECT id FROM requisitions WHERE idempotency_key = $1", key
    )
    return found


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
