"""Links that act for a person once: verification, reset, invitation (security.md, Tokens in links).

A link carries the signed id of a row; the row decides whether the link still works. Looking at the page of a
link changes nothing, since mail scanners open links; only the POST of that page consumes it, in the
transaction of what it does.
"""

import hashlib
import uuid
from enum import StrEnum
from typing import Any

import msgspec
from itsdangerous import BadSignature, URLSafeTimedSerializer

from app.applications import Application
from app.settings import settings
from tables.engine import DB
from tables.keys import new_key


class Purpose(StrEnum):
    """What a link does. A token of one purpose is nothing to another."""

    VERIFY_EMAIL = "verify-email"
    # Chosen again after forgetting, and chosen first by somebody whom the shop has entered: the same page.
    RESET_PASSWORD = "reset-password"  # the name of a purpose
    CORRECT_APPLICATION = "correct-application"
    CONFIRM_NEWSLETTER = "confirm-newsletter"
    CHANGE_EMAIL = "change-email"
    UNDO_EMAIL_CHANGE = "undo-email-change"
    # Takes a person who is signed in in one shop to the registration of a company in another.
    ADD_COMPANY = "add-company"


class TokenState(StrEnum):
    """What became of a link."""

    VALID = "valid"
    USED = "used"
    EXPIRED = "expired"
    INVALID = "invalid"


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """What a link stands for."""

    id: uuid.UUID
    user_id: uuid.UUID
    customer_id: uuid.UUID | None
    application: str
    details: dict[str, Any]
    state: TokenState


_INSERT = """
    INSERT INTO link_tokens (id, purpose, "user", customer, application, details, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, now(), now() + $7 * interval '1 minute')
"""
_COLUMNS = 'id, "user" AS user_id, customer AS customer_id, application, details::text AS details'
_LOOK_UP = f"""
    SELECT {_COLUMNS},
           CASE WHEN used_at IS NOT NULL THEN 'used'
                WHEN revoked_at IS NOT NULL THEN 'invalid'
                WHEN expires_at <= now() THEN 'expired'
                ELSE 'valid' END AS state
    FROM link_tokens WHERE id = $1 AND purpose = $2 AND application = $3
"""  # only constants of this module are put in
_LOCK_USER = """
    SELECT FROM users WHERE id = (SELECT "user" FROM link_tokens WHERE id = $1) FOR NO KEY UPDATE
"""
_CONSUME = f"""
    UPDATE link_tokens SET used_at = now()
    WHERE id = $1 AND purpose = $2 AND application = $3
      AND used_at IS NULL AND revoked_at IS NULL AND expires_at > now()
    RETURNING {_COLUMNS}, 'valid' AS state
"""  # only constants of this module are put in


async def issue(
    purpose: Purpose,
    user_id: uuid.UUID,
    application: Application,
    minutes: int,
    *,
    customer_id: uuid.UUID | None = None,
    details: dict[str, Any] | None = None,
) -> str:
    """Makes a link in the current transaction and gives its token. It works for `minutes`, once, in
    this application only."""
    key = new_key()
    stored = msgspec.json.encode(details or {}).decode()
    await DB.execute(_INSERT, key, purpose.value, user_id, customer_id, application.id, stored, minutes)
    return _serializer(purpose).dumps(key.hex)


async def look_up(token: str, purpose: Purpose, application: Application) -> Link | None:
    """What a token stands for and what became of it; None when nobody made it. Changes nothing."""
    key = _key_of(token, purpose)
    return None if key is None else _link(await DB.fetch_row(_LOOK_UP, key, purpose.value, application.id))


async def state_of(token: str, purpose: Purpose, application: Application) -> TokenState:
    """Whether a link still works, and if not, why."""
    link = await look_up(token, purpose, application)
    return link.state if link is not None else TokenState.INVALID


async def consume(token: str, purpose: Purpose, application: Application) -> Link | None:
    """Uses a link up, in the current transaction; None when it does not work (any more).

    Of two that come at once one gets the link, the other waits for its transaction and gets None. The user is
    locked before the link: what links do to one user happens one after another, and never in a circle.
    """
    key = _key_of(token, purpose)
    if key is None:
        return None
    await DB.execute(_LOCK_USER, key)
    return _link(await DB.fetch_row(_CONSUME, key, purpose.value, application.id))


async def revoke_links_of(user_id: uuid.UUID, *purposes: Purpose) -> None:
    """Ends the unused links of a user with these purposes, in the current transaction."""
    await DB.execute(
        "UPDATE link_tokens SET revoked_at = now()"
        ' WHERE "user" = $1 AND purpose = ANY($2) AND used_at IS NULL AND revoked_at IS NULL',
        user_id,
        [one.value for one in purposes],
    )


def _key_of(token: str, purpose: Purpose) -> uuid.UUID | None:
    if len(token) > 300:
        return None
    try:
        return uuid.UUID(hex=_serializer(purpose).loads(token))
    except (BadSignature, ValueError, TypeError, AttributeError):
        return None


def _serializer(purpose: Purpose) -> URLSafeTimedSerializer:
    # The time stands in the row, with the database's clock. Keys are oldest first here, so that links signed
    # with an older key work until that key is taken out of the settings.
    return URLSafeTimedSerializer(
        list(reversed(settings().secret_keys)),
        salt=f"patron.link.{purpose.value}",
        signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
    )


def _link(row: dict[str, Any] | None) -> Link | None:
    if row is None:
        return None
    return Link(
        id=row["id"],
        user_id=row["user_id"],
        customer_id=row["customer_id"],
        application=row["application"],
        details=msgspec.json.decode(row["details"]),
        state=TokenState(row["state"]),
    )
