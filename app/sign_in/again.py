"""Proving again who one is, before a sensitive change (security.md, Sign-in).

Whoever finds a signed-in browser must not be able to take the account over with it. The limits are those of
signing in, since a password could be guessed here as well.
"""

import uuid

from litestar.types import Scope

from app.access import Account
from app.applications import Application
from app.customers.emails import canonical_login
from app.sign_in.history import Method, note_attempt
from app.sign_in.limits import clear_account, count_sign_in, uncount_client
from app.sign_in.passwords import password_matches
from tables.engine import DB

# What the history says of a proof that began no new session.
CONFIRMED = "confirmed"


async def prove_by_password(
    application: Application, account: Account, session_id: uuid.UUID, password: str, scope: Scope
) -> bool:
    """Whether this is the account's password; then the session counts as proved anew for 5 minutes.

    A wrong password and a locked account are one answer. Raises TooManyTries and TooBusy.
    """
    canonical = canonical_login(account.login)
    is_locked = await count_sign_in(scope, canonical)
    stored = await DB.fetch_value("SELECT password_hash FROM users WHERE id = $1", account.user_id)
    if not await password_matches(None if is_locked else stored, password):
        outcome = "locked" if is_locked else "wrong password"
        await note_attempt(account.user_id, application, outcome, Method.PASSWORD, scope)
        return False
    async with DB.transaction():
        await note_proof(application, account, session_id, Method.PASSWORD, scope)
        await uncount_client(scope, "sign-in")
        await clear_account(canonical)
    return True


async def note_proof(
    application: Application, account: Account, session_id: uuid.UUID, method: Method, scope: Scope
) -> None:
    """Renews the proof of this session only, after a right password or passkey. Never after a code alone."""
    # The history locks the user's row a little. The user comes before their sessions, as where all of them end.
    await note_attempt(account.user_id, application, CONFIRMED, method, scope)
    await DB.execute("UPDATE sessions SET authenticated_at = now() WHERE id = $1", session_id)


async def has_password(user_id: uuid.UUID) -> bool:
    """Whether the user has a password at all; some only use codes or passkeys."""
    return bool(await DB.fetch_value("SELECT password_hash IS NOT NULL FROM users WHERE id = $1", user_id))
