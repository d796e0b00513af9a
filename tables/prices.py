"""Price lists. Amounts are minor units of the list's currency (domain.md 8)."""

from piccolo.columns import UUID, BigInt, Boolean, ForeignKey, Integer, Numeric, Timestamptz, Varchar
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from tables.catalog import Product
from tables.keys import new_key


class PriceList(Table, tablename="price_lists"):
    """Prices for a target group, while it is valid."""

    id = Varchar(length=60, primary_key=True)
    name = Varchar(length=200)
    currency = Varchar(length=3, default="EUR")
    is_net = Boolean(default=True)
    priority = Integer(default=0)
    valid_from = Timestamptz(null=True, default=None)
    valid_to = Timestamptz(null=True, default=None)
    is_active = Boolean(default=True)
    version = Integer(default=1)


class PriceEntry(Table, tablename="price_entries"):
    """The price of a product from a quantity on: fixed, or a percentage off the price for everyone."""

    id = UUID(primary_key=True, default=new_key)
    price_list = ForeignKey(PriceList, null=False, on_delete=OnDelete.cascade)
    product = ForeignKey(Product, null=False, on_delete=OnDelete.cascade, index=True)
    quantity_from = Integer(default=1)
    # Exactly one of the two is given.
    amount = BigInt(null=True, default=None)
    percent_off = Numeric(digits=(5, 2), null=True, default=None)
    valid_from = Timestamptz(null=True, default=None)
    valid_to = Timestamptz(null=True, default=None)
    version = Integer(default=1)
