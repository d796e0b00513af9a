"""Who can do everything for a company: there is always somebody (domain.md 10)."""

import uuid
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager

from app.audit import record
from app.customers.permissions import (
    ACCOUNT_ADMINISTRATOR,
    BUILT_IN_ROLE_NAMES,
    BUILT_IN_ROLES,
    Permission,
)
from app.visitor import Visitor
from tables.engine import DB


class WithoutAdministrator(Exception):
    """Users of companies would be left whom nobody could manage; `companies` are the ids."""

    def __init__(self, companies: Sequence[uuid.UUID]) -> None:
        super().__init__(companies)
        self.companies = companies


_WITH_THE_ROLE = """
    SELECT EXISTS (SELECT FROM memberships m JOIN users u ON u.id = m."user"
                   WHERE m.customer = $1 AND m.is_active AND u.is_active AND $2 = ANY(m.roles)
                     AND m."user" <> ALL($3::uuid[]))
"""
_BY_SEVERAL_ROLES = """
    SELECT DISTINCT m.roles FROM memberships m JOIN users u ON u.id = m."user"
    WHERE m.customer = $1 AND m.is_active AND u.is_active AND m."user" <> ALL($2::uuid[])
"""
_OWN_ROLES = "SELECT id::text AS id, permissions FROM company_roles WHERE customer = $1"
# As every change of a company's people does (app/company_users/managing.py).
_LOCK = "SELECT FROM customers WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE"
# Places are locked before users, whoever is going to be disabled.
_LOCK_SUCCESSOR = """
    SELECT FROM memberships WHERE customer = ANY($1::uuid[]) AND "user" = $2 ORDER BY id FOR NO KEY UPDATE
"""
_HAS_USERS = """
    SELECT EXISTS (SELECT FROM memberships m JOIN users u ON u.id = m."user"
                   WHERE m.customer = $1 AND m.is_active AND u.is_active)
"""
_APPOINT = """
    UPDATE memberships m SET roles = array_append(m.roles, $3), version = m.version + 1 FROM users u
    WHERE m.customer = $1 AND m."user" = $2 AND u.id = m."user" AND m.is_active AND u.is_active
"""


async def has_administrator(customer_id: uuid.UUID, *, besides: Collection[uuid.UUID] = ()) -> bool:
    """Whether somebody who may sign in can do everything for the company, other than the users `besides`.

    By the role of the account administrator, or by roles of the company that together give as much. Whoever
    asks before a change holds a lock on the customer's row, so that of two changes at once the second one sees
    the first.
    """
    if await DB.fetch_value(_WITH_THE_ROLE, customer_id, ACCOUNT_ADMINISTRATOR, list(besides)):
        return True
    own = {row["id"]: row["permissions"] for row in await DB.fetch(_OWN_ROLES, customer_id)}
    everything = frozenset(one.value for one in Permission)
    for row in await DB.fetch(_BY_SEVERAL_ROLES, customer_id, list(besides)):
        given = [BUILT_IN_ROLES.get(role) or own.get(role, ()) for role in row["roles"]]
        if everything <= frozenset().union(*given):
            return True
    return False


async def is_last_administrator(customer_id: uuid.UUID, user_id: uuid.UUID) -> bool:
    """Whether the company has somebody who can do everything, and would have nobody without this user."""
    return await has_administrator(customer_id) and not await has_administrator(
        customer_id, besides=[user_id]
    )


@asynccontextmanager
async def keeping_administrators(
    companies: Collection[uuid.UUID], *, successor: uuid.UUID | None, visitor: Visitor
) -> AsyncIterator[None]:
    """Around what a transaction does to keep somebody out of companies. Where nobody is left who can do everything,
    the user `successor` becomes account administrator.

    A company whose users are all kept out needs none. Raises WithoutAdministrator at the end.
    """
    await DB.execute(_LOCK, list(companies))
    if successor is not None:
        await DB.execute(_LOCK_SUCCESSOR, list(companies), successor)
    had_one = [one for one in companies if await has_administrator(one)]
    yield
    left_alone = [
        one
        for one in had_one
        if not await has_administrator(one)
        and await DB.fetch_value(_HAS_USERS, one)
        and not (successor is not None and await appoint_administrator(one, successor, visitor))
    ]
    if left_alone:
        raise WithoutAdministrator(left_alone)


async def appoint_administrator(customer_id: uuid.UUID, user_id: uuid.UUID, visitor: Visitor) -> bool:
    """Makes an active user of the company its account administrator, in the current transaction; False for
    anybody else."""
    if not await DB.execute(_APPOINT, customer_id, user_id, ACCOUNT_ADMINISTRATOR):
        return False
    await record(
        "member roles changed",
        visitor=visitor,
        user_id=user_id,
        customer_id=customer_id,
        after={"roles": [BUILT_IN_ROLE_NAMES[ACCOUNT_ADMINISTRATOR]]},
    )
    return True
