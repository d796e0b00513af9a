"""Handing what a former user has left to whoever has their login now (domain.md 9).

Somebody who was removed may have registered anew before staff bring them back. Then the login cannot be given back,
and what they have left goes to their new account instead. That it is theirs, the confirmed e-mail says.
"""

import uuid
from dataclasses import dataclass

from app.audit import record
from app.customers.free_logins import lock_logins
from app.customers.joining_rows import execute_named, lock_customers
from app.errors import Conflict
from app.visitor import Visitor
from tables.engine import DB


@dataclass(frozen=True, slots=True, kw_only=True)
class Heir:
    """The account that has the login of a former user now."""

    user_id: uuid.UUID
    name: str
    login: str


_HEIR = """
    SELECT u.id AS user_id, u.login, coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.login) AS name
    FROM departures d JOIN users u ON u.login_canonical = d.login_canonical AND u.email_canonical = d.email_canonical
    WHERE d."user" = $1 AND d.login <> '' AND u.is_active AND u.email_verified_at IS NOT NULL
"""
_GIVEN_UP = "SELECT login_canonical FROM departures WHERE \"user\" = $1 AND login <> ''"
_LEFT = 'SELECT DISTINCT customer FROM departures WHERE "user" = $1 ORDER BY customer'
_NAME = "SELECT coalesce(nullif(trim(first_name || ' ' || last_name), ''), '') FROM users WHERE id = $1"
# The departures go along: the orders can follow to another customer from there (app/customers/moving.py).
_HAND_OVER = (
    'UPDATE orders SET "user" = :heir, version = version + 1 WHERE "user" = :user',
    """UPDATE requisitions SET state = 'withdrawn', decided_at = now(), version = version + 1
       WHERE "user" = :user AND state = 'pending'""",
    'UPDATE requisitions SET "user" = :heir WHERE "user" = :user',
    'UPDATE order_templates SET "user" = :heir WHERE "user" = :user',
    'UPDATE personal_data_requests SET "user" = :heir WHERE "user" = :user',
    "UPDATE outbox_mails SET user_id = :heir WHERE user_id = :user",
    """UPDATE departures SET "user" = :heir, login = '', login_canonical = '', email = '', email_canonical = ''
       WHERE "user" = :user""",
    "DELETE FROM users WHERE id = :user",
)


async def heir_of(user_id: uuid.UUID) -> Heir | None:
    """Whose login it is now that a former user has given up, if the e-mail is the same too and confirmed; else
    None."""
    row = await DB.fetch_row(_HEIR, user_id)
    return Heir(**row) if row is not None else None


async def hand_over(user_id: uuid.UUID, *, visitor: Visitor) -> Heir:
    """Makes orders, requisitions, templates and departures of a former user those of the account that has their
    login now, in one transaction; that account. The former user is deleted.

    Raises Conflict when there is no such user or account (any more).
    """
    async with DB.transaction():
        customers = [row["customer"] for row in await DB.fetch(_LEFT, user_id)]
        await lock_customers(customers, user_id)
        await DB.execute("SELECT FROM users WHERE id = $1 FOR UPDATE", user_id)
        login = await DB.fetch_value(_GIVEN_UP, user_id)
        if login is None:
            raise Conflict
        await lock_logins(login)
        heir = await heir_of(user_id)
        # That account may just be deleted.
        if heir is None or not await DB.fetch("SELECT FROM users WHERE id = $1 FOR KEY SHARE", heir.user_id):
            raise Conflict
        name = await DB.fetch_value(_NAME, user_id)
        for statement in _HAND_OVER:
            await execute_named(statement, user=user_id, heir=heir.user_id)
        for customer_id in customers:
            await record(
                "former user handed over",
                visitor=visitor,
                user_id=heir.user_id,
                customer_id=customer_id,
                before={"name": name or heir.login},
                after={"name": heir.name},
            )
    return heir
