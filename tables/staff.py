"""Staff of the back office (domain.md 1, 15)."""

from piccolo.columns import UUID, Array, Boolean, ForeignKey, Timestamptz, Varchar
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from tables.customers import User
from tables.keys import new_key
from tables.organisations import Organisation


class StaffMember(Table, tablename="staff_members"):
    """A user who may sign in to the back office, and what they may do there."""

    id = UUID(primary_key=True, default=new_key)
    user = ForeignKey(User, null=False, on_delete=OnDelete.cascade, unique=True)
    privileges = Array(base_column=Varchar(length=60), default=list)
    # Only customers of this branch of the tree; null for all (domain.md 11).
    organisation = ForeignKey(Organisation, null=True, default=None, on_delete=OnDelete.restrict, index=True)
    is_active = Boolean(default=True)
    created_at = Timestamptz()
