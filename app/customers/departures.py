"""Leaving a customer, for some days so that it can be put right: nothing that was stored is lost (domain.md 2, 9).

Whoever is removed is out at once, and who then belongs to no customer gives up the login: anybody can register with
it, and sign-in, mails and links know the person no more than a stranger. Their row stays for some days under a name
of no use, with their orders, addresses and factors, and the departure keeps how their place was. Until then staff
can move them to another customer (app/customers/moving.py) or put the removal right; then the worker deletes what
is left.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from app.customers.free_logins import is_login_taken, lock_logins
from app.customers.permissions import BUILT_IN_ROLES
from app.errors import Conflict
from tables.engine import DB
from tables.keys import new_key


class LoginTakenMeanwhile(Exception):
    """Somebody else has registered with the login of a user who is to come back; nothing has changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerUser:
    """Somebody who was a user of a customer and can still come back. `login` is "" for who still has it; times are
    UTC."""

    user_id: uuid.UUID
    name: str
    login: str
    email: str
    removed_at: datetime
    removed_by: str
    kept_until: datetime


def has_given_up_login(user: str) -> str:
    """Whether a user belongs to no customer any more and can only be brought back by staff, as a part of a
    statement. `user` is the name of a column or parameter of the statement, never what somebody has typed."""
    return f"EXISTS (SELECT FROM departures gone WHERE gone.\"user\" = {user} AND gone.login <> '')"


_NAME = "coalesce(nullif(trim({one}.first_name || ' ' || {one}.last_name), ''), {login})"
_FORMER_USERS = f"""
    SELECT u.id AS user_id, {_NAME.format(one="u", login="nullif(l.login, ''), u.login")} AS name,
           coalesce(l.login, '') AS login, coalesce(l.email, u.email) AS email, d.removed_at,
           coalesce({_NAME.format(one="r", login="r.login")}, '') AS removed_by, d.kept_until
    FROM departures d JOIN users u ON u.id = d."user" LEFT JOIN users r ON r.id = d.removed_by
    LEFT JOIN departures l ON l."user" = d."user" AND l.login <> ''
    WHERE d.customer = $1 AND d.kept_until > now()
      AND NOT EXISTS (SELECT FROM memberships m WHERE m.customer = d.customer AND m."user" = d."user")
    ORDER BY d.removed_at DESC, d.id DESC
"""
_KEEP = """
    INSERT INTO departures (id, "user", customer, membership, addresses, removed_at, removed_by, kept_until)
    SELECT $2, m."user", m.customer, to_jsonb(m),
           coalesce((SELECT jsonb_agg(to_jsonb(a) ORDER BY a.created_at, a.id) FROM addresses a
                     WHERE a.membership = m.id), '[]'), now(), $3, now() + make_interval(days => $4)
    FROM memberships m WHERE m.id = $1
"""
_IS_NEEDED_ELSEWHERE = """
    SELECT EXISTS (SELECT FROM memberships WHERE "user" = $1)
        OR EXISTS (SELECT FROM staff_members WHERE "user" = $1)
"""
_KEEP_LOGIN = """
    UPDATE departures d SET login = u.login, login_canonical = u.login_canonical, email = u.email,
        email_canonical = u.email_canonical, user_is_active = u.is_active
    FROM users u WHERE d.id = $1 AND u.id = d."user" RETURNING d.login_canonical
"""
# Mail can never go there (RFC 6761, 6.4).
_GIVE_UP_LOGIN = """
    UPDATE users SET login = 'removed-' || id, login_canonical = 'removed-' || id,
        email = 'removed-' || id || '@removed.invalid', email_canonical = 'removed-' || id || '@removed.invalid',
        is_active = false, version = version + 1
    WHERE id = $1
"""
# What would act for the person without their login.
_END = (
    'UPDATE link_tokens SET revoked_at = now() WHERE "user" = $1 AND used_at IS NULL AND revoked_at IS NULL',
    'DELETE FROM sign_in_codes WHERE "user" = $1',
    'DELETE FROM passkey_challenges WHERE "user" = $1',
    'UPDATE known_devices SET is_to_be_told = false WHERE "user" = $1 AND is_to_be_told',
    "DELETE FROM join_requests WHERE \"user\" = $1 AND state = 'pending'",
)
_TAKE_LOGIN_BACK = """
    UPDATE users u SET login = d.login, login_canonical = d.login_canonical, email = d.email,
        email_canonical = d.email_canonical, is_active = d.user_is_active, version = u.version + 1
    FROM departures d WHERE d.id = $1 AND u.id = d."user" RETURNING u.is_active
"""
_FORGET_LOGIN = """
    UPDATE departures SET login = '', login_canonical = '', email = '', email_canonical = '' WHERE id = $1
"""
# Roles may have been deleted since, who stood in may have left, and the customer may have been merged into another.
_PUT_BACK = """
    INSERT INTO memberships
    SELECT m.* FROM departures d, jsonb_populate_record(NULL::memberships, d.membership || jsonb_build_object(
        'user', d."user", 'customer', d.customer, 'version', (d.membership ->> 'version')::int + 1,
        'roles', (SELECT coalesce(jsonb_agg(has.role ORDER BY has.n), '[]')
                  FROM jsonb_array_elements_text(d.membership -> 'roles') WITH ORDINALITY AS has (role, n)
                  WHERE has.role = ANY($2::text[]) OR EXISTS (SELECT FROM company_roles r
                        WHERE r.customer = d.customer AND r.id::text = has.role)),
        'stand_in', (SELECT s.id FROM memberships s WHERE s.customer = d.customer
                                                      AND s.id = (d.membership ->> 'stand_in')::uuid))) m
    WHERE d.id = $1
    RETURNING id, is_active
"""
_PUT_ADDRESSES_BACK = """
    INSERT INTO addresses
    SELECT a.* FROM departures d, jsonb_array_elements(d.addresses) one,
        jsonb_populate_record(NULL::addresses, one || jsonb_build_object('customer', d.customer)) a
    WHERE d.id = $1
"""
_PUT_REQUISITIONS_BACK = """
    UPDATE requisitions r SET membership = $2 FROM departures d
    WHERE d.id = $1 AND r."user" = d."user" AND r.customer = d.customer AND r.membership IS NULL
"""
# Who has given up the login waits for the last departure, so that no other one is cut short.
_DUE = """
    SELECT d.id, d."user", d.customer FROM departures d
    WHERE d.kept_until <= now() AND (d.login = '' OR NOT EXISTS (
        SELECT FROM departures o WHERE o."user" = d."user" AND o.kept_until > now()))
    ORDER BY d.kept_until LIMIT 1000
"""
# In the order in which moving locks them (app/customers/joining_rows.py); nobody else of the customer is concerned.
_LOCK = (
    ('SELECT FROM baskets WHERE "user" = $1 ORDER BY id FOR UPDATE', "user"),
    ("SELECT FROM customers WHERE id = $1 FOR NO KEY UPDATE", "customer"),
    ("SELECT FROM users WHERE id = $1 FOR UPDATE", "user"),
)
_FORGET_BASKETS = """
    DELETE FROM baskets b WHERE b."user" = $1 AND b.customer = $2
      AND NOT EXISTS (SELECT FROM memberships m WHERE m."user" = $1 AND m.customer = $2)
"""


async def former_users_of(customer_id: uuid.UUID) -> list[FormerUser]:
    """Whom staff can still bring back, the last removed first."""
    return [FormerUser(**row) for row in await DB.fetch(_FORMER_USERS, customer_id)]


async def leave(
    user_id: uuid.UUID, membership_id: uuid.UUID, *, days: int, removed_by: uuid.UUID | None
) -> None:
    """Ends a membership, in the current transaction, and keeps it for so many days.

    A user who then belongs to no customer gives up the login (domain.md 2). Whoever calls has locked the membership
    and the user, and ends the person's sessions afterwards.
    """
    key = new_key()
    await DB.execute(_KEEP, membership_id, key, removed_by, days)
    await DB.execute("DELETE FROM memberships WHERE id = $1", membership_id)
    if await DB.fetch_value(_IS_NEEDED_ELSEWHERE, user_id):
        return
    await lock_logins(await DB.fetch_value(_KEEP_LOGIN, key))
    await DB.execute(_GIVE_UP_LOGIN, user_id)
    for statement in _END:
        await DB.execute(statement, user_id)


async def refuse_who_has_left(user_id: uuid.UUID) -> None:
    """Raises Conflict for a user who has given up the login while the current transaction was waiting for that:
    nobody becomes a user of a customer then but by `come_back`."""
    if await DB.fetch_value(f"SELECT {has_given_up_login('$1')}", user_id):
        raise Conflict


async def come_back(user_id: uuid.UUID, departure_id: uuid.UUID) -> bool:
    """Makes somebody a user of the customer again as they were, in the current transaction, which has locked the
    customer; whether they have their login back by that, and may use it.

    Who was disabled when they left still is. Raises Conflict when the departure is gone, and LoginTakenMeanwhile.
    """
    await DB.execute("SELECT FROM users WHERE id = $1 FOR UPDATE", user_id)
    if not await DB.fetch(
        'SELECT FROM departures WHERE id = $1 AND "user" = $2 FOR UPDATE', departure_id, user_id
    ):
        raise Conflict
    may_sign_in = await _take_login_back(user_id)
    place = await DB.fetch_row(_PUT_BACK, departure_id, list(BUILT_IN_ROLES))
    if place is None:
        raise Conflict
    await DB.execute(_PUT_ADDRESSES_BACK, departure_id)
    # The orders may move on with the user: they are locked before requisitions (tables/lock_order.py).
    await DB.execute('SELECT FROM orders WHERE "user" = $1 ORDER BY id FOR NO KEY UPDATE', user_id)
    await DB.execute(_PUT_REQUISITIONS_BACK, departure_id, place["id"])
    await DB.execute("DELETE FROM departures WHERE id = $1", departure_id)
    return may_sign_in and bool(place["is_active"])


async def _take_login_back(user_id: uuid.UUID) -> bool:
    # It need not stand with this departure: somebody may have left several customers, one after another.
    given_up = await DB.fetch_row(
        "SELECT id, login_canonical FROM departures WHERE \"user\" = $1 AND login <> '' FOR UPDATE", user_id
    )
    if given_up is None:
        return False
    await lock_logins(given_up["login_canonical"])
    if await is_login_taken(given_up["login_canonical"], except_for=user_id):
        raise LoginTakenMeanwhile
    is_active = await DB.fetch_value(_TAKE_LOGIN_BACK, given_up["id"])
    await DB.execute(_FORGET_LOGIN, given_up["id"])
    return bool(is_active)


async def delete_former_users() -> int:
    """Deletes what is kept of departures that cannot be put right any more, users who belong to no customer
    included (domain.md 2); how many there were. A job of the worker."""
    due = await DB.fetch(_DUE)
    for one in due:
        async with DB.transaction():
            for statement, key in _LOCK:
                await DB.execute(statement, one[key])
            gone = await DB.fetch_row(
                "DELETE FROM departures WHERE id = $1 AND kept_until <= now() RETURNING login", one["id"]
            )
            # Taken over at the last moment.
            if gone is None:
                continue
            await DB.execute(_FORGET_BASKETS, one["user"], one["customer"])
            if gone["login"] and not await DB.fetch_value(_IS_NEEDED_ELSEWHERE, one["user"]):
                await DB.execute("DELETE FROM users WHERE id = $1", one["user"])
    return len(due)
