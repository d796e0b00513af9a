"""The audit log: append-only, guarded by a trigger (security.md)."""

from piccolo.columns import JSONB, UUID, Text, Timestamptz, Varchar
from piccolo.table import Table

from tables.keys import new_key


class AuditEntry(Table, tablename="audit_entries"):
    """Who did what to whom, when, with what stood before and after.

    Persons and customers are named by id and words, not by foreign key: an entry outlives what it speaks of.
    """

    id = UUID(primary_key=True, default=new_key)
    happened_at = Timestamptz(index=True)
    action = Varchar(length=60, index=True)
    actor_id = UUID(null=True, default=None, index=True)
    actor_name = Text(default="")
    application = Varchar(length=40, default="")
    user_id = UUID(null=True, default=None, index=True)
    customer_id = UUID(null=True, default=None, index=True)
    before = JSONB(default="{}")
    after = JSONB(default="{}")
    reason = Text(default="")
    request_id = Varchar(length=40, default="")
