"""People whom a company has removed, for the days in which that can still be put right (domain.md 2, 9)."""

from piccolo.columns import JSONB, UUID, Boolean, ForeignKey, Timestamptz, Varchar
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from tables.customers import Customer, User
from tables.keys import new_key


class Departure(Table, tablename="departures"):
    """Somebody who was a user of a customer, and how their place was."""

    id = UUID(primary_key=True, default=new_key)
    user = ForeignKey(User, null=False, on_delete=OnDelete.cascade, index=True)
    customer = ForeignKey(Customer, null=False, on_delete=OnDelete.cascade, index=True)
    # The rows of the membership and of the person's own addresses there, as they were.
    membership = JSONB()
    addresses = JSONB(default="[]")
    # What was given up by who belongs to no customer any more, so that anybody can register with it; "" for who
    # still has another customer. The user has a name of no use meanwhile (app/customers/departures.py).
    login = Varchar(length=320, default="")
    login_canonical = Varchar(length=400, default="")
    email = Varchar(length=320, default="")
    email_canonical = Varchar(length=400, default="", index=True)
    # Whether the shop let the user in at all before; only staff change that.
    user_is_active = Boolean(default=True)
    removed_at = Timestamptz()
    removed_by = ForeignKey(User, null=True, default=None, on_delete=OnDelete.set_null, index=True)
    # From then on the worker deletes what is kept.
    kept_until = Timestamptz(index=True)
