"""Placing an order: whole or not at all, once for each key, never more than is in stock (domain.md 9).

One transaction locks the basket, so that the same order sent twice waits for itself, and the products in one
order of ids, so that two orders never wait for each other in a circle. Prices, visibility, stock and limits are
looked at anew under these locks. What the buyer has agreed to is compared by a fingerprint; no amount that a
browser sends is used.
"""

import base64
import hashlib
import uuid
from dataclasses import asdict, dataclass, replace

import msgspec

from app.basket.basket import Basket, basket_of
from app.basket.owner import BasketOwner, hash_of_basket_token
from app.basket.reckoning import Delivery
from app.checkout.payments import PaymentProvider
from app.customers.addresses import AddressDetails
from app.customers.emails import canonical_email
from app.languages import gettext as _
from app.marketing.promotion_uses import PromotionUsedUp, use_promotions, used_by_of
from app.orders.mails import mail_order_placed
from app.orders.numbers import next_order_number
from app.segments.recurring import note_first_order
from app.visitor import Visitor
from tables.engine import DB
from tables.keys import new_key
from tables.orders import OrderState


class OrderRefused(Exception):
    """The order cannot be placed as it is; `reasons` are for the person."""

    def __init__(self, *reasons: str) -> None:
        super().__init__(*reasons)
        self.reasons = reasons


class TotalsChanged(OrderRefused):
    """What the buyer has agreed to is no longer what the order would come to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderWish:
    """What a buyer wants beside what is in the basket."""

    email: str
    buyer_name: str
    billing: AddressDetails
    shipping: AddressDetails
    delivery: Delivery
    payment: PaymentProvider
    comment: str = ""


async def place_order(
    visitor: Visitor, owner: BasketOwner, wish: OrderWish, *, idempotency_key: str, fingerprint: str
) -> str:
    """Places the order of a basket and gives its number; the same key again gives the same number.

    `fingerprint` is that of the reckoning which the buyer has agreed to. Raises TotalsChanged, OrderRefused, and
    PaymentRefused of app.checkout.payments.
    """
    key = _bound_key(owner, idempotency_key)
    reference = None
    try:
        basket = await _agreed_basket(visitor, owner, wish, fingerprint)
        of = basket.reckoning
        reference = await wish.payment.authorise(key, of.totals.total.gross, of.currency)
        async with DB.transaction():
            return await _place(visitor, owner, wish, key, fingerprint, reference)
    except (OrderRefused, PromotionUsedUp) as refused:
        # The same order may have been placed beside this one; it holds the same authorisation.
        placed = await _number_of(key)
        if placed is not None:
            return placed
        if reference is not None:
            await wish.payment.release(reference)
        if isinstance(refused, PromotionUsedUp):
            raise OrderRefused(
                _("The promotion “%(name)s” has been used up.", name=refused.promotion.name(visitor.language))
            ) from None
        raise


async def number_placed_with(owner: BasketOwner, idempotency_key: str) -> str | None:
    """The number of the order that this owner has placed with this key already; None where there is none."""
    return await _number_of(_bound_key(owner, idempotency_key)) if idempotency_key else None


async def _place(
    visitor: Visitor, owner: BasketOwner, wish: OrderWish, key: str, fingerprint: str, reference: str
) -> str:
    await _lock_basket(owner)
    placed = await _number_of(key)
    if placed is not None:
        return placed
    # What staff have changed since the request came in counts.
    rows = await DB.fetch("SELECT subject, number FROM data_versions")
    visitor = replace(visitor, versions={row["subject"]: row["number"] for row in rows})
    await _lock_products(owner)
    basket = await _agreed_basket(visitor, owner, wish, fingerprint)
    number = await next_order_number()
    order = await _write_order(visitor, owner, wish, basket, number, key, reference)
    await _write_lines(order, basket)
    await _take_from_stock(basket)
    used_by = used_by_of(owner.customer_id, canonical_email(wish.email))
    await use_promotions(basket.reckoning.discounts.applied, used_by, number)
    await _empty(basket.id)
    if owner.customer_id is not None:
        await note_first_order(owner.customer_id)
    await mail_order_placed(visitor.application, number)
    return number


async def _agreed_basket(visitor: Visitor, owner: BasketOwner, wish: OrderWish, fingerprint: str) -> Basket:
    """The basket as of now. Raises OrderRefused where it cannot be ordered, TotalsChanged where it differs."""
    basket = await basket_of(
        visitor, owner, country=wish.shipping.country, delivery=wish.delivery, email=wish.email
    )
    if basket is None or basket.is_empty:
        raise OrderRefused(_("Your basket is empty."))
    problems = [f"{one.product.name}: {one.problem}" for one in basket.lines if one.problem]
    if problems:
        raise OrderRefused(*problems)
    if basket.reckoning.fingerprint != fingerprint:
        raise TotalsChanged(
            _("Something has changed since you looked. Please check the order again."), *basket.notes
        )
    return basket


async def _number_of(key: str) -> str | None:
    number: str | None = await DB.fetch_value("SELECT number FROM orders WHERE idempotency_key = $1", key)
    return number


def _bound_key(owner: BasketOwner, idempotency_key: str) -> str:
    """The key bound to who orders: a key that somebody else has chosen as well never leads to their order."""
    digest = hashlib.sha256(f"{owner.key}|{idempotency_key}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


async def _lock_basket(owner: BasketOwner) -> None:
    if owner.is_user:
        await DB.execute(
            'SELECT FROM baskets WHERE application = $1 AND "user" = $2 AND customer = $3 FOR UPDATE',
            owner.application_id,
            owner.user_id,
            owner.customer_id,
        )
    else:
        await DB.execute(
            "SELECT FROM baskets WHERE application = $1 AND token_hash = $2 FOR UPDATE",
            owner.application_id,
            hash_of_basket_token(owner.token),
        )


async def _lock_products(owner: BasketOwner) -> None:
    await DB.execute(
        """
        SELECT FROM products p WHERE p.id IN (
            SELECT l.product FROM basket_lines l JOIN baskets b ON b.id = l.basket
            WHERE b.application = $1 AND (b.token_hash = $2 OR (b."user" = $3 AND b.customer = $4)))
        ORDER BY p.id FOR NO KEY UPDATE
        """,
        owner.application_id,
        hash_of_basket_token(owner.token) if owner.token else None,
        owner.user_id,
        owner.customer_id,
    )


_ORDER = """
    INSERT INTO orders (id, number, application, customer, "user", buyer_name, email, email_canonical, language,
                        state, currency, is_net, billing_address, shipping_address, shipping_method, shipping_name,
                        payment_method, payment_reference, items_total, discount_total, shipping_total, net_total,
                        tax_total, gross_total, taxes, promotions, comment, idempotency_key, placed_at, version)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
            $23, $24, $25, $26, $27, $28, now(), 1)
"""


async def _write_order(
    visitor: Visitor,
    owner: BasketOwner,
    wish: OrderWish,
    basket: Basket,
    number: str,
    key: str,
    reference: str,
) -> uuid.UUID:
    of, totals, order = basket.reckoning, basket.reckoning.totals, new_key()
    taxes = [{"rate": f"{one.percent:.2f}", "net": one.net, "tax": one.tax} for one in totals.taxes]
    promotions = [
        {"id": one.promotion.id, "name": one.promotion.name(visitor.language), "amount": one.amount}
        for one in of.discounts.applied
    ]
    await DB.execute(
        _ORDER,
        order,
        number,
        visitor.application.id,
        owner.customer_id,
        owner.user_id,
        wish.buyer_name,
        wish.email,
        canonical_email(wish.email),
        visitor.language,
        OrderState.NEW.value,
        of.currency,
        of.charged_net,
        _json(asdict(wish.billing)),
        _json(asdict(wish.shipping)),
        wish.delivery.id,
        wish.delivery.name,
        wish.payment.id,
        reference,
        totals.items.shown(of.charged_net),
        totals.discount.shown(of.charged_net),
        totals.shipping.shown(of.charged_net),
        totals.total.net,
        totals.total.tax,
        totals.total.gross,
        _json(taxes),
        _json(promotions),
        wish.comment,
        key,
    )
    return order


_LINES = """
    INSERT INTO order_lines (id, "order", product, position, sku, name, unit, quantity, unit_price, discount,
                             line_total, tax_rate, price_explanation)
    SELECT id, $1, product, position, sku, name, unit, quantity, unit_price, discount, line_total, tax_rate, why
    FROM unnest($2::uuid[], $3::uuid[], $4::int[], $5::text[], $6::text[], $7::text[], $8::int[], $9::bigint[],
                $10::bigint[], $11::bigint[], $12::numeric[], $13::text[])
         AS n (id, product, position, sku, name, unit, quantity, unit_price, discount, line_total, tax_rate, why)
"""


async def _write_lines(order: uuid.UUID, basket: Basket) -> None:
    lines, is_net = basket.reckoning.lines, basket.reckoning.charged_net
    off = [one.total.discount.shown(is_net) for one in lines]
    await DB.execute(
        _LINES,
        order,
        [new_key() for _one in lines],
        [one.product.id for one in lines],
        list(range(1, len(lines) + 1)),
        [one.product.sku for one in lines],
        [one.product.name for one in lines],
        [one.product.unit for one in lines],
        [one.quantity for one in lines],
        [one.unit for one in lines],
        off,
        [one.total.amount.shown(is_net) - less for one, less in zip(lines, off, strict=True)],
        [one.price.tax_percent for one in lines],
        [one.explanation for one in lines],
    )


async def _take_from_stock(basket: Basket) -> None:
    """Takes the pieces off the stock where there are so many; the rows are locked, so that none has gone."""
    changed = await DB.execute(
        "UPDATE products p SET stock = p.stock - n.quantity"
        " FROM unnest($1::uuid[], $2::int[]) AS n (id, quantity) WHERE p.id = n.id AND p.stock >= n.quantity",
        [one.product.id for one in basket.lines],
        [one.quantity for one in basket.lines],
    )
    if changed != len(basket.lines):
        raise OrderRefused(_("Something has just been sold out. Please check the order again."))


async def _empty(basket: uuid.UUID | None) -> None:
    await DB.execute("DELETE FROM basket_lines WHERE basket = $1", basket)
    await DB.execute(
        "UPDATE baskets SET promotion_code = '', checkout = '{}', changed_at = now() WHERE id = $1", basket
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
