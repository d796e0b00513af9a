"""A requisition as it was asked: an order beyond its buyer's limits that waits for a decision (domain.md 10).

It belongs to the application where it was asked, as the basket did that it came from.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from app.access import Account
from app.checkout.payments import payment_instructions, payment_name
from app.customers.addresses import AddressDetails
from app.customers.permissions import Permission, visitor_may
from app.languages import text
from app.orders.order import PromotionOfOrder, TaxOfOrder
from app.requisitions.budgets import Excess
from app.visitor import Visitor
from tables.companies import RequisitionState
from tables.engine import DB

STATE_NAMES = {
    RequisitionState.PENDING: text("Waits for approval"),
    RequisitionState.APPROVED: text("Approved"),
    RequisitionState.REJECTED: text("Rejected"),
    RequisitionState.EXPIRED: text("Expired"),
    RequisitionState.WITHDRAWN: text("Withdrawn"),
}


class RequisitionMissing(LookupError):
    """There is no such requisition; another company's is missing just the same (security.md, Authorisation)."""


class AskedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What the order needs beside its lines, as copies, and what it came to when it was asked for.

    Items, discount and shipping are minor units on the side that is charged, as in an order.
    """

    email: str
    billing: dict[str, str]
    shipping: dict[str, str]
    shipping_method: str
    shipping_name: str
    payment: str
    # The remarks of the order, and its promotion code.
    remarks: str = ""
    code: str = ""
    items_total: int = 0
    discount_total: int = 0
    shipping_total: int = 0
    taxes: tuple[TaxOfOrder, ...] = ()
    promotions: tuple[PromotionOfOrder, ...] = ()
    # That of the reckoning which the buyer has agreed to.
    fingerprint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLine:
    """A product as it was asked for; amounts are minor units on the side that is charged."""

    product: uuid.UUID | None
    sku: str
    name: str
    unit: str
    quantity: int
    unit_price: int
    price_explanation: str = ""

    @property
    def amount(self) -> int:
        """Before discounts."""
        return self.unit_price * self.quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRequisition:
    """A requisition. What an order has as well is called as there, so that both are shown alike."""

    id: uuid.UUID
    number: str
    customer: uuid.UUID
    user: uuid.UUID | None
    membership: uuid.UUID | None
    buyer_name: str
    application: str
    language: str
    # What it is now: one that nobody has decided in time has expired, whether it was told already or not.
    state: RequisitionState
    reasons: tuple[Excess, ...]
    asked: AskedOrder
    currency: str
    is_net: bool
    net_total: int
    gross_total: int
    comment: str
    created_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    decided_by: uuid.UUID | None
    decided_by_name: str
    decision_comment: str
    order_number: str
    idempotency_key: str
    approves_own: bool

    @property
    def is_pending(self) -> bool:
        """Whether somebody can still decide."""
        return self.state is RequisitionState.PENDING

    @property
    def items_total(self) -> int:
        """What the products came to."""
        return self.asked.items_total

    @property
    def discount_total(self) -> int:
        """What promotions took off."""
        return self.asked.discount_total

    @property
    def shipping_total(self) -> int:
        """What the delivery came to."""
        return self.asked.shipping_total

    @property
    def shipping_name(self) -> str:
        """What the delivery is called."""
        return self.asked.shipping_name

    @property
    def taxes(self) -> tuple[TaxOfOrder, ...]:
        """The taxes by rate."""
        return self.asked.taxes

    @property
    def promotions(self) -> tuple[PromotionOfOrder, ...]:
        """The promotions that counted."""
        return self.asked.promotions

    @property
    def billing_address(self) -> AddressDetails:
        """Where the invoice goes."""
        return AddressDetails(**self.asked.billing)

    @property
    def shipping_address(self) -> AddressDetails:
        """Where the goods go."""
        return AddressDetails(**self.asked.shipping)

    @property
    def payment_name(self) -> str:
        """The English name of the way of payment, to be translated."""
        return payment_name(self.asked.payment)

    @property
    def payment_instructions(self) -> str:
        """What is to be done to pay, in English, to be translated; "" for nothing."""
        return payment_instructions(self.asked.payment)


# What a requisition is now, by the clock of the database.
STATE_NOW = "CASE WHEN r.state = 'pending' AND r.expires_at <= now() THEN 'expired' ELSE r.state END"
_ONE = f"""
    SELECT r.id, r.number, r.customer, r."user", r.membership, r.buyer_name, r.application, r.language,
           {STATE_NOW} AS state, r.reasons::text AS reasons, r.checkout::text AS asked, r.currency, r.is_net,
           r.net_total, r.gross_total, r.comment, r.created_at, r.expires_at, r.decided_at, r.decided_by,
           r.decided_by_name, r.decision_comment, coalesce(o.number, '') AS order_number,
           coalesce(r.idempotency_key, r.id::text) AS idempotency_key,
           coalesce(co.approves_own_requisitions, false) AS approves_own
    FROM requisitions r
    LEFT JOIN orders o ON o.id = r."order"
    LEFT JOIN companies co ON co.customer = r.customer
    WHERE r.id = $1
"""
_LINES = """
    SELECT product, sku, name, unit, quantity, unit_price FROM requisition_lines
    WHERE requisition = $1 ORDER BY position
"""


async def requisition_of(key: uuid.UUID, *, lock: bool = False) -> StoredRequisition:
    """The requisition, locked in the current transaction if wanted. Raises RequisitionMissing."""
    row = await DB.fetch_row(_ONE + (" FOR NO KEY UPDATE OF r" if lock else ""), key)
    if row is None:
        raise RequisitionMissing(key)
    return _stored(row)


async def requisition_seen_by(visitor: Visitor, key: uuid.UUID) -> StoredRequisition:
    """The requisition if the person may see it: the buyer, and those who may approve for this company.

    Raises RequisitionMissing, for a foreign one just as for none.
    """
    account = account_in_group(visitor)
    found = await requisition_of(key)
    is_here = found.customer == account.customer_id and found.application == visitor.application.id
    if not is_here or not (found.user == account.user_id or visitor_may(visitor, Permission.APPROVE)):
        raise RequisitionMissing(key)
    return found


async def lines_of(requisition: StoredRequisition) -> list[StoredLine]:
    """What was asked for, in the order of the basket."""
    return [StoredLine(**row) for row in await DB.fetch(_LINES, requisition.id)]


def may_decide(visitor: Visitor, requisition: StoredRequisition) -> bool:
    """Whether the person may decide on it: with the permission, and on their own only where the company lets
    them (domain.md 10)."""
    account = account_in_group(visitor)
    if requisition.customer != account.customer_id or not visitor_may(visitor, Permission.APPROVE):
        return False
    return requisition.user != account.user_id or requisition.approves_own


def account_in_group(visitor: Visitor) -> Account:
    """The account of somebody who is signed in. Raises RequisitionMissing for everybody else."""
    if visitor.account is None or not visitor.is_signed_in or visitor.account.customer_id is None:
        raise RequisitionMissing
    return visitor.account


def _stored(row: Mapping[str, Any]) -> StoredRequisition:
    return StoredRequisition(
        **{
            **row,
            "state": RequisitionState(row["state"]),
            "reasons": msgspec.json.decode(row["reasons"], type=tuple[Excess, ...]),
            "asked": msgspec.json.decode(row["asked"], type=AskedOrder),
        }
    )
