"""Writing an order down: its lines, the stock, the promotions that it uses, and the mail (domain.md 9).

Everything happens in the transaction of who places it, which has locked the products and looked at all anew.
"""

import uuid
from dataclasses import asdict, dataclass

import msgspec

from app.applications import Application
from app.basket.reckoning import Reckoning
from app.customers.emails import canonical_email
from app.languages import gettext as _
from app.marketing.promotion_uses import use_promotions, used_by_of
from app.orders.mails import mail_order_placed
from app.orders.numbers import next_order_number
from app.orders.payment import Authorisation, hold
from app.orders.wish import OrderRefused, OrderWish
from app.segments.recurring import note_first_order
from tables.engine import DB
from tables.keys import new_key
from tables.orders import OrderState


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderedBy:
    """Whose order it is: a guest has neither customer nor user. The language is that of names and mails."""

    application: Application
    customer_id: uuid.UUID | None
    user_id: uuid.UUID | None
    language: str


async def write_order(
    buyer: OrderedBy, wish: OrderWish, reckoning: Reckoning, key: str, authorisation: Authorisation
) -> str:
    """Writes the order, takes the pieces off the stock and queues the mail; the order's number.

    `key` is the order's idempotency key. Raises OrderRefused where something has been sold out or the payment was let
    go, and PromotionUsedUp of app.marketing.promotion_uses.
    """
    number = await next_order_number()
    order = await _write_head(buyer, wish, reckoning, number, key, authorisation.reference)
    await hold(authorisation, order)
    await _write_lines(order, reckoning)
    await _take_from_stock(reckoning)
    used_by = used_by_of(buyer.customer_id, canonical_email(wish.email))
    await use_promotions(reckoning.discounts.applied, used_by, number)
    if buyer.customer_id is not None:
        await note_first_order(buyer.customer_id)
    await mail_order_placed(buyer.application, number)
    return number


_ORDER = """
    INSERT INTO orders (id, number, application, customer, "user", buyer_name, email, email_canonical, language,
                        state, currency, is_net, billing_address, shipping_address, shipping_method, shipping_name,
                        payment_method, payment_reference, items_total, discount_total, shipping_total, net_total,
                        tax_total, gross_total, taxes, promotions, comment, idempotency_key, placed_at, version)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
            $23, $24, $25, $26, $27, $28, now(), 1)
"""


async def _write_head(
    buyer: OrderedBy, wish: OrderWish, of: Reckoning, number: str, key: str, reference: str
) -> uuid.UUID:
    totals, order = of.totals, new_key()
    taxes = [{"rate": f"{one.percent:.2f}", "net": one.net, "tax": one.tax} for one in totals.taxes]
    promotions = [
        {"id": one.promotion.id, "name": one.promotion.name(buyer.language), "amount": one.amount}
        for one in of.discounts.applied
    ]
    await DB.execute(
        _ORDER,
        order,
        number,
        buyer.application.id,
        buyer.customer_id,
        buyer.user_id,
        wish.buyer_name,
        wish.email,
        canonical_email(wish.email),
        buyer.language,
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


async def _write_lines(order: uuid.UUID, of: Reckoning) -> None:
    lines, is_net = of.lines, of.charged_net
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


async def _take_from_stock(of: Reckoning) -> None:
    """Takes the pieces off the stock where there are so many; the rows are locked, so that none has gone."""
    changed = await DB.execute(
        "UPDATE products p SET stock = p.stock - n.quantity"
        " FROM unnest($1::uuid[], $2::int[]) AS n (id, quantity) WHERE p.id = n.id AND p.stock >= n.quantity",
        [one.product.id for one in of.lines],
        [one.quantity for one in of.lines],
    )
    if changed != len(of.lines):
        raise OrderRefused(_("Something has just been sold out. Please check the order again."))


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
