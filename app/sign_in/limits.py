"""Limits against guessing: per account and per client, counted in the database (security.md, Sign-in).

Counting is one statement, so that parallel tries cannot slip through, and it happens before the password is
looked at.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from litestar.types import Scope

from app.client_address import client_key
from app.errors import TooManyTries
from tables.engine import DB

FAILURES_OF_ACCOUNT = 10
FAILURES_OF_CLIENT = 20
WINDOW_MINUTES = 5
# After so many failures in a row only a password reset opens the account again.
FAILURES_UNTIL_RESET = 100
# Nobody's mailbox is flooded by what strangers may ask for: more mails of one kind in an hour are not sent.
MAILS_IN_AN_HOUR = 5
_AN_HOUR = 60  # minutes

# A try while the account is locked changes nothing: nobody can lock somebody out for longer by knocking on.
# The wait doubles with each lockout, from 1 to 15 minutes, and starts anew after a day of silence.
_UNLESS_LOCKED = f"""
    ON CONFLICT (key) DO UPDATE SET
        window_started_at = CASE WHEN c.blocked_until > now() THEN c.window_started_at
            WHEN c.window_started_at < now() - interval '{WINDOW_MINUTES} minutes' THEN now()
            ELSE c.window_started_at END,
        attempts = CASE WHEN c.blocked_until > now() THEN c.attempts
            WHEN c.window_started_at < now() - interval '{WINDOW_MINUTES} minutes' THEN 1
            WHEN c.attempts >= {FAILURES_OF_ACCOUNT} THEN 0
            ELSE c.attempts + 1 END,
        in_a_row = CASE WHEN c.blocked_until > now() THEN c.in_a_row ELSE c.in_a_row + 1 END,
        blocked_until = CASE WHEN c.blocked_until > now() THEN c.blocked_until
            WHEN c.window_started_at >= now() - interval '{WINDOW_MINUTES} minutes'
                 AND c.attempts >= {FAILURES_OF_ACCOUNT}
            THEN now() + least(15, power(2, CASE WHEN c.updated_at < now() - interval '1 day' THEN 0
                                                 ELSE least(c.lockouts, 10) END)) * interval '1 minute'
            ELSE NULL END,
        lockouts = CASE WHEN c.blocked_until > now() THEN c.lockouts
            WHEN c.window_started_at >= now() - interval '{WINDOW_MINUTES} minutes'
                 AND c.attempts >= {FAILURES_OF_ACCOUNT}
            THEN CASE WHEN c.updated_at < now() - interval '1 day' THEN 1 ELSE c.lockouts + 1 END
            ELSE c.lockouts END,
        updated_at = CASE WHEN c.blocked_until > now() THEN c.updated_at ELSE now() END
    RETURNING coalesce(blocked_until > now(), false) OR in_a_row > {FAILURES_UNTIL_RESET} AS is_locked
"""
_INTO_COUNTERS = (
    "INSERT INTO attempt_counters AS c (key, window_started_at, attempts, in_a_row, lockouts, updated_at)"
)
_COUNT_ACCOUNT = f"{_INTO_COUNTERS} VALUES ($1, now(), 1, 1, 0, now()) {_UNLESS_LOCKED}"
# only constants of this module are put in

_COUNT_CLIENT = """
    INSERT INTO attempt_counters AS c (key, window_started_at, attempts, in_a_row, lockouts, updated_at)
    VALUES ($1, now(), 1, 0, 0, now())
    ON CONFLICT (key) DO UPDATE SET
        window_started_at = CASE WHEN c.window_started_at < now() - $2 * interval '1 minute' THEN now()
                                 ELSE c.window_started_at END,
        attempts = CASE WHEN c.window_started_at < now() - $2 * interval '1 minute' THEN 1
                        ELSE c.attempts + 1 END,
        updated_at = now()
    RETURNING attempts,
        ceil(extract(epoch FROM window_started_at + $2 * interval '1 minute' - now()))::int AS seconds
"""

# Client and account at once, as the front of the statement that reads the account: a sign-in should cost its hash
# and not round trips. A client over its limit counts for no account. The client's row is locked first, here and in
# `app.sign_in.sign_in`: nothing can deadlock. Values: key of the client, minutes, key of the account.
COUNT_SIGN_IN = f"""
    WITH client AS ({_COUNT_CLIENT}),
         account AS ({_INTO_COUNTERS} SELECT $3, now(), 1, 1, 0, now() FROM client
                     WHERE client.attempts <= {FAILURES_OF_CLIENT} {_UNLESS_LOCKED}),
         counted AS (SELECT client.attempts, client.seconds, account.is_locked
                     FROM client LEFT JOIN account ON true)
"""


_COUNT_BOTH = f"{COUNT_SIGN_IN} SELECT attempts, seconds, is_locked FROM counted"


async def count_sign_in(scope: Scope, login_canonical: str) -> bool:
    """Counts a try to sign in for its client and its account; tells whether the account is locked.

    Raises TooManyTries for a client over its limit.
    """
    (row,) = await DB.fetch(
        _COUNT_BOTH, key_of_client(scope, "sign-in"), WINDOW_MINUTES, key_of_account(login_canonical)
    )
    return is_locked_by(row)


def is_locked_by(counted: Mapping[str, Any]) -> bool:
    """Whether the account is locked, as `COUNT_SIGN_IN` has counted. Raises TooManyTries for a client over its
    limit."""
    if counted["attempts"] > FAILURES_OF_CLIENT:
        raise TooManyTries(max(1, counted["seconds"]))
    return bool(counted["is_locked"])


async def is_account_locked(login_canonical: str, what: str = "sign-in") -> bool:
    """Counts a try for an account, existing or not, and tells whether it is locked.

    10 failures in 5 minutes lock it for 1 minute, then 2, 4, 8 and 15; 100 in a row until the password is reset.
    """
    row = await DB.fetch_row(_COUNT_ACCOUNT, key_of_account(login_canonical, what))
    return bool(row and row["is_locked"])


async def clear_account(login_canonical: str, what: str = "sign-in") -> None:
    """Forgets the failures of an account, after a good sign-in or a reset."""
    await DB.execute("DELETE FROM attempt_counters WHERE key = $1", key_of_account(login_canonical, what))


async def uncount_account(login_canonical: str, what: str = "sign-in") -> None:
    """Takes back one try of an account: it was not the one that was meant."""
    await DB.execute(
        "UPDATE attempt_counters SET attempts = greatest(attempts - 1, 0), in_a_row = greatest(in_a_row - 1, 0)"
        " WHERE key = $1",
        key_of_account(login_canonical, what),
    )


async def count_client(
    scope: Scope, what: str, at_most: int = FAILURES_OF_CLIENT, minutes: int = WINDOW_MINUTES
) -> None:
    """Counts a try of a client. Raises TooManyTries beyond `at_most` in `minutes`."""
    await count_key(key_of_client(scope, what), at_most, minutes)


async def uncount_client(scope: Scope, what: str) -> None:
    """Takes back one try of a client: it turned out to be a good one."""
    await DB.execute(
        "UPDATE attempt_counters SET attempts = greatest(attempts - 1, 0) WHERE key = $1",
        key_of_client(scope, what),
    )


async def count_key(key: str, at_most: int, minutes: int) -> None:
    """Counts a try under any key of at most 120 characters. Raises TooManyTries."""
    row = await DB.fetch_row(_COUNT_CLIENT, key, minutes)
    if row is not None and row["attempts"] > at_most:
        raise TooManyTries(max(1, row["seconds"]))


async def has_had_enough_mails(kind: str, email_canonical: str) -> bool:
    """Counts a mail that anybody may ask for, and tells whether this e-mail has had enough of the kind in this hour.

    Who asked is never told: that would say whether an account exists. `kind` has at most 50 characters.
    """
    try:
        await count_key(_key_of_mails(kind, email_canonical), MAILS_IN_AN_HOUR, _AN_HOUR)
    except TooManyTries:
        return True
    return False


async def has_no_room_for_mail(kind: str, email_canonical: str) -> bool:
    """Whether `has_had_enough_mails` would say so of one more mail now; nothing is counted."""
    found = await DB.fetch_value(
        "SELECT EXISTS (SELECT FROM attempt_counters WHERE key = $1 AND attempts >= $2"
        " AND window_started_at >= now() - $3 * interval '1 minute')",
        _key_of_mails(kind, email_canonical),
        MAILS_IN_AN_HOUR,
        _AN_HOUR,
    )
    return bool(found)


def _key_of_mails(kind: str, email_canonical: str) -> str:
    return f"{kind}:{hashlib.sha256(email_canonical.encode()).hexdigest()}"


async def delete_old_counters() -> int:
    """Forgets counters that decide nothing any more; how many there were. What somebody just counts on stays."""
    return await DB.execute(
        "DELETE FROM attempt_counters WHERE key IN (SELECT key FROM attempt_counters"
        " WHERE updated_at < now() - interval '2 days' AND in_a_row <= $1 FOR UPDATE SKIP LOCKED)",
        FAILURES_UNTIL_RESET,
    )


def key_of_client(scope: Scope, what: str) -> str:
    """The counter of a client for one kind of try."""
    return f"client:{what}:{client_key(scope)}"


def key_of_account(login_canonical: str, what: str = "sign-in") -> str:
    """The counter of an account. Hashed: what strangers type as a login is sometimes their password."""
    return f"account:{what}:{hashlib.sha256(login_canonical.encode()).hexdigest()}"
