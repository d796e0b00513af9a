"""Requisitions that nobody has decided in time expire, and their buyers are told (domain.md 10)."""

from app.audit import record
from app.requisitions.mails import mail_decided
from app.requisitions.requisition import requisition_of
from tables.engine import DB

AT_ONCE = 100

_EXPIRE = f"""
    UPDATE requisitions SET state = 'expired', decided_at = expires_at, version = version + 1
    WHERE id IN (
        SELECT id FROM requisitions WHERE state = 'pending' AND expires_at <= now()
        ORDER BY expires_at LIMIT {AT_ONCE} FOR NO KEY UPDATE SKIP LOCKED)
    RETURNING id
"""


async def expire_requisitions() -> int:
    """Lets what is over its time expire, a hundred at once; how many these were.

    Any number of workers may do this at the same time: each takes those that no other one has taken.
    """
    async with DB.transaction():
        rows = await DB.fetch(_EXPIRE)
        for row in rows:
            requisition = await requisition_of(row["id"])
            await record(
                "requisition expired",
                user_id=requisition.user,
                customer_id=requisition.customer,
                before={"state": "pending"},
                after={"number": requisition.number, "state": "expired"},
            )
            await mail_decided(requisition)
    return len(rows)
