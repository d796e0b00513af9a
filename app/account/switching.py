"""Several customers, one login: for which of them a person acts now (domain.md 10)."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from app.access import Account, Refusal
from app.other_customers import accounts_of
from app.segments.recurring import lock_who_comes_back, note_who_comes_back
from app.visitor import Visitor
from tables.engine import DB


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A customer for whom a person may act here, or will once the refusal is gone."""

    number: str
    name: str
    is_current: bool
    refusal: Refusal | None


# Only to an own membership with which the sign-in would have succeeded: the gate is asked again at the next
# request anyhow, but a person must not lock themself out by a choice. Nobody looks on as a role elsewhere.
_SWITCH = """
    WITH place AS (
        -- Held before the session: who takes the place away ends the sessions afterwards.
        SELECT m.id, m."user" FROM memberships m JOIN customers c ON c.id = m.customer
        WHERE m.id = $2 AND m.is_active AND c.is_active FOR KEY SHARE OF m
    )
    UPDATE sessions SET membership = p.id, view_as_role = ''
    FROM place p WHERE sessions.id = $1 AND p."user" = sessions."user"
"""


async def choices_of(visitor: Visitor) -> list[Choice]:
    """The customers for whom the signed-in visitor may act in this application, by name.

    Those that are of no use here (another shop's, deactivated) are left out; one that awaits approval is shown,
    since its people look for it.
    """
    return [
        Choice(
            number=account.customer_number,
            name=account.company_name or account.name,
            is_current=visitor.account is not None and account.membership_id == visitor.account.membership_id,
            refusal=reason,
        )
        for account, reason in await accounts_of(visitor)
        if reason in (None, Refusal.AWAITING_APPROVAL, Refusal.REJECTED)
    ]


async def switch_customer(visitor: Visitor, number: str) -> str | None:
    """Lets the visitor act for another of their customers from the next request on, in this session.

    The customer's name; None for one for which they may not act here (also when there is none). As at a sign-in the
    customer may become recurring, and its segments are brought up to date (domain.md 7).
    """
    if visitor.session is None or visitor.session.signed_in_at is None:
        return None
    for account, reason in await accounts_of(visitor):
        if account.customer_number == number and reason is None:
            is_done = await _act_for(account, visitor.session.id, visitor.session.signed_in_at)
            return (account.company_name or account.name) if is_done else None
    return None


async def _act_for(account: Account, session_id: uuid.UUID, signed_in_at: datetime) -> bool:
    if account.customer_id is None:
        return False
    async with DB.transaction():
        await lock_who_comes_back(account.customer_id, signed_in_at)
        if not await DB.execute(_SWITCH, session_id, account.membership_id):
            return False
        await note_who_comes_back(account.customer_id, signed_in_at)
        return True
