"""The basket as its owner sees it: prices taken anew at each view, and what has changed since the last one told
(domain.md 9)."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from app.basket.owner import BasketOwner, basket_id_of, hash_of_basket_token, lock_basket
from app.basket.quantities import quantity_problem
from app.basket.reckoning import Delivery, ReckonedLine, Reckoning, reckon
from app.catalog.products import ShownProduct, products_by_id
from app.customers.emails import canonical_email
from app.languages import gettext as _
from app.languages import in_language, money_text
from app.marketing.promotion_uses import used_by_of
from app.marketing.promotions import canonical_code
from app.visitor import Visitor
from tables.engine import DB

_BASKET = """
    SELECT b.id, b.promotion_code, b.checkout::text AS checkout, b.gone::text AS gone, now() AS at, l.id AS line,
           l.product, l.quantity, l.seen_price, coalesce(p.names ->> $1, p.names ->> 'en', p.sku) AS name
    FROM baskets b
    LEFT JOIN basket_lines l ON l.basket = b.id
    LEFT JOIN products p ON p.id = l.product
    WHERE b.application = $2 AND {owner}
    ORDER BY l.created_at, l.id
"""
_OF_USER = _BASKET.format(owner='b."user" = $3 AND b.customer = $4')
_OF_VISITOR = _BASKET.format(owner="b.token_hash = $3")

_FORGET_TOLD = """
    UPDATE baskets SET gone = coalesce(
        (SELECT jsonb_agg(one) FROM jsonb_array_elements(gone) AS one
         WHERE one NOT IN (SELECT jsonb_array_elements($2::jsonb))
           AND coalesce(one ->> $3, one ->> 'en', '') <> ALL($4::text[])), '[]')
    WHERE id = $1 AND gone <> '[]'
"""


@dataclass(frozen=True, slots=True)
class BasketLine:
    """A line of the basket: what it is and why it cannot be ordered as it is ("" where it can)."""

    id: uuid.UUID
    reckoned: ReckonedLine
    problem: str

    @property
    def product(self) -> ShownProduct:
        """The product."""
        return self.reckoned.product

    @property
    def quantity(self) -> int:
        """Number of pieces."""
        return self.reckoned.quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Basket:
    """The basket of an owner; one that was never filled has no id."""

    id: uuid.UUID | None
    lines: tuple[BasketLine, ...]
    reckoning: Reckoning
    # What is told once: changed prices, and products that are gone.
    notes: tuple[str, ...]
    promotion_code: str
    # What the checkout has asked so far, as JSON.
    checkout: str
    at: datetime

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to order."""
        return not self.lines

    @property
    def can_be_ordered(self) -> bool:
        """Whether no line has to be changed first."""
        return not self.is_empty and not any(one.problem for one in self.lines)


async def basket_of(
    visitor: Visitor,
    owner: BasketOwner,
    *,
    country: str = "",
    delivery: Delivery | None = None,
    email: str = "",
    code: str | None = None,
    notes_are_seen: bool = True,
) -> Basket | None:
    """The basket with today's prices; None where there is none yet. What is told counts as seen afterwards, unless
    the caller says that the person sees it only on a later page.

    Three queries, and one more for each kind of thing that has changed. `email` is a guest's, for promotions
    that each customer may use only so often; `code` counts instead of the one that is kept with the basket.
    """
    rows = await stored_lines(visitor, owner)
    if not rows:
        return None
    first, lines = rows[0], [row for row in rows if row["line"] is not None]
    products = await products_by_id([row["product"] for row in lines], visitor)
    reckoning = await reckon(
        visitor,
        [(products[row["product"]], row["quantity"]) for row in lines if row["product"] in products],
        first["at"],
        country=country,
        code=first["promotion_code"] if code is None else code,
        used_by=used_by_of(owner.customer_id, canonical_email(email) if email else ""),
        delivery=delivery,
    )
    reckoned = {one.product.id: one for one in reckoning.lines}
    gone = [row for row in lines if row["product"] not in reckoned]
    changed = [
        row
        for row in lines
        if row["product"] in reckoned and row["seen_price"] != reckoned[row["product"]].unit_at_home
    ]
    deleted = msgspec.json.decode(first["gone"], type=list[dict[str, str]])
    if notes_are_seen and (gone or changed or deleted):
        await _note_as_seen(first["id"], gone, changed, reckoned, first["gone"], visitor.language)
    return Basket(
        id=first["id"],
        lines=tuple(
            BasketLine(
                row["line"],
                reckoned[row["product"]],
                quantity_problem(reckoned[row["product"]].product, row["quantity"]),
            )
            for row in lines
            if row["product"] in reckoned
        ),
        reckoning=reckoning,
        notes=tuple(
            [_gone_note(in_language(names, visitor.language)) for names in deleted]
            + _notes(gone, changed, reckoned, reckoning.currency)
        ),
        promotion_code=first["promotion_code"],
        checkout=first["checkout"],
        at=first["at"],
    )


async def stored_lines(visitor: Visitor, owner: BasketOwner) -> list[dict[str, Any]]:
    """The rows of a basket: one for each line, or a single one without line; nothing where there is no basket."""
    if owner.is_user:
        return await DB.fetch(
            _OF_USER, visitor.language, owner.application_id, owner.user_id, owner.customer_id
        )
    if not owner.token:
        return []
    return await DB.fetch(
        _OF_VISITOR, visitor.language, owner.application_id, hash_of_basket_token(owner.token)
    )


async def checkout_of(owner: BasketOwner) -> str | None:
    """What the checkout has asked of this owner so far, as JSON; None where there is no basket."""
    basket = await basket_id_of(owner)
    return (
        await DB.fetch_value("SELECT checkout::text FROM baskets WHERE id = $1", basket) if basket else None
    )


async def keep_promotion_code(owner: BasketOwner, basket_id: uuid.UUID, code: str) -> None:
    """Keeps the code that was entered with the basket; "" takes it off."""
    await DB.execute(
        "UPDATE baskets SET promotion_code = $2, changed_at = now() WHERE id = $1 AND application = $3",
        basket_id,
        code.strip()[:40] if canonical_code(code) else "",
        owner.application_id,
    )


async def keep_checkout(basket_id: uuid.UUID, checkout: str) -> None:
    """Keeps what the checkout has asked so far, as JSON."""
    await DB.execute(
        "UPDATE baskets SET checkout = $2, changed_at = now() WHERE id = $1", basket_id, checkout
    )


async def _note_as_seen(
    basket: uuid.UUID,
    gone: list[dict[str, Any]],
    changed: list[dict[str, Any]],
    reckoned: Mapping[uuid.UUID, ReckonedLine],
    told: str,
    language: str,
) -> None:
    """`told` is what was read of `gone`: what was deleted since is told at the next view. Unless its line was still
    there: then it is told now, as what is not to be had."""
    async with DB.transaction():
        await lock_basket(basket)
        await DB.execute("DELETE FROM basket_lines WHERE id = ANY($1::uuid[])", [row["line"] for row in gone])
        await DB.execute(
            "UPDATE basket_lines l SET seen_price = n.price"
            " FROM unnest($1::uuid[], $2::bigint[]) AS n (id, price) WHERE l.id = n.id",
            [row["line"] for row in changed],
            [reckoned[row["product"]].unit_at_home for row in changed],
        )
        await DB.execute(_FORGET_TOLD, basket, told, language, [row["name"] for row in gone])


def _notes(
    gone: list[dict[str, Any]],
    changed: list[dict[str, Any]],
    reckoned: Mapping[uuid.UUID, ReckonedLine],
    currency: str,
) -> list[str]:
    notes = [_gone_note(row["name"]) for row in gone]
    for row in changed:
        if row["seen_price"] is None:
            continue
        notes.append(
            _(
                "The price of “%(name)s” has changed from %(before)s to %(now)s.",
                name=row["name"],
                before=money_text(row["seen_price"], currency),
                now=money_text(reckoned[row["product"]].unit_at_home, currency),
            )
        )
    return notes


def _gone_note(name: str) -> str:
    return _("“%(name)s” is no longer available and was taken out of your basket.", name=name)
