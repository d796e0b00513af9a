"""Which logins may be taken: those of nobody, and none that somebody can still have back.

Who changes the e-mail can undo it for some days by a mail to the old address. Until then nobody else gets the
old login: a thief could else lock the owner out by registering with it.
"""

import uuid
from dataclasses import dataclass

from tables.engine import DB

# The row of an undo link names the login that it gives back (app/account/change_email.py).
_KEPT = """
    FROM link_tokens t JOIN users u ON u.id = t."user"
    WHERE t.purpose = 'undo-email-change' AND t.details ->> 'login_canonical' = $1
      AND t.used_at IS NULL AND t.revoked_at IS NULL AND t.expires_at > now()
"""
_IS_TAKEN = f"""
    SELECT EXISTS (SELECT FROM users WHERE login_canonical = $1 AND id IS DISTINCT FROM $2)
        OR EXISTS (SELECT {_KEPT} AND t."user" IS DISTINCT FROM $2)
"""  # only constants of this module are put in
_KEPT_FOR = f"""
    SELECT t."user" AS user_id, t.details ->> 'email' AS email {_KEPT}
    ORDER BY t.expires_at DESC LIMIT 1
"""  # only constants of this module are put in


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLogin:
    """A login that waits for its user: who that is, and the address that a link to undo went to."""

    user_id: uuid.UUID
    email: str


async def lock_logins(*canonical: str) -> None:
    """Lets nobody else take or give up these logins until the current transaction ends."""
    for one in sorted(set(canonical)):
        await DB.execute("SELECT pg_advisory_xact_lock(hashtextextended('login:' || $1::text, 0))", one)


async def is_login_taken(canonical: str, except_for: uuid.UUID | None = None) -> bool:
    """Whether somebody else than `except_for` has the login or can have it back. Lock it before it is taken."""
    return bool(await DB.fetch_value(_IS_TAKEN, canonical, except_for))


async def login_kept_for(canonical: str) -> KeptLogin | None:
    """For whom a login is kept, or None."""
    row = await DB.fetch_row(_KEPT_FOR, canonical)
    return KeptLogin(user_id=row["user_id"], email=row["email"]) if row is not None else None
