"""Payments that a provider holds, and what becomes of them (domain.md 9). Amounts are minor currency units."""

from enum import StrEnum

from piccolo.columns import UUID, BigInt, ForeignKey, Integer, Text, Timestamptz, Varchar
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from tables.keys import new_key
from tables.orders import Order


class PaymentState(StrEnum):
    """Where a payment stands."""

    # The provider is being asked, or has agreed; no order holds it yet.
    ASKED = "asked"
    REFUSED = "refused"
    # An order was placed with it.
    HELD = "held"
    # It is to be given back; the worker asks the provider until it has agreed.
    RELEASING = "releasing"
    RELEASED = "released"


class Payment(Table, tablename="payments"):
    """An amount that a provider was asked to make sure of. Written down before the provider is asked."""

    id = UUID(primary_key=True, default=new_key)
    provider = Varchar(length=60)
    # What the provider knows it by; never used for a second authorisation.
    idempotency_key = Varchar(length=60, unique=True)
    # The idempotency key of the order that it is for; each try of one order finds the same payment by it.
    order_key = Varchar(length=60)
    order = ForeignKey(Order, null=True, default=None, on_delete=OnDelete.restrict, index=True)
    amount = BigInt()
    currency = Varchar(length=3)
    reference = Varchar(length=200, default="")
    state = Varchar(length=10, choices=PaymentState, default=PaymentState.ASKED)
    asked_at = Timestamptz()
    # When the worker asks next to give it back, and how often it has.
    due_at = Timestamptz(null=True, default=None)
    attempts = Integer(default=0)
    last_error = Text(default="")
    released_at = Timestamptz(null=True, default=None)
