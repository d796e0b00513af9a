"""Claiming: orders that somebody placed as a guest become those of their account (domain.md 4)."""

from app.audit import record
from app.customers.emails import canonical_email
from app.segments.recurring import lock_for_first_order, note_first_order
from app.visitor import Visitor
from tables.engine import DB


async def claimable_orders(visitor: Visitor) -> int:
    """How many guest orders of this application have the signed-in person's own e-mail."""
    if visitor.account is None or not visitor.is_signed_in:
        return 0
    found: int = await DB.fetch_value(
        'SELECT count(*) FROM orders WHERE customer IS NULL AND "user" IS NULL'
        " AND email_canonical = $1 AND application = $2",
        canonical_email(visitor.account.email),
        visitor.application.id,
    )
    return found


async def claim_guest_orders(visitor: Visitor) -> int:
    """Gives the person the guest orders of this application with their own e-mail; how many there were.

    Only who has verified the e-mail gets them: the access gate lets in nobody else, and it is asked here again.
    """
    account = visitor.account
    if account is None or account.customer_id is None or not visitor.is_signed_in:
        return 0
    if not account.email_is_verified:
        return 0
    async with DB.transaction():
        await lock_for_first_order(account.customer_id)
        rows = await DB.fetch(
            """
            UPDATE orders SET customer = $1, "user" = $2, version = version + 1
            WHERE customer IS NULL AND "user" IS NULL AND email_canonical = $3 AND application = $4
            RETURNING number
            """,
            account.customer_id,
            account.user_id,
            canonical_email(account.email),
            visitor.application.id,
        )
        if rows:
            # Limits for each customer count from now on what the person has used as a guest.
            await DB.execute(
                "UPDATE promotion_uses SET used_by = $1 WHERE order_number = ANY($2::text[])",
                str(account.customer_id),
                [row["number"] for row in rows],
            )
            await note_first_order(account.customer_id)
            await record(
                "guest orders claimed",
                visitor=visitor,
                user_id=account.user_id,
                customer_id=account.customer_id,
                after={"numbers": sorted(row["number"] for row in rows)},
            )
        return len(rows)
