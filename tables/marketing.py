"""Promotions and content slots (domain.md 8)."""

from enum import StrEnum

from piccolo.columns import (
    JSONB,
    UUID,
    BigInt,
    Boolean,
    ForeignKey,
    Integer,
    Numeric,
    Timestamptz,
    Varchar,
)
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from tables.catalog import Category, Product
from tables.keys import new_key


class PromotionTarget(StrEnum):
    """What a promotion makes cheaper."""

    ITEM = "item"
    ORDER = "order"
    SHIPPING = "shipping"


class Promotion(Table, tablename="promotions"):
    """A percentage or an amount off; with a code, only for those who enter it."""

    id = Varchar(length=60, primary_key=True)
    names = JSONB(default="{}")
    applies_to = Varchar(length=10, choices=PromotionTarget)
    percent_off = Numeric(digits=(5, 2), null=True, default=None)
    # Minor units of `currency`.
    amount_off = BigInt(null=True, default=None)
    currency = Varchar(length=3, default="EUR")
    # For items: only those of this category (with all below it) or this product; neither means all.
    category = ForeignKey(Category, null=True, default=None, on_delete=OnDelete.restrict, index=True)
    product = ForeignKey(Product, null=True, default=None, on_delete=OnDelete.restrict, index=True)
    minimum_order = BigInt(default=0)
    code = Varchar(length=40, default="")
    code_canonical = Varchar(length=60, null=True, default=None, unique=True)
    limit_total = Integer(null=True, default=None)
    limit_per_customer = Integer(null=True, default=None)
    used = Integer(default=0)
    valid_from = Timestamptz(null=True, default=None)
    valid_to = Timestamptz(null=True, default=None)
    is_active = Boolean(default=True)
    version = Integer(default=1)


class PromotionUse(Table, tablename="promotion_uses"):
    """One use of a promotion by an order; counts towards its limits."""

    id = UUID(primary_key=True, default=new_key)
    promotion = ForeignKey(Promotion, null=False, on_delete=OnDelete.cascade, index=True)
    # The customer's id, or the canonical e-mail of a guest.
    used_by = Varchar(length=400, index=True)
    order_number = Varchar(length=40, index=True)
    used_at = Timestamptz()


class ContentItem(Table, tablename="content_items"):
    """What stands in a slot for a target group: Markdown by language."""

    id = UUID(primary_key=True, default=new_key)
    slot = Varchar(length=40, index=True)
    name = Varchar(length=200)
    texts = JSONB(default="{}")
    priority = Integer(default=0)
    valid_from = Timestamptz(null=True, default=None)
    valid_to = Timestamptz(null=True, default=None)
    is_active = Boolean(default=True)
    version = Integer(default=1)
