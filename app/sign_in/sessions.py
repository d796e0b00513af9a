"""Sessions: their begin and end (security.md, Sessions).

The cookie holds 32 random bytes and the table only their SHA-256, so that nobody who reads the table can use
a session. An id that the table does not know is nothing: planted ids are never adopted.
"""

import secrets
import uuid
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response

from app.access import Account, SignInNeeded
from app.applications import Application
from app.basket.merging import merge_baskets
from app.basket.owner import basket_token
from app.client_address import address_family
from app.segments.recurring import LOCK_WHO_COMES_BACK, RECURRING_FROM_NOW
from app.segments.segmentation_services import can_segments_change, update_segments_of
from app.sign_in.history import user_agent_of
from app.sign_in.known_devices import NOTE_DEVICE, device_token, hash_of_device_token, keep_device_token
from app.sign_in.right_password import NOTE_RIGHT_PASSWORD, RightPassword
from app.versions import Subject
from app.visitor import Visitor, hash_of_session_token
from tables.engine import DB
from tables.keys import new_key

ABSOLUTE_HOURS_CUSTOMER = 30 * 24
ABSOLUTE_HOURS_STAFF = 12
# So long may somebody look for their second factor.
MINUTES_FOR_SECOND_FACTOR = 10

# The customer for whom the person comes, if any, and when they sign in (app/segments/recurring.py).
_BUYER = {"customer": "$12::uuid", "signed_in_at": "now()"}
# One statement: the session that the request came with ends, the new one begins, and the sign-in is noted, for the
# customer too. The epoch is the one that was read before the password was looked at: after a reset meanwhile
# nothing begins. It locks customer, membership and user in this order, as everybody who ends sessions does
# (tables/lock_order.py).
_BEGIN = f"""
    WITH {{proof}} buyer AS ({LOCK_WHO_COMES_BACK.format(**_BUYER)}),
         place AS (SELECT FROM memberships WHERE id = $5 FOR KEY SHARE),
         old AS (DELETE FROM sessions WHERE id = $1),
         person AS (UPDATE users SET last_signed_in_at = CASE WHEN $7 THEN now() ELSE last_signed_in_at END
                    WHERE id = $4 AND session_epoch = $11
                      -- Always true: both are locked before the user is.
                      AND (SELECT count(*) FROM buyer) + (SELECT count(*) FROM place) >= 0
                    RETURNING id, session_epoch),
         recurring AS ({RECURRING_FROM_NOW.format(**_BUYER)} AND EXISTS (SELECT FROM person)),
         device AS ({NOTE_DEVICE})
    INSERT INTO sessions (id, token_hash, "user", membership, application, session_epoch, signed_in_at,
                          authenticated_at, user_agent, address_family, created_at, last_used_at, expires_at)
    SELECT $2, $3, p.id, $5, $6, p.session_epoch, CASE WHEN $7 THEN now() END, now(), $8, $9, now(), now(),
           now() + $10 * interval '1 minute'
    FROM person p
    RETURNING coalesce((SELECT number FROM data_versions WHERE subject = '{Subject.SEGMENTS}'), 0) AS segments
"""  # only constants are put in
_BEGIN_BY_PASSWORD = _BEGIN.format(
    proof=NOTE_RIGHT_PASSWORD.format(
        client="$15",
        account="$16",
        attempt="$17",
        outcome="$18",
        user="$4",
        application="$6",
        user_agent="$8",
        address_family="$9",
    )
    + ","
)
_BEGIN_OTHERWISE = _BEGIN.format(proof="")


_KEEP = """
    UPDATE sessions s SET token_hash = $2, session_epoch = u.session_epoch, authenticated_at = now()
    FROM users u WHERE s.id = $1 AND u.id = s."user"
"""

_DELETE_EXPIRED = """
    DELETE FROM sessions WHERE id IN (
        SELECT id FROM sessions WHERE expires_at < now() OR last_used_at < now() - interval '14 days'
        FOR UPDATE SKIP LOCKED)
"""


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session that has begun: its token goes to the browser and nowhere else."""

    token: str
    application: Application
    # By which the browser is known next time; "" while a second factor is still to be shown.
    device: str = ""

    def keep_on(self, answer: Response[Any]) -> None:
        """Sends the cookie. It lasts as long as a session can; the table decides when it is over before that."""
        application = self.application
        answer.set_cookie(
            application.cookie_name("session"),
            self.token,
            path=application.cookie_path,
            max_age=_absolute_minutes(application) * 60,
            secure=application.is_secure,
            httponly=True,
            samesite="strict" if application.is_back_office else "lax",
        )
        if self.device:
            keep_device_token(answer, application, self.device)


async def begin_session(
    request: Request[Any, Any, Any],
    account: Account,
    *,
    is_complete: bool,
    right_password: RightPassword | None = None,
) -> NewSession:
    """Begins a session under a new id; the one that the request came with ends. In one transaction with that the
    customer's segments are brought up to date (domain.md 7, Update), its basket is merged, and a right password
    noted.

    A session that is not complete waits for the second factor and opens nothing else. Raises SignInNeeded when
    all sessions of the user were ended since the password was looked at, for example by a reset.
    """
    visitor: Visitor = request.scope["visitor"]  # type: ignore[typeddict-item]  # put there by app.main
    application = visitor.application
    token = secrets.token_urlsafe(32)
    device = device_token(application, request) if is_complete else ""
    customer = account.customer_id if is_complete else None
    basket = basket_token(application, request) if customer is not None else ""
    # Most sign-ins have nothing else to do: their one statement is a transaction by itself.
    is_all = customer is None or not (basket or await can_segments_change(visitor.versions))
    async with nullcontext() if is_all else DB.transaction():
        if customer is not None:
            # Baskets are locked before users (tables/lock_order.py).
            await merge_baskets(application, account, basket)
        begun = await DB.fetch_row(
            _BEGIN_BY_PASSWORD if right_password is not None else _BEGIN_OTHERWISE,
            visitor.session.id if visitor.session is not None else None,
            new_key(),
            hash_of_session_token(token),
            account.user_id,
            account.membership_id,
            application.id,
            is_complete,
            user_agent_of(request.scope),
            address_family(request.scope),
            _absolute_minutes(application) if is_complete else MINUTES_FOR_SECOND_FACTOR,
            account.session_epoch,
            customer,
            new_key(),
            hash_of_device_token(device) if device else None,
            *(right_password.values if right_password is not None else ()),
        )
        if begun is None:
            raise SignInNeeded
        # A rule may also have been made since this request began.
        if customer is not None and (
            not is_all or begun["segments"] != visitor.versions.get(Subject.SEGMENTS, 0)
        ):
            await update_segments_of(customer)
    return NewSession(token, application, device)


async def end_session(session_id: uuid.UUID) -> None:
    """Ends one session at once."""
    await DB.execute("DELETE FROM sessions WHERE id = $1", session_id)


async def end_sessions_of(user_id: uuid.UUID) -> None:
    """Ends all sessions of a user, those included that a request is just beginning: the epoch moves on."""
    await DB.execute("UPDATE users SET session_epoch = session_epoch + 1 WHERE id = $1", user_id)
    await DB.execute('DELETE FROM sessions WHERE "user" = $1', user_id)


async def keep_only_this_session(visitor: Visitor) -> NewSession:
    """Ends all other sessions of the visitor, in the current transaction, after the epoch was raised; this one
    goes on under a new id and counts as proved now. Raises SignInNeeded when it has just ended."""
    if visitor.session is None or visitor.account is None:
        raise SignInNeeded
    token = secrets.token_urlsafe(32)
    kept = await DB.execute(_KEEP, visitor.session.id, hash_of_session_token(token))
    if not kept:
        raise SignInNeeded
    await DB.execute(
        'DELETE FROM sessions WHERE "user" = $1 AND id <> $2', visitor.account.user_id, visitor.session.id
    )
    return NewSession(token, visitor.application)


async def keep_session_alive(session_id: uuid.UUID) -> None:
    """Notes that a session is in use; at most one write a minute. A session that has ended stays ended."""
    await DB.execute(
        "UPDATE sessions SET last_used_at = now()"
        " WHERE id = $1 AND last_used_at < now() - interval '1 minute'",
        session_id,
    )


async def delete_expired_sessions() -> int:
    """Deletes sessions that are over; how many there were. Those that somebody is just ending are left to them."""
    return await DB.execute(_DELETE_EXPIRED)


def forget_session(answer: Response[Any], application: Application) -> None:
    """Deletes the cookie of the session."""
    answer.delete_cookie(application.cookie_name("session"), path=application.cookie_path)


def _absolute_minutes(application: Application) -> int:
    return 60 * (ABSOLUTE_HOURS_STAFF if application.is_back_office else ABSOLUTE_HOURS_CUSTOMER)
