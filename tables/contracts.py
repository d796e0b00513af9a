"""Contracts with business customers, and who looks after them (domain.md 12)."""

from piccolo.columns import UUID, BigInt, Date, ForeignKey, Integer, Text, Timestamptz, Varchar
from piccolo.columns.base import OnDelete
from piccolo.constraints import Unique
from piccolo.table import Table

from tables.customers import Customer
from tables.keys import new_key
from tables.staff import StaffMember


class Contract(Table, tablename="contracts"):
    """An agreement: its price lists and catalog views are targets that name it, and hold while it is valid."""

    id = UUID(primary_key=True, default=new_key)
    number = Varchar(length=40, unique=True)
    customer = ForeignKey(Customer, null=False, on_delete=OnDelete.cascade, index=True)
    name = Varchar(length=200)
    kind = Varchar(length=20, default="revenue")
    # Days in the shop's time zone, both included; no end means until further notice.
    starts_on = Date()
    ends_on = Date(null=True, default=None, index=True)
    comment = Text(default="")
    # Minor units, net.
    target_revenue = BigInt(null=True, default=None)
    currency = Varchar(length=3, default="EUR")
    # When account managers were told that it ends soon.
    reminded_at = Timestamptz(null=True, default=None)
    version = Integer(default=1)
    created_at = Timestamptz()


class AccountManager(Table, tablename="account_managers"):
    """A staff member who looks after a customer."""

    id = UUID(primary_key=True, default=new_key)
    customer = ForeignKey(Customer, null=False, on_delete=OnDelete.cascade)
    staff_member = ForeignKey(StaffMember, null=False, on_delete=OnDelete.cascade, index=True)

    once_for_each = Unique([customer, staff_member])
