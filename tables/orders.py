"""Baskets and orders (domain.md 9). Amounts are minor currency units."""

from enum import StrEnum

from piccolo.columns import (
    JSONB,
    UUID,
    BigInt,
    Boolean,
    Bytea,
    ForeignKey,
    Integer,
    Numeric,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.columns.base import OnDelete
from piccolo.constraints import Unique
from piccolo.table import Table

from tables.catalog import Product
from tables.customers import Customer, User
from tables.keys import new_key


class Basket(Table, tablename="baskets"):
    """What a visitor (by cookie) or a user for a customer is about to buy, in one application."""

    id = UUID(primary_key=True, default=new_key)
    application = Varchar(length=40)
    # SHA-256 of the cookie of a visitor who is not signed in.
    token_hash = Bytea(null=True, default=None, unique=True)
    user = ForeignKey(User, null=True, default=None, on_delete=OnDelete.cascade, index=True)
    customer = ForeignKey(Customer, null=True, default=None, on_delete=OnDelete.cascade, index=True)
    promotion_code = Varchar(length=40, default="")
    # What the checkout has asked so far: addresses, shipping, payment.
    checkout = JSONB(default="{}")
    # Names, by language, of products that stood in it and were deleted: told once.
    gone = JSONB(default="[]")
    changed_at = Timestamptz(index=True)

    one_for_each_user = Unique([user, customer, application])


class BasketLine(Table, tablename="basket_lines"):
    """One product in a basket. `seen_price` is what was shown last, so that a change can be told."""

    id = UUID(primary_key=True, default=new_key)
    basket = ForeignKey(Basket, null=False, on_delete=OnDelete.cascade)
    product = ForeignKey(Product, null=False, on_delete=OnDelete.cascade, index=True)
    quantity = Integer()
    seen_price = BigInt(null=True, default=None)
    created_at = Timestamptz()

    once_in_a_basket = Unique([basket, product])


class OrderState(StrEnum):
    """Where an order stands."""

    NEW = "new"
    CONFIRMED = "confirmed"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"
    RETURNED = "returned"


class Order(Table, tablename="orders"):
    """What was bought: copies of everything, so that nothing that changes later changes it."""

    id = UUID(primary_key=True, default=new_key)
    number = Varchar(length=40, unique=True)
    application = Varchar(length=40)
    # The customer it was placed for and the user who placed it; a guest's order has neither.
    customer = ForeignKey(Customer, null=True, default=None, on_delete=OnDelete.restrict)
    user = ForeignKey(User, null=True, default=None, on_delete=OnDelete.set_null)
    # The customer it was placed for, of an order that came to another one with its user; for budgets and contracts
    # count what was placed for a customer (app/orders/counted.py). No foreign key: it tells that also when that
    # customer is gone.
    placed_for = UUID(null=True, default=None)
    buyer_name = Varchar(length=250, default="")
    email = Varchar(length=320)
    email_canonical = Varchar(length=400, index=True)
    language = Varchar(length=10, default="en")
    state = Varchar(length=10, choices=OrderState, default=OrderState.NEW, index=True)
    currency = Varchar(length=3, default="EUR")
    # Whether the totals are added up from net or from gross amounts, and how they are printed.
    is_net = Boolean(default=False)
    billing_address = JSONB(default="{}")
    shipping_address = JSONB(default="{}")
    shipping_method = Varchar(length=60, default="")
    shipping_name = Varchar(length=200, default="")
    payment_method = Varchar(length=60, default="")
    payment_reference = Varchar(length=200, default="")
    items_total = BigInt(default=0)
    discount_total = BigInt(default=0)
    shipping_total = BigInt(default=0)
    net_total = BigInt(default=0)
    tax_total = BigInt(default=0)
    gross_total = BigInt(default=0)
    # [{"rate": "19.00", "net": 1000, "tax": 190}]
    taxes = JSONB(default="[]")
    # [{"id": …, "name": …, "amount": …}]
    promotions = JSONB(default="[]")
    comment = Text(default="")
    idempotency_key = Varchar(length=60, null=True, default=None, unique=True)
    placed_at = Timestamptz()
    withdrawn_at = Timestamptz(null=True, default=None)
    # Given out without gaps when the invoice is written, which is when the shop confirms the order. This number and
    # the two that may follow are unique as a user's `login_canonical` is.
    invoice_number = Varchar(length=40, null=True, default=None)
    invoiced_at = Timestamptz(null=True, default=None)
    # Who sold, as the invoice says: {"name": …, "address": […], "tax_id": …}.
    seller = JSONB(null=True, default=None)
    # The invoice of a cancelled order is cancelled by one of its own, with its own number.
    cancellation_number = Varchar(length=40, null=True, default=None)
    cancellation_at = Timestamptz(null=True, default=None)
    # And that of a returned order is corrected by a credit note, with its own number again.
    credit_note_number = Varchar(length=40, null=True, default=None)
    credit_note_at = Timestamptz(null=True, default=None)
    # Since when the goods are on their way; the right of withdrawal ends some days after it.
    shipped_at = Timestamptz(null=True, default=None)
    version = Integer(default=1)


class OrderLine(Table, tablename="order_lines"):
    """One product of an order, as it was."""

    id = UUID(primary_key=True, default=new_key)
    order = ForeignKey(Order, null=False, on_delete=OnDelete.cascade, index=True)
    product = ForeignKey(Product, null=True, default=None, on_delete=OnDelete.set_null, index=True)
    position = Integer()
    sku = Varchar(length=60)
    name = Text()
    unit = Text(default="")
    quantity = Integer()
    unit_price = BigInt()
    discount = BigInt(default=0)
    line_total = BigInt()
    tax_rate = Numeric(digits=(5, 2))
    price_explanation = Text(default="")


class ShippingMethod(Table, tablename="shipping_methods"):
    """A way of delivery and its price, for a target group or for everyone."""

    id = Varchar(length=60, primary_key=True)
    names = JSONB(default="{}")
    descriptions = JSONB(default="{}")
    # Minor units of `currency`, net.
    price = BigInt(default=0)
    currency = Varchar(length=3, default="EUR")
    free_from = BigInt(null=True, default=None)
    position = Integer(default=0)
    is_active = Boolean(default=True)
    version = Integer(default=1)


class TaxRate(Table, tablename="tax_rates"):
    """The tax of a class in a country, from a day on."""

    id = UUID(primary_key=True, default=new_key)
    country = Varchar(length=2)
    tax_class = Varchar(length=20)
    percent = Numeric(digits=(5, 2))

    one_for_each = Unique([country, tax_class])
