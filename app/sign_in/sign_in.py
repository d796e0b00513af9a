"""Signing in with login and password (domain.md 3; security.md, Sign-in)."""

import uuid
from dataclasses import dataclass
from typing import Any

from litestar.types import Scope

from app.access import Account, Refusal, refusal
from app.applications import Application
from app.client_address import address_family
from app.customers.emails import canonical_login
from app.metrics import SIGN_INS
from app.sign_in.history import AFTER_NAMED, NAME_USER, user_agent_of
from app.sign_in.limits import COUNT_SIGN_IN, WINDOW_MINUTES, is_locked_by, key_of_account, key_of_client
from app.sign_in.passwords import hash_password, is_outdated, password_matches
from app.sign_in.right_password import RightPassword
from app.visitor import account_of
from tables.engine import DB
from tables.keys import new_key

# What a person can mend or wait for is told before "wrong shop": of several memberships the nearest counts.
_NEAREST = (
    None,
    Refusal.SECOND_FACTOR_NEEDED,
    Refusal.SECOND_FACTOR_MISSING,
    Refusal.EMAIL_NOT_VERIFIED,
    Refusal.REJECTED,
    Refusal.AWAITING_APPROVAL,
    Refusal.DEACTIVATED,
    Refusal.TYPE_MISSING,
    Refusal.WRONG_SHOP,
)

_ACCOUNT = """
    u.id AS user_id, u.login, u.email, u.password_hash, u.first_name, u.last_name,
    u.is_active AS user_is_active, u.email_verified_at IS NOT NULL AS email_is_verified, u.session_epoch,
    m.id AS membership_id, m.is_active AS membership_is_active, m.roles,
    c.id AS customer_id, c.number AS customer_number, c.customer_type, c.approval_status,
    c.is_active AS customer_is_active, co.company_name,
    st.is_active AS staff_is_active, st.privileges, f.id IS NOT NULL AS has_second_factor
"""
_OF_ACCOUNT = """
    LEFT JOIN memberships m ON m."user" = u.id
    LEFT JOIN customers c ON c.id = m.customer
    LEFT JOIN companies co ON co.customer = c.id
    LEFT JOIN staff_members st ON st."user" = u.id
    LEFT JOIN second_factors f ON f."user" = u.id AND f.confirmed_at IS NOT NULL
"""
# Counts the try, and reads the accounts as they are before the password is looked at. Of an unknown login there is
# one row, with what was counted and no user.
_COUNT_AND_FIND = f"""
    {COUNT_SIGN_IN}
    SELECT counted.attempts, counted.seconds, counted.is_locked, {_ACCOUNT}
    FROM counted LEFT JOIN users u ON u.login_canonical = $4 {_OF_ACCOUNT}
    ORDER BY m.created_at
"""  # only constants are put in
_OF_USER = f"""
    SELECT {_ACCOUNT} FROM (SELECT $1::uuid AS id) AS wanted JOIN users u ON u.id = wanted.id {_OF_ACCOUNT}
    ORDER BY m.created_at
"""  # only constants are put in
# Run for every failure, also of a login that nobody has. Noting it makes the database wait for the disk, which takes
# longer than all else here, so that without a user there must be something to write as well: the account's counter,
# which every tried login has, is written as it is. No row comes of it, so nobody fills a table with made-up logins.
# The counter comes after the user (tables/lock_order.py), of whom as many are looked for where there is none.
_NOTE_FAILURE = f"""
    WITH named AS ({NAME_USER.format(user="$3::uuid")}), noted AS (
        INSERT INTO sign_in_attempts (id, "user", application, outcome, user_agent, address_family, attempted_at)
        SELECT $2, $3, $4, $5, $6, $7, now() WHERE $3::uuid IS NOT NULL)
    UPDATE attempt_counters SET updated_at = updated_at WHERE key = $1 AND {AFTER_NAMED}
"""  # only constants are put in


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """Somebody who has proved who they are: as whom they come, and whether they may in.

    By a password: what is still to be noted of it.
    """

    account: Account
    refusal: Refusal | None
    right_password: RightPassword | None = None


async def person_with_password(
    application: Application, login: str, password: str, scope: Scope
) -> KnownPerson | None:
    """The person of that login and password, which is still to be noted; None for a wrong one.

    Unknown login, wrong password and locked account are one answer and cost one hash and the same statements each,
    so that nobody learns, not even by the time it takes, which accounts exist. Raises TooManyTries for a client with
    too many failures, TooBusy when more hashes wait than can be made.
    """
    canonical = canonical_login(login)
    of_client, of_account = key_of_client(scope, "sign-in"), key_of_account(canonical)
    rows = await DB.fetch(_COUNT_AND_FIND, of_client, WINDOW_MINUTES, of_account, canonical)
    is_locked = is_locked_by(rows[0])
    user_id: uuid.UUID | None = rows[0]["user_id"]
    stored: str | None = rows[0]["password_hash"]
    if not await password_matches(None if is_locked else stored, password):
        outcome = "locked" if is_locked else "wrong password"
        await DB.execute(
            _NOTE_FAILURE,
            of_account,
            # The method is the column's default, a password.
            new_key(),
            user_id,
            application.id,
            outcome,
            user_agent_of(scope),
            address_family(scope),
        )
        SIGN_INS.labels(application.id, "refused").inc()
        return None
    person = nearest_account(application, rows)
    outcome = str(person.refusal or "signed in")
    if stored is not None and is_outdated(stored):
        await _hash_anew(person.account.user_id, stored, password)
    SIGN_INS.labels(application.id, outcome).inc()
    right = RightPassword(of_client, of_account, new_key(), outcome)
    return KnownPerson(person.account, person.refusal, right)


async def person_of_user(
    application: Application, user_id: uuid.UUID, *, second_factor_shown: bool = False
) -> KnownPerson | None:
    """A user who has proved in another way who they are: as whom they come, and whether they may in.

    None for a user who has just been deleted.
    """
    rows = await DB.fetch(_OF_USER, user_id)
    return nearest_account(application, rows, second_factor_shown=second_factor_shown) if rows else None


def nearest_account(
    application: Application, rows: list[dict[str, Any]], *, second_factor_shown: bool = False
) -> KnownPerson:
    """Of a user's memberships the one that may use the application, or that comes nearest to it."""
    known = [account_of(row) for row in rows]
    judged = [
        KnownPerson(one, refusal(application, one, second_factor_shown=second_factor_shown)) for one in known
    ]
    return min(judged, key=lambda one: _NEAREST.index(one.refusal))


async def _hash_anew(user_id: uuid.UUID, stored: str, password: str) -> None:
    # Only while the hash is still the one that was checked: a password changed meanwhile must not come back.
    await DB.execute(
        "UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2",
        user_id,
        stored,
        await hash_password(password),
    )
