"""Placing an order: whole or not at all, once for each key, never more than is in stock (domain.md 9).

One transaction locks the basket, so that the same order sent twice waits for itself, and the products in one
order of ids, so that two orders never wait for each other in a circle. Prices, visibility, stock and limits are
looked at anew under these locks. What the buyer has agreed to is compared by a fingerprint; no amount that a
browser sends is used.
"""

import base64
import hashlib
from dataclasses import replace

from app.basket.basket import Basket, basket_of
from app.basket.owner import BasketOwner, hash_of_basket_token
from app.customers.emails import canonical_email
from app.customers.types import Extension, customer_type_of
from app.languages import gettext as _
from app.marketing.promotion_uses import PromotionUsedUp
from app.orders.payment import Authorisation, authorise, let_go
from app.orders.wish import ApprovalNeeded, OrderRefused, OrderWish, TotalsChanged
from app.orders.writing import OrderedBy, write_order
from app.requisitions.budgets import Excess, budget_of, excess_of, lock_budget
from app.segments.recurring import lock_for_first_order
from app.sign_in.limits import has_had_enough_mails, has_no_room_for_mail
from app.visitor import Visitor
from tables.engine import DB

# What the mails of guests' orders are counted as.
_MAILS = "guest-order"


async def place_order(
    visitor: Visitor, owner: BasketOwner, wish: OrderWish, *, idempotency_key: str, fingerprint: str
) -> str:
    """Places the order of a basket and gives its number; the same key again gives the same number.

    `fingerprint` is that of the reckoning which the buyer has agreed to. Raises TotalsChanged, ApprovalNeeded where
    it is beyond the buyer's limits, OrderRefused, and PaymentRefused of app.checkout.payments.
    """
    key = bound_key(owner, idempotency_key)
    authorisation = None
    try:
        basket = await agreed_basket(visitor, owner, wish, fingerprint)
        of = basket.reckoning
        _must_be_within_limits(await excess_of_order(visitor, of.totals.total.net, of.currency))
        if not owner.is_user and await has_no_room_for_mail(_MAILS, canonical_email(wish.email)):
            # Looked at before it is counted: no payment is held for what is refused in any case.
            raise _mailbox_is_full()
        authorisation = await authorise(wish.payment, key, of.totals.total.gross, of.currency)
        async with DB.transaction():
            return await _place(visitor, owner, wish, key, fingerprint, authorisation)
    except (OrderRefused, PromotionUsedUp) as refused:
        await let_go(authorisation)
        # The same order may have been placed beside this one.
        placed = await _number_of(key)
        if placed is not None:
            return placed
        if isinstance(refused, PromotionUsedUp):
            raise used_up(refused, visitor.language) from None
        raise


async def number_placed_with(owner: BasketOwner, idempotency_key: str) -> str | None:
    """The number of the order that this owner has placed with this key already; None where there is none."""
    return await _number_of(bound_key(owner, idempotency_key)) if idempotency_key else None


async def _place(
    visitor: Visitor,
    owner: BasketOwner,
    wish: OrderWish,
    key: str,
    fingerprint: str,
    authorisation: Authorisation,
) -> str:
    await lock_basket_of(owner)
    placed = await _number_of(key)
    if placed is not None:
        await let_go(authorisation)
        return placed
    visitor = await as_of_now(visitor)
    if owner.customer_id is not None:
        await lock_for_first_order(owner.customer_id)
    if may_have_limits(visitor):
        await lock_budget(visitor.account.membership_id if visitor.account is not None else None)
    await _lock_products(owner)
    basket = await agreed_basket(visitor, owner, wish, fingerprint)
    of = basket.reckoning
    _must_be_within_limits(await excess_of_order(visitor, of.totals.total.net, of.currency))
    if not owner.is_user:
        await _must_have_room_in_mailbox(wish)
    buyer = OrderedBy(
        application=visitor.application,
        customer_id=owner.customer_id,
        user_id=owner.user_id,
        language=visitor.language,
    )
    number = await write_order(buyer, wish, of, key, authorisation)
    await empty_basket(basket)
    return number


async def as_of_now(visitor: Visitor) -> Visitor:
    """The visitor with what staff have changed since the request came in."""
    rows = await DB.fetch("SELECT subject, number FROM data_versions")
    return replace(visitor, versions={row["subject"]: row["number"] for row in rows})


async def excess_of_order(visitor: Visitor, net: int, currency: str) -> tuple[Excess, ...]:
    """What an order of the visitor's (net, minor units) would exceed now; nothing for who has no limits."""
    account = visitor.account
    if account is None or account.membership_id is None or not may_have_limits(visitor):
        return ()
    budget = await budget_of(account.membership_id)
    return excess_of(budget, net, currency) if budget is not None else ()


def may_have_limits(visitor: Visitor) -> bool:
    """Whether the visitor may have limits at all: users of a customer with many have them, guests never."""
    account = visitor.account
    if account is None or not account.customer_type or not visitor.is_signed_in:
        return False
    return customer_type_of(account.customer_type).applies(Extension.GROUP)


async def _must_have_room_in_mailbox(wish: OrderWish) -> None:
    """Counts an order of a guest for its e-mail, which nobody has proved to be theirs: each order is a mail, and
    nobody's mailbox is flooded by strangers (`MAILS_IN_AN_HOUR`). What is refused is not counted."""
    if await has_had_enough_mails(_MAILS, canonical_email(wish.email)):
        raise _mailbox_is_full()


def _mailbox_is_full() -> OrderRefused:
    return OrderRefused(
        _(
            "There were several orders with this e-mail address within an hour. Please sign in to order, or try"
            " again in an hour: your basket and your answers stay."
        )
    )


def _must_be_within_limits(excess: tuple[Excess, ...]) -> None:
    if excess:
        raise ApprovalNeeded(excess)


def used_up(promotion: PromotionUsedUp, language: str) -> OrderRefused:
    """The refusal of an order since a promotion has been used up meanwhile."""
    name = promotion.promotion.name(language)
    return OrderRefused(_("The promotion “%(name)s” has been used up.", name=name))


async def agreed_basket(visitor: Visitor, owner: BasketOwner, wish: OrderWish, fingerprint: str) -> Basket:
    """The basket as of now. Raises OrderRefused where it cannot be ordered, TotalsChanged where it differs."""
    # What has changed is told on the page that says why the order was not placed.
    basket = await basket_of(
        visitor,
        owner,
        country=wish.shipping.country,
        delivery=wish.delivery,
        email=wish.email,
        notes_are_seen=False,
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


def bound_key(owner: BasketOwner, idempotency_key: str) -> str:
    """The key bound to who orders: a key that somebody else has chosen as well never leads to their order."""
    digest = hashlib.sha256(f"{owner.key}|{idempotency_key}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


async def lock_basket_of(owner: BasketOwner) -> None:
    """Locks the basket of an owner, if there is one, until the transaction ends."""
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


async def empty_basket(basket: Basket) -> None:
    """Takes everything out of a basket that was ordered."""
    await DB.execute("DELETE FROM basket_lines WHERE basket = $1", basket.id)
    await DB.execute(
        "UPDATE baskets SET promotion_code = '', checkout = '{}', changed_at = now() WHERE id = $1", basket.id
    )
