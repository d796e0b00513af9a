"""Segments and what they are aimed at (domain.md 7, 8)."""

from enum import StrEnum

from piccolo.columns import JSONB, UUID, Boolean, ForeignKey, Integer, Text, Timestamptz, Varchar
from piccolo.columns.base import OnDelete
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.constraints import Unique
from piccolo.table import Table

from tables.contracts import Contract
from tables.customers import Customer
from tables.keys import new_key
from tables.organisations import Organisation


class Segment(Table, tablename="segments"):
    """A custom segment. Implicit ones are computed and stand in no table."""

    id = Varchar(length=60, primary_key=True)
    name = Varchar(length=200)
    description = Text(default="")
    # Empty for segments that are filled by hand; else the rule as app.segments.rules reads it.
    rule = JSONB(default="{}")
    # A customer has one customer group at the most; that of its organisation comes first (domain.md 11).
    is_customer_group = Boolean(default=False)
    version = Integer(default=1)
    # When the worker is to find the members of the rule anew among all customers (app/segments/filling.py), and
    # the last customer of those that were judged already.
    fill_due_at = Timestamptz(null=True, default=TimestamptzNow(), index=True)
    filled_up_to = UUID(null=True, default=None)
    created_at = Timestamptz()


class SegmentMember(Table, tablename="segment_members"):
    """A customer in a segment, as one service says; the shop's own tables are the service "standard"."""

    id = UUID(primary_key=True, default=new_key)
    segment = Varchar(length=60, index=True)
    customer = ForeignKey(Customer, null=False, on_delete=OnDelete.cascade, index=True)
    service = Varchar(length=40, default="standard")
    # Assigned by hand, found by the segment's rule, imported, or pushed.
    origin = Varchar(length=10, default="hand")
    expires_at = Timestamptz(null=True, default=None)
    created_at = Timestamptz()

    once_for_each_service = Unique([segment, customer, service, origin])


class TargetKind(StrEnum):
    """What is aimed at a target group."""

    PRICE_LIST = "price_list"
    CATALOG_VIEW = "catalog_view"
    PROMOTION = "promotion"
    CONTENT = "content"
    SHIPPING_METHOD = "shipping_method"


class Target(Table, tablename="targets"):
    """One member of a target group: a segment, a customer, an organisation or a contract."""

    id = UUID(primary_key=True, default=new_key)
    kind = Varchar(length=20, choices=TargetKind)
    # The id of the price list, catalog view, promotion, content item or shipping method.
    owner = Varchar(length=60)
    segment = Varchar(length=60, null=True, default=None, index=True)
    customer = ForeignKey(Customer, null=True, default=None, on_delete=OnDelete.cascade, index=True)
    organisation = ForeignKey(Organisation, null=True, default=None, on_delete=OnDelete.cascade, index=True)
    contract = ForeignKey(Contract, null=True, default=None, on_delete=OnDelete.cascade, index=True)

    once = Unique([kind, owner, segment, customer, organisation, contract], nulls_distinct=False)


class SegmentationService(Table, tablename="segmentation_services"):
    """A service that an application asks for segments; none active means no new target groups."""

    id = UUID(primary_key=True, default=new_key)
    application = Varchar(length=40)
    service = Varchar(length=40)
    name = Varchar(length=100)
    is_active = Boolean(default=True)

    once_for_each_application = Unique([application, service])
