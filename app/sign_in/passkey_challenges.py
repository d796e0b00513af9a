"""What a passkey has to sign: random bytes that are answered once, soon, by the browser that asked (WebAuthn 13.4.3).

The browser keeps the id of the challenge in a cookie; the row decides whether it still counts.
"""

import secrets
import uuid
from dataclasses import dataclass
from enum import StrEnum

from app.applications import Application
from tables.engine import DB
from tables.keys import new_key

MINUTES = 5
# What the library raises by its own names for some faults of an answer; anybody can send anything as one, also a
# thousand brackets.
BROKEN_ANSWER = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


class Purpose(StrEnum):
    """What the answer is for. A challenge of one purpose is nothing to another."""

    ADD = "add"
    SIGN_IN = "sign_in"
    SECOND_FACTOR = "second_factor"
    # Proving anew who one is, before a sensitive change.
    AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Challenge:
    """The bytes to sign, and the id that the browser keeps."""

    id: uuid.UUID
    challenge: bytes


async def new_challenge(
    application: Application, purpose: Purpose, user_id: uuid.UUID | None = None
) -> Challenge:
    """Makes a challenge; `user_id` is None while nobody is known yet."""
    made = Challenge(new_key(), secrets.token_bytes(32))
    await DB.execute(
        'INSERT INTO passkey_challenges (id, challenge, "user", application, purpose, expires_at)'
        " VALUES ($1, $2, $3, $4, $5, now() + $6 * interval '1 minute')",
        made.id,
        made.challenge,
        user_id,
        application.id,
        purpose.value,
        MINUTES,
    )
    return made


async def use_challenge(
    application: Application, purpose: Purpose, key: str, user_id: uuid.UUID | None = None
) -> bytes | None:
    """Uses a challenge up, whatever the answer to it is worth; None when it does not count (any more)."""
    try:
        challenge_id = uuid.UUID(key)
    except ValueError:
        return None
    row = await DB.fetch_row(
        "DELETE FROM passkey_challenges WHERE id = $1 AND application = $2 AND purpose = $3"
        ' AND "user" IS NOT DISTINCT FROM $4 AND expires_at > now() RETURNING challenge',
        challenge_id,
        application.id,
        purpose.value,
        user_id,
    )
    return bytes(row["challenge"]) if row is not None else None


async def delete_old_challenges() -> int:
    """Deletes challenges that nobody has answered; how many there were. A job of the worker."""
    return await DB.execute("DELETE FROM passkey_challenges WHERE expires_at < now()")
