"""The sessions of a user, for the user: where one is signed in, and ending what should not be (security.md)."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from app.applications import all_applications
from app.visitor import IDLE_DAYS_CUSTOMER, IDLE_MINUTES_STAFF
from tables.engine import DB

# Those that still open something: not over, not idle for too long, of the current epoch.
_ALIVE = f"""
    SELECT s.id, s.application, s.user_agent, s.address_family, s.signed_in_at, s.last_used_at
    FROM sessions s JOIN users u ON u.id = s."user" AND u.session_epoch = s.session_epoch
    WHERE s."user" = $1 AND s.signed_in_at IS NOT NULL AND s.expires_at > now()
      AND s.last_used_at > now() - CASE WHEN s.application = ANY($2) THEN interval '{IDLE_MINUTES_STAFF} minutes'
                                        ELSE interval '{IDLE_DAYS_CUSTOMER} days' END
    ORDER BY s.last_used_at DESC, s.id DESC
"""  # only constants of app.visitor are put in


@dataclass(frozen=True, slots=True)
class OwnSession:
    """A browser in which the user is signed in. Times are UTC."""

    id: uuid.UUID
    application: str
    user_agent: str
    address_family: str
    signed_in_at: datetime
    last_used_at: datetime


async def sessions_of(user_id: uuid.UUID) -> list[OwnSession]:
    """Where the user is signed in now, in all applications, the last used first."""
    of_staff = [one.id for one in all_applications() if one.is_back_office]
    return [OwnSession(**row) for row in await DB.fetch(_ALIVE, user_id, of_staff)]


async def end_own_session(user_id: uuid.UUID, session_id: uuid.UUID) -> bool:
    """Ends one session of the user at once; False when it is not theirs or has ended already."""
    return bool(await DB.execute('DELETE FROM sessions WHERE id = $1 AND "user" = $2', session_id, user_id))


async def end_other_sessions(user_id: uuid.UUID, session_id: uuid.UUID) -> int:
    """Ends all sessions of the user but this one, those included that wait for a second factor; how many."""
    async with DB.transaction():
        # Whoever ends several sessions holds the user first (tables/lock_order.py).
        await DB.execute("SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE", user_id)
        return await DB.execute('DELETE FROM sessions WHERE "user" = $1 AND id <> $2', user_id, session_id)
