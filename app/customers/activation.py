"""Enabling and disabling customers, users and memberships (domain.md 3, 5, 10).

Disabled people are out at once: their session epoch is raised, and the gate refuses them anyway. Who comes
back from disabled to enabled gets the password mail (domain.md 5, trigger 2).
"""

import uuid
from dataclasses import dataclass
from typing import Any

from app.audit import record
from app.back_office.all_privileges import keeping_one_with_all_privileges
from app.customers.administrators import keeping_administrators
from app.errors import Conflict
from app.segments.segmentation_services import update_segments_of
from app.sign_in.password_mails import send_password_mail
from app.sign_in.sessions import end_sessions_of
from app.visitor import Visitor
from tables.engine import DB


@dataclass(frozen=True, slots=True)
class _Switch:
    """What can be enabled: its row, and which users that concerns."""

    name: str
    lock: str
    switch: str
    # Everybody who belongs to it, whose sessions end when it is disabled.
    everybody: str
    # Those who can sign in again once it is enabled.
    who_may_return: str


_CUSTOMER = _Switch(
    name="customer",
    lock="SELECT id AS customer_id, NULL::uuid AS user_id, version, is_active"
    " FROM customers WHERE id = $1 FOR NO KEY UPDATE",
    switch="UPDATE customers SET is_active = $2, version = version + 1 WHERE id = $1",
    everybody='SELECT m."user" AS id FROM memberships m WHERE m.customer = $1 ORDER BY m."user"',
    who_may_return='SELECT u.id FROM memberships m JOIN users u ON u.id = m."user"'
    " WHERE m.customer = $1 AND m.is_active AND u.is_active ORDER BY m.created_at, m.id",
)
_USER = _Switch(
    name="user",
    lock="SELECT NULL::uuid AS customer_id, id AS user_id, version, is_active"
    " FROM users WHERE id = $1 FOR NO KEY UPDATE",
    switch="UPDATE users SET is_active = $2, version = version + 1 WHERE id = $1",
    everybody="SELECT u.id FROM users u WHERE u.id = $1",
    who_may_return="SELECT u.id FROM users u WHERE u.id = $1",
)
_MEMBERSHIP = _Switch(
    name="membership",
    lock='SELECT customer AS customer_id, "user" AS user_id, version, is_active'
    " FROM memberships WHERE id = $1 FOR NO KEY UPDATE",
    switch="UPDATE memberships SET is_active = $2, version = version + 1 WHERE id = $1",
    everybody='SELECT m."user" AS id FROM memberships m WHERE m.id = $1',
    who_may_return='SELECT u.id FROM memberships m JOIN users u ON u.id = m."user"'
    " WHERE m.id = $1 AND u.is_active",
)


async def enable_customer(customer_id: uuid.UUID, *, version: int, visitor: Visitor) -> bool:
    """Enables a customer and mails its enabled users a link to choose a password; False when it was enabled.

    `version` is the customer's as the staff member saw it. Raises Conflict when it has changed since.
    """
    return await _enable(_CUSTOMER, customer_id, version, visitor)


async def disable_customer(customer_id: uuid.UUID, *, version: int, visitor: Visitor) -> bool:
    """Disables a customer and ends all sessions of its users; False when it was disabled. Raises Conflict."""
    return await _disable(_CUSTOMER, customer_id, version, visitor)


async def enable_user(user_id: uuid.UUID, *, version: int, visitor: Visitor) -> bool:
    """Enables a user, for all their customers, as `enable_customer` does. Raises Conflict."""
    return await _enable(_USER, user_id, version, visitor)


async def disable_user(
    user_id: uuid.UUID, *, version: int, visitor: Visitor, administrator: uuid.UUID | None = None
) -> bool:
    """Disables a user, for all their customers and the back office, and ends their sessions.

    Where this takes a company's last administrator, the colleague `administrator` becomes one. Raises Conflict,
    LastWithAllPrivileges of app.back_office.all_privileges, and WithoutAdministrator of
    app.customers.administrators.
    """
    async with DB.transaction(), keeping_one_with_all_privileges(user_id):
        rows = await DB.fetch('SELECT customer FROM memberships WHERE "user" = $1 ORDER BY customer', user_id)
        companies = [row["customer"] for row in rows]
        async with keeping_administrators(companies, successor=administrator, visitor=visitor):
            return await _disable(_USER, user_id, version, visitor)


async def enable_membership(membership_id: uuid.UUID, *, version: int, visitor: Visitor) -> bool:
    """Lets a user act for one customer again, as `enable_customer` does. Raises Conflict."""
    return await _enable(_MEMBERSHIP, membership_id, version, visitor)


async def disable_membership(
    membership_id: uuid.UUID, *, version: int, visitor: Visitor, administrator: uuid.UUID | None = None
) -> bool:
    """Stops a user from acting for one customer and ends their sessions. `administrator`, and what is raised: as
    `disable_user`."""
    async with DB.transaction():
        rows = await DB.fetch("SELECT customer FROM memberships WHERE id = $1", membership_id)
        companies = [row["customer"] for row in rows]
        async with keeping_administrators(companies, successor=administrator, visitor=visitor):
            return await _disable(_MEMBERSHIP, membership_id, version, visitor)


async def _enable(kind: _Switch, key: uuid.UUID, version: int, visitor: Visitor) -> bool:
    async with DB.transaction():
        row = await _switched(kind, key, version, visitor, to=True)
        if row is None:
            return False
        for user in await DB.fetch(kind.who_may_return, key):
            await send_password_mail(user["id"], "enabled")
        if kind is _MEMBERSHIP:
            await update_segments_of(row["customer_id"])
    return True


async def _disable(kind: _Switch, key: uuid.UUID, version: int, visitor: Visitor) -> bool:
    async with DB.transaction():
        row = await _switched(kind, key, version, visitor, to=False)
        if row is None:
            return False
        for user in await DB.fetch(kind.everybody, key):
            await end_sessions_of(user["id"])
        if kind is _MEMBERSHIP:
            await update_segments_of(row["customer_id"])
    return True


async def _switched(
    kind: _Switch, key: uuid.UUID, version: int, visitor: Visitor, *, to: bool
) -> dict[str, Any] | None:
    """Switches in the current transaction; the row, or None where that changed nothing, for only a change has
    effects."""
    row: dict[str, Any] | None = await DB.fetch_row(kind.lock, key)
    if row is None or row["version"] != version:
        raise Conflict
    if row["is_active"] == to:
        return None
    await DB.execute(kind.switch, key, to)
    await record(
        f"{kind.name} {'enabled' if to else 'disabled'}",
        visitor=visitor,
        user_id=row["user_id"],
        customer_id=row["customer_id"],
        before={"is_active": not to},
        after={"is_active": to},
    )
    return row
