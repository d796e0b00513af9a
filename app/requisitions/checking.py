"""Looking at a requisition anew: what has changed since it was asked, and what keeps it from being ordered.

Prices are those of the customer, so that it does not matter which of its users looks.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.basket.quantities import quantity_problem
from app.basket.reckoning import Reckoning, reckon
from app.catalog.products import ShownProduct, products_by_id
from app.checkout.payments import payment_providers
from app.checkout.shipping import shipping_methods_for
from app.customers.permissions import Permission, permissions_of
from app.customers.types import customer_type_of
from app.languages import gettext as _
from app.languages import money_text
from app.marketing.promotion_uses import used_by_of
from app.orders.wish import OrderWish
from app.requisitions.agreement import agreement_to
from app.requisitions.budgets import Excess, budget_of, excess_of, lock_budget
from app.requisitions.requisition import StoredLine, StoredRequisition, lines_of
from app.requisitions.words import excess_words
from app.visitor import Visitor
from tables.engine import DB


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A requisition as of now. With problems it cannot be ordered; changes have to be agreed to."""

    problems: tuple[str, ...]
    changes: tuple[str, ...]
    # What the order exceeds now: approving it overrides these limits.
    excess: tuple[Excess, ...]
    # None where it cannot be ordered.
    wish: OrderWish | None
    reckoning: Reckoning | None

    @property
    def fingerprint(self) -> str:
        """That of what it comes to now; "" where it cannot be ordered."""
        return self.reckoning.fingerprint if self.reckoning is not None else ""

    @property
    def review(self) -> str:
        """What somebody agrees to who approves it now, as the form sends it; "" where it cannot be ordered."""
        return agreement_to(self.fingerprint, self.excess).sent if self.reckoning is not None else ""

    def exceeds(self, requisition: StoredRequisition) -> list[str]:
        """What it exceeds now, in words."""
        return self.words_of(self.excess, requisition)

    def words_of(self, excess: Iterable[Excess], requisition: StoredRequisition) -> list[str]:
        """Some of what it exceeds, in words."""
        of = self.reckoning
        return excess_words(excess, of.totals.total.net if of is not None else requisition.net_total)


async def check(visitor: Visitor, requisition: StoredRequisition, *, lock: bool = False) -> Checked:
    """What the requisition would come to now, its order being placed in this visitor's application.

    With `lock` the buyer's membership and the products stay locked until the transaction ends.
    """
    lines = await lines_of(requisition)
    problems = await _problems_of_buyer(requisition, lock=lock)
    if lock:
        await _lock_products(lines)
    products = await products_by_id([one.product for one in lines if one.product is not None], visitor)
    problems += _problems_of_lines(lines, products)
    wish = await _wish(visitor, requisition)
    if wish is None:
        problems.append(_("The chosen delivery or way of payment is no longer offered."))
    reckoning = None
    if wish is not None and not problems:
        reckoning = await _reckon(visitor, requisition, lines, products, wish)
        problems += [_("“%(name)s” has no price any more.", name=one.name) for one in reckoning.without_price]
    net = reckoning.totals.total.net if reckoning is not None else requisition.net_total
    return Checked(
        problems=tuple(problems),
        changes=tuple(_changes(requisition, lines, reckoning)) if reckoning is not None else (),
        excess=await _excess(requisition, net),
        wish=wish,
        reckoning=None if problems else reckoning,
    )


_BUYER = """
    SELECT m.roles, m.is_active AND u.is_active AS is_active, c.customer_type,
           ARRAY(SELECT r.id::text || ' ' || array_to_string(r.permissions, ' ')
                 FROM company_roles r WHERE r.customer = m.customer) AS own_roles
    FROM memberships m JOIN users u ON u.id = m."user" JOIN customers c ON c.id = m.customer
    WHERE m.id = $1 AND m.customer = $2
"""


async def _problems_of_buyer(requisition: StoredRequisition, *, lock: bool) -> list[str]:
    """Who has left, is disabled or may not buy any more gets no order, whoever approves it."""
    if lock:
        await lock_budget(requisition.membership)
    row = await DB.fetch_row(_BUYER, requisition.membership, requisition.customer)
    if row is not None and row["is_active"]:
        own = {role: frozenset(may) for role, *may in map(str.split, row["own_roles"])}
        if Permission.PURCHASE in permissions_of(customer_type_of(row["customer_type"]), row["roles"], own):
            return []
    return [_("%(name)s may no longer buy for your company.", name=requisition.buyer_name)]


async def _lock_products(lines: list[StoredLine]) -> None:
    # In one order of ids, as every order does, so that none wait for each other in a circle.
    await DB.execute(
        "SELECT FROM products WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE",
        [one.product for one in lines if one.product is not None],
    )


def _problems_of_lines(lines: list[StoredLine], products: Mapping[uuid.UUID, ShownProduct]) -> list[str]:
    found: list[str] = []
    for line in lines:
        product = products.get(line.product) if line.product is not None else None
        if product is None:
            found.append(_("“%(name)s” is no longer available.", name=line.name))
        elif problem := quantity_problem(product, line.quantity):
            found.append(f"{line.name}: {problem}")
    return found


async def _wish(visitor: Visitor, requisition: StoredRequisition) -> OrderWish | None:
    asked = requisition.asked
    methods = {one.id: one for one in await shipping_methods_for(visitor)}
    method, payment = methods.get(asked.shipping_method), payment_providers().get(asked.payment)
    if method is None or payment is None:
        return None
    return OrderWish(
        email=asked.email,
        buyer_name=requisition.buyer_name,
        billing=requisition.billing_address,
        shipping=requisition.shipping_address,
        delivery=method.delivery(requisition.language),
        payment=payment,
        comment=asked.remarks,
    )


async def _reckon(
    visitor: Visitor,
    requisition: StoredRequisition,
    lines: list[StoredLine],
    products: Mapping[uuid.UUID, ShownProduct],
    wish: OrderWish,
) -> Reckoning:
    return await reckon(
        visitor,
        [(products[one.product], one.quantity) for one in lines if one.product is not None],
        await DB.fetch_value("SELECT now()"),
        country=wish.shipping.country,
        code=requisition.asked.code,
        used_by=used_by_of(requisition.customer, ""),
        delivery=wish.delivery,
    )


async def _excess(requisition: StoredRequisition, net: int) -> tuple[Excess, ...]:
    budget = await budget_of(requisition.membership) if requisition.membership is not None else None
    return excess_of(budget, net, requisition.currency) if budget is not None else ()


def _changes(requisition: StoredRequisition, lines: list[StoredLine], reckoning: Reckoning) -> list[str]:
    """What costs something else than when it was asked; nothing where it comes to the same in every part."""
    if reckoning.fingerprint == requisition.asked.fingerprint:
        return []
    now = {one.product.id: one.unit for one in reckoning.lines}
    found = [
        _(
            "The price of “%(name)s” has changed from %(before)s to %(now)s.",
            name=one.name,
            before=money_text(one.unit_price, requisition.currency),
            now=money_text(now[one.product], requisition.currency),
        )
        for one in lines
        if one.product in now and now[one.product] != one.unit_price
    ]
    total = reckoning.totals.total.gross
    if total != requisition.gross_total:
        found.append(
            _(
                "The total has changed from %(before)s to %(now)s.",
                before=money_text(requisition.gross_total, requisition.currency),
                now=money_text(total, requisition.currency),
            )
        )
    return found or [_("Taxes or discounts have changed; the total is the same.")]
