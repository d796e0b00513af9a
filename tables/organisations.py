"""Organisations: a tree above business customers (domain.md 11)."""

from piccolo.columns import UUID, Array, ForeignKey, Integer, Text, Timestamptz, Varchar
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from tables.keys import new_key


class Organisation(Table, tablename="organisations"):
    """A node of the tree, for example a region or a branch. What is aimed at it holds for all below."""

    id = UUID(primary_key=True, default=new_key)
    name = Varchar(length=200)
    # What kind of unit it is, in the shop's own words: region, branch, department, …
    kind = Varchar(length=80, default="")
    description = Text(default="")
    parent: "ForeignKey[Organisation]" = ForeignKey(
        "self", null=True, default=None, on_delete=OnDelete.restrict, index=True
    )
    # The ids from the root down to this node, itself included; kept by whoever moves a branch.
    path = Array(base_column=UUID(), default=list)
    # A segment that is a customer group; "" for the parent's.
    customer_group = Varchar(length=60, default="")
    version = Integer(default=1)
    created_at = Timestamptz()
