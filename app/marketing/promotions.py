"""Promotions: what is taken off items, orders and shipping, for whom, and when (domain.md 8).

Of each kind (item, order, shipping) the best promotion for the buyer counts and none is added to another, so that
what a buyer pays can always be told in a sentence. Amounts are minor units as the audience is shown prices: a
promotion of 5 EUR takes 5 EUR off what the buyer sees, net or gross.
"""

import unicodedata
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

import msgspec

from app.catalog.categories import category_tree
from app.money import allocated, rounded
from app.segments.audience import Audience
from app.segments.targets import Targets, targeted
from app.versions import Held, Subject
from tables.engine import DB
from tables.marketing import PromotionTarget
from tables.segments import TargetKind

__all__ = ["PromotionTarget"]

Rows = Sequence[Mapping[str, Any]]


class DiscountedLine(Protocol):
    """A line of a basket or order before any discount."""

    @property
    def product_id(self) -> uuid.UUID:
        """Id of the product."""

    @property
    def category_id(self) -> uuid.UUID:
        """Id of the product's category."""

    @property
    def quantity(self) -> int:
        """Number of pieces."""

    @property
    def amount(self) -> int:
        """Quantity times the shown price of a piece."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldPromotion:
    """A promotion as this process holds it. Valid from (including) to (excluding), UTC."""

    id: str
    names: Mapping[str, str]
    applies_to: PromotionTarget
    # One of both; the amount is off each piece, off the order, or off the shipping.
    percent_off: Decimal | None
    amount_off: int | None
    currency: str
    # Items that it is for: those of these categories, or this product; None means all.
    categories: frozenset[uuid.UUID] | None
    product: uuid.UUID | None
    minimum_order: int
    code: str
    code_canonical: str | None
    limit_per_customer: int | None
    # The limit in total is reached. Only `use_promotions` decides; this is for telling people early.
    is_used_up: bool
    valid_from: datetime | None
    valid_to: datetime | None
    targets: Targets

    def name(self, language: str) -> str:
        """What it is called in a language, else in English, else its id."""
        return self.names.get(language) or self.names.get("en") or self.id

    def is_valid(self, at: datetime) -> bool:
        """Whether it holds at that moment."""
        return (self.valid_from is None or self.valid_from <= at) and (
            self.valid_to is None or at < self.valid_to
        )

    def is_for(self, line: DiscountedLine) -> bool:
        """Whether a promotion of items makes this line cheaper."""
        if self.product is not None:
            return line.product_id == self.product
        return self.categories is None or line.category_id in self.categories

    def takes_off(self, amount: int, pieces: int = 1) -> int:
        """What is taken off an amount, never more than it."""
        if self.percent_off is not None:
            return min(rounded(amount * self.percent_off / 100), amount)
        return min((self.amount_off or 0) * pieces, amount)


class CodeProblem(StrEnum):
    """Why an entered code takes nothing off."""

    UNKNOWN = "unknown"
    NOT_YET = "not_yet"
    NO_LONGER = "no_longer"
    USED_UP = "used_up"
    USED_UP_BY_CUSTOMER = "used_up_by_customer"
    ORDER_TOO_SMALL = "order_too_small"
    NOTHING_FITS = "nothing_fits"
    SOMETHING_BETTER = "something_better"


@dataclass(frozen=True, slots=True)
class AppliedPromotion:
    """A promotion that counts, and what it takes off in all."""

    promotion: HeldPromotion
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Discounts:
    """What is taken off. All amounts are positive minor units, net or gross as the audience sees prices."""

    applied: tuple[AppliedPromotion, ...] = ()
    # For each line, in order: off the line itself, and its share of what is off the order.
    of_items: tuple[int, ...] = ()
    of_order: tuple[int, ...] = ()
    of_shipping: int = 0
    # Why the entered code is not among `applied`; None where it is, or none was entered.
    code_problem: CodeProblem | None = None

    @property
    def of_lines(self) -> tuple[int, ...]:
        """For each line, in order, all that is off it: what taxes are reckoned with."""
        return tuple(item + order for item, order in zip(self.of_items, self.of_order, strict=True))

    @property
    def total(self) -> int:
        """Everything that is taken off."""
        return sum(self.of_lines) + self.of_shipping


def canonical_code(code: str) -> str:
    """The spelling by which codes are compared: blanks, case and Unicode form do not count."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", code).casefold())
    return "".join(folded.split())


def discounts(
    lines: Sequence[DiscountedLine],
    shipping: int,
    code: str,
    promotions: Iterable[HeldPromotion],
    audience: Audience,
    at: datetime,
    used_up: Collection[str] = (),
) -> Discounts:
    """What the promotions take off these lines and this shipping price, at that moment.

    `promotions` come from `promotions_held`, `used_up` from `used_up_by`. Nothing here knows of other orders:
    whoever places an order calls `use_promotions` in the same transaction.
    """
    entered = canonical_code(code)
    total = sum(line.amount for line in lines)
    fitting = sorted(
        (
            one
            for one in promotions
            if (one.code_canonical is None or one.code_canonical == entered)
            and _problem(one, total, audience, at, used_up) is None
        ),
        # Of equal ones the entered code counts: somebody wants to see that it does. Then the id decides.
        key=lambda one: (one.code_canonical is None, one.id),
    )
    of_items, item_promotions = _off_items(lines, fitting)
    order, off_order = _best(fitting, PromotionTarget.ORDER, total - sum(of_items))
    method, off_shipping = _best(fitting, PromotionTarget.SHIPPING, shipping)
    left = [line.amount - off for line, off in zip(lines, of_items, strict=True)]
    applied = [
        *item_promotions,
        *([AppliedPromotion(order, off_order)] if order is not None else []),
        *([AppliedPromotion(method, off_shipping)] if method is not None else []),
    ]
    return Discounts(
        applied=tuple(applied),
        of_items=tuple(of_items),
        of_order=tuple(allocated(off_order, left)),
        of_shipping=off_shipping,
        code_problem=_code_problem(entered, promotions, applied, fitting, total, audience, at, used_up),
    )


def _problem(
    promotion: HeldPromotion, total: int, audience: Audience, at: datetime, used_up: Collection[str]
) -> CodeProblem | None:
    # Who is not meant learns no more than that there is no such code.
    if promotion.currency != audience.currency or not promotion.targets.holds_for(audience):
        return CodeProblem.UNKNOWN
    if promotion.valid_from is not None and at < promotion.valid_from:
        return CodeProblem.NOT_YET
    if not promotion.is_valid(at):
        return CodeProblem.NO_LONGER
    if promotion.is_used_up:
        return CodeProblem.USED_UP
    if promotion.id in used_up:
        return CodeProblem.USED_UP_BY_CUSTOMER
    return CodeProblem.ORDER_TOO_SMALL if total < promotion.minimum_order else None


def _off_items(
    lines: Sequence[DiscountedLine], fitting: Sequence[HeldPromotion]
) -> tuple[list[int], list[AppliedPromotion]]:
    """What is off each line by the best promotion of that line, and each promotion's sum."""
    of_items: list[int] = []
    sums: dict[str, AppliedPromotion] = {}
    for line in lines:
        best, off = _best(
            [one for one in fitting if one.is_for(line)], PromotionTarget.ITEM, line.amount, line.quantity
        )
        of_items.append(off)
        if best is not None:
            before = sums.get(best.id, AppliedPromotion(best, 0))
            sums[best.id] = replace(before, amount=before.amount + off)
    return of_items, list(sums.values())


def _best(
    fitting: Iterable[HeldPromotion], kind: PromotionTarget, amount: int, pieces: int = 1
) -> tuple[HeldPromotion | None, int]:
    """The promotion of a kind that takes most off, the first of equal ones; (None, 0) where none takes any."""
    best, off = None, 0
    for one in fitting:
        if one.applies_to == kind and (less := one.takes_off(amount, pieces)) > off:
            best, off = one, less
    return best, off


def _code_problem(
    entered: str,
    promotions: Iterable[HeldPromotion],
    applied: Iterable[AppliedPromotion],
    fitting: Collection[HeldPromotion],
    total: int,
    audience: Audience,
    at: datetime,
    used_up: Collection[str],
) -> CodeProblem | None:
    if not entered or any(one.promotion.code_canonical == entered for one in applied):
        return None
    # The first by its id, so that the order in which promotions come decides nothing.
    of_code = min(
        (one for one in promotions if one.code_canonical == entered), key=lambda one: one.id, default=None
    )
    if of_code is None:
        return CodeProblem.UNKNOWN
    if of_code not in fitting:
        return _problem(of_code, total, audience, at, used_up)
    if any(one.promotion.applies_to == of_code.applies_to for one in applied):
        return CodeProblem.SOMETHING_BETTER
    return CodeProblem.NOTHING_FITS


_PROMOTIONS = """
    SELECT id, names::text AS names, applies_to, percent_off, amount_off, currency, category, product,
           minimum_order, code, code_canonical, limit_per_customer,
           coalesce(used >= limit_total, false) AS is_used_up, valid_from, valid_to
    FROM promotions WHERE is_active AND (valid_to IS NULL OR valid_to > now() - interval '1 year') ORDER BY id
"""


async def promotions_held(versions: Mapping[str, int]) -> tuple[HeldPromotion, ...]:
    """All promotions that are switched on, whoever they are for: held per process until something changes."""
    targets = await targeted(TargetKind.PROMOTION, versions)
    rows = await _rows.at(versions)
    key = tuple(versions.get(one, 0) for one in (Subject.PROMOTIONS, Subject.TARGETS, Subject.CATALOG))
    if _made.key != key or _made.rows is not rows:
        tree = await category_tree(versions)
        _made.promotions = tuple(
            HeldPromotion(
                **{name: value for name, value in row.items() if name not in ("category", "names")},
                names=msgspec.json.decode(row["names"], type=dict[str, str]),
                categories=tree.with_all_below(row["category"]) if row["category"] is not None else None,
                targets=targets.get(row["id"], Targets()),
            )
            for row in rows
        )
        _made.key, _made.rows = key, rows
    return _made.promotions


@dataclass(slots=True)
class _Made:
    """The promotions as they were made last, of which versions and rows."""

    key: tuple[int, ...] = ()
    rows: Rows = ()
    promotions: tuple[HeldPromotion, ...] = ()


_made = _Made()


async def _read_rows() -> Rows:
    return await DB.fetch(_PROMOTIONS)


_rows: Held[Rows] = Held(_read_rows, Subject.PROMOTIONS)
