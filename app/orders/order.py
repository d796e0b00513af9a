"""An order as it was placed: copies of everything, read back for pages, mails and the back office (domain.md 9)."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from app.applications import application_by_id
from app.checkout.payments import is_paid_by_transfer, payment_instructions, payment_name, payment_terms
from app.customers.addresses import AddressDetails
from app.orders.printed_invoice import Seller
from tables.engine import DB
from tables.orders import OrderState

# An invoice is written when the shop confirms; what was cancelled before never gets one.
INVOICED_STATES = frozenset({OrderState.CONFIRMED, OrderState.SHIPPED, OrderState.RETURNED})


class OrderMissing(LookupError):
    """There is no such order; somebody else's is missing just the same (security.md, Authorisation)."""


class TaxOfOrder(msgspec.Struct, frozen=True):
    """The tax of one rate, in minor units; the rate in percent."""

    rate: str
    net: int
    tax: int

    @property
    def percent(self) -> Decimal:
        """The rate as a number."""
        return Decimal(self.rate)


class PromotionOfOrder(msgspec.Struct, frozen=True):
    """A promotion that counted, and what it took off."""

    id: str
    name: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLine:
    """A product as it was bought; amounts are minor units on the side that was charged."""

    product: uuid.UUID | None
    sku: str
    name: str
    unit: str
    quantity: int
    unit_price: int
    discount: int
    line_total: int
    tax_rate: Decimal
    price_explanation: str

    @property
    def amount(self) -> int:
        """Before discounts."""
        return self.unit_price * self.quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOrder:
    """An order. Items, discount and shipping are on the side that was charged: net where `is_net`."""

    id: uuid.UUID
    number: str
    application: str
    customer: uuid.UUID | None
    user: uuid.UUID | None
    buyer_name: str
    email: str
    email_canonical: str
    language: str
    state: OrderState
    currency: str
    is_net: bool
    billing_address: AddressDetails
    shipping_address: AddressDetails
    shipping_method: str
    shipping_name: str
    payment_method: str
    payment_reference: str
    items_total: int
    discount_total: int
    shipping_total: int
    net_total: int
    tax_total: int
    gross_total: int
    taxes: tuple[TaxOfOrder, ...]
    promotions: tuple[PromotionOfOrder, ...]
    comment: str
    placed_at: datetime
    withdrawn_at: datetime | None
    shipped_at: datetime | None
    invoice_number: str | None
    invoiced_at: datetime | None
    seller: Seller | None
    cancellation_number: str | None
    cancellation_at: datetime | None
    credit_note_number: str | None
    credit_note_at: datetime | None
    version: int

    @property
    def payment_name(self) -> str:
        """The English name of the way of payment, to be translated."""
        return payment_name(self.payment_method)

    @property
    def payment_instructions(self) -> str:
        """What the buyer has to do, in English, to be translated; "" for nothing, as where nothing is delivered."""
        is_undone = self.state in (OrderState.CANCELLED, OrderState.RETURNED)
        return "" if is_undone else payment_instructions(self.payment_method)

    @property
    def is_paid_by_transfer(self) -> bool:
        """Whether the buyer transfers the money: by invoice, and in advance."""
        return is_paid_by_transfer(self.payment_method)

    @property
    def account_to_pay_to(self) -> str:
        """The bank account that the buyer transfers the money to; "" where it is paid otherwise, or none is set."""
        application = application_by_id(self.application)
        if application is None or not self.is_paid_by_transfer:
            return ""
        return application.seller_bank_account

    @property
    def payment_terms(self) -> str:
        """How and by when it is paid, in English, to be translated; "" where it is no longer known."""
        return payment_terms(self.payment_method)

    @property
    def has_invoice(self) -> bool:
        """Whether there is an invoice, or one is written when somebody asks: from the confirmation on."""
        return self.invoice_number is not None or self.state in INVOICED_STATES

    @property
    def has_cancellation(self) -> bool:
        """Whether there was an invoice and it is cancelled, by an invoice of its own."""
        return self.invoice_number is not None and self.state is OrderState.CANCELLED

    @property
    def has_credit_note(self) -> bool:
        """Whether the goods came back, so that a credit note corrects the invoice."""
        return self.state is OrderState.RETURNED

    @property
    def is_open(self) -> bool:
        """Whether something is still to happen with it."""
        return self.state in (OrderState.NEW, OrderState.CONFIRMED)


_COLUMNS = """
    o.id, o.number, o.application, o.customer, o."user", o.buyer_name, o.email, o.email_canonical, o.language,
    o.state, o.currency, o.is_net, o.billing_address::text AS billing_address,
    o.shipping_address::text AS shipping_address, o.shipping_method, o.shipping_name, o.payment_method,
    o.payment_reference, o.items_total, o.discount_total, o.shipping_total, o.net_total, o.tax_total,
    o.gross_total, o.taxes::text AS taxes, o.promotions::text AS promotions, o.comment, o.placed_at,
    o.withdrawn_at, o.shipped_at, o.invoice_number, o.invoiced_at, o.seller::text AS seller, o.cancellation_number,
    o.cancellation_at, o.credit_note_number, o.credit_note_at, o.version
"""
_BY_NUMBER = f"SELECT {_COLUMNS} FROM orders o WHERE o.number = $1"
_LINES = """
    SELECT product, sku, name, unit, quantity, unit_price, discount, line_total, tax_rate, price_explanation
    FROM order_lines WHERE "order" = $1 ORDER BY position
"""


async def order_of_number(number: str, *, lock: bool = False) -> StoredOrder:
    """The order, locked for a change in the current transaction if wanted. Raises OrderMissing."""
    row = await DB.fetch_row(_BY_NUMBER + (" FOR NO KEY UPDATE" if lock else ""), number)
    if row is None:
        raise OrderMissing(number)
    return _stored(row)


async def lines_of(order: StoredOrder) -> list[StoredLine]:
    """What was bought, in the order of the basket."""
    return [StoredLine(**row) for row in await DB.fetch(_LINES, order.id)]


def _stored(row: Mapping[str, Any]) -> StoredOrder:
    return StoredOrder(
        **{
            **row,
            "state": OrderState(row["state"]),
            "billing_address": _address(row["billing_address"]),
            "shipping_address": _address(row["shipping_address"]),
            "seller": msgspec.json.decode(row["seller"], type=Seller) if row["seller"] else None,
            "taxes": msgspec.json.decode(row["taxes"], type=tuple[TaxOfOrder, ...]),
            "promotions": msgspec.json.decode(row["promotions"], type=tuple[PromotionOfOrder, ...]),
        }
    )


def _address(stored: str) -> AddressDetails:
    return AddressDetails(**{"street": "", "country": "", **msgspec.json.decode(stored, type=dict[str, str])})
