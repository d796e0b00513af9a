"""Roles that a company makes itself: bundles of permissions (domain.md 10)."""

import uuid
from collections.abc import Collection

from app.audit import record
from app.company_users.managing import Managing, managing
from app.company_users.roles import MOST_OWN_ROLES, PERMISSION_NAMES, Role, recorded_names
from app.customers.permissions import Permission
from app.errors import Conflict
from app.sign_in.sessions import end_sessions_of
from app.visitor import Visitor
from tables.engine import DB
from tables.keys import new_key


class RoleNameTaken(Exception):
    """The company has a role of that name."""


class TooManyRoles(Exception):
    """The company has as many roles of its own as it may have."""


class RoleInUse(Exception):
    """Somebody has the role, and nothing was said about what they get instead."""


_INSERT = """
    INSERT INTO company_roles (id, customer, name, permissions, version, created_at)
    VALUES ($1, $2, $3, $4, 1, now())
"""
_UPDATE = """
    UPDATE company_roles SET name = $2, permissions = $3, version = version + 1 WHERE id = $1
"""
# Each role once, in whatever order the roles were given.
_REPLACE = """
    UPDATE memberships m SET version = version + 1, roles = ARRAY(
        SELECT DISTINCT CASE WHEN role = $2::text THEN $3::text ELSE role END FROM unnest(m.roles) AS role)
    WHERE m.customer = $1 AND $2::text = ANY(m.roles)
"""
_REPLACE_IN_INVITATIONS = """
    UPDATE invitations i SET roles = ARRAY(
        SELECT DISTINCT CASE WHEN role = $2::text THEN $3::text ELSE role END FROM unnest(i.roles) AS role)
    WHERE i.customer = $1 AND $2::text = ANY(i.roles) AND i.accepted_at IS NULL AND i.revoked_at IS NULL
"""
# Nobody looks at the shop as a role that is no more (app/company_users/looking.py).
_STOP_LOOKING = """
    UPDATE sessions s SET view_as_role = '' FROM memberships m
    WHERE m.id = s.membership AND m.customer = $1 AND s.view_as_role = $2
"""
_HOLDERS = """
    SELECT m."user" AS id FROM memberships m WHERE m.customer = $1 AND $2::text = ANY(m.roles) ORDER BY m."user"
"""
_IN_USE = """
    SELECT EXISTS (SELECT FROM memberships WHERE customer = $1 AND $2::text = ANY(roles))
        OR EXISTS (SELECT FROM invitations WHERE customer = $1 AND $2::text = ANY(roles)
                   AND accepted_at IS NULL AND revoked_at IS NULL)
"""


async def create_role(visitor: Visitor, name: str, permissions: Collection[Permission]) -> str:
    """Makes a role of the company; returns its id. At most 50 (app/company_users/roles.py).

    Raises RoleNameTaken, TooManyRoles, ChangeRefused, NotPermitted.
    """
    async with managing(visitor) as change:
        change.refuse_to_grant(permissions)
        if sum(not role.is_built_in for role in change.roles) >= MOST_OWN_ROLES:
            raise TooManyRoles
        _refuse_taken_name(change, name)
        key = new_key()
        await DB.execute(_INSERT, key, change.customer_id, name, _stored(permissions))
        await _record(change, "role created", after=_recorded(name, permissions))
    return str(key)


async def change_role(
    visitor: Visitor, role_id: uuid.UUID, name: str, permissions: Collection[Permission], version: int | None
) -> None:
    """Changes what a role of the company is called and what it may, for all who have it, at once.

    Who may less from now on is signed out (security.md, Sessions). Raises Conflict when the role is not there in
    that version, RoleNameTaken, ChangeRefused, NotPermitted.
    """
    async with managing(visitor) as change:
        role = _own_role(change, role_id, version)
        # What one may not do oneself one neither gives nor takes.
        change.refuse_to_grant(role.permissions | frozenset(permissions))
        _refuse_taken_name(change, name, besides=role)
        await DB.execute(_UPDATE, role_id, name, _stored(permissions))
        await _record(
            change,
            "role changed",
            before=_recorded(role.own_name, role.permissions),
            after=_recorded(name, permissions),
        )
        if not role.permissions <= frozenset(permissions):
            await _sign_out(await _holders(change, role))


async def delete_role(visitor: Visitor, role_id: uuid.UUID, replacement: str, version: int | None) -> None:
    """Deletes a role of the company; who has it gets the role `replacement` instead ("" where nobody has it).

    Raises RoleInUse, Conflict when the role is not there in that version, ChangeRefused, NotPermitted.
    """
    async with managing(visitor) as change:
        role = _own_role(change, role_id, version)
        change.refuse_to_grant(role.permissions)
        if await DB.fetch_value(_IN_USE, change.customer_id, role.id):
            instead = next((one for one in change.roles if one.id == replacement and one.id != role.id), None)
            if instead is None:
                raise RoleInUse
            change.refuse_to_grant(instead.permissions)
            holders = await _holders(change, role)
            await DB.execute(_REPLACE, change.customer_id, role.id, instead.id)
            await DB.execute(_REPLACE_IN_INVITATIONS, change.customer_id, role.id, instead.id)
            if not role.permissions <= instead.permissions:
                await _sign_out(holders)
        await DB.execute(_STOP_LOOKING, change.customer_id, role.id)
        await DB.execute("DELETE FROM company_roles WHERE id = $1", role_id)
        await _record(
            change,
            "role deleted",
            before=_recorded(role.own_name, role.permissions),
            after={"roles": recorded_names(change.roles, [replacement])} if replacement else None,
        )


def _own_role(change: Managing, role_id: uuid.UUID, version: int | None) -> Role:
    """The role of this company; changes of its roles wait for each other, so that it stays as it is."""
    found = next((one for one in change.roles if one.id == str(role_id) and not one.is_built_in), None)
    if found is None or version not in (None, found.version):
        raise Conflict
    return found


def _refuse_taken_name(change: Managing, name: str, besides: Role | None = None) -> None:
    """Two roles of one name could not be told apart, in whatever language the built-in ones are called."""
    for role in change.roles:
        names = {role.own_name.casefold(), role.name.casefold()}
        if name.casefold() in names and (besides is None or role.id != besides.id):
            raise RoleNameTaken


async def _holders(change: Managing, role: Role) -> list[uuid.UUID]:
    # Not who changes it: the rules see to it that they may as much as before.
    account = change.visitor.account
    found = [row["id"] for row in await DB.fetch(_HOLDERS, change.customer_id, role.id)]
    return [one for one in found if account is None or one != account.user_id]


async def _sign_out(users: Collection[uuid.UUID]) -> None:
    for user_id in users:
        await end_sessions_of(user_id)


async def _record(
    change: Managing,
    action: str,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    await record(action, visitor=change.visitor, customer_id=change.customer_id, before=before, after=after)


def _recorded(name: str, permissions: Collection[Permission]) -> dict[str, object]:
    return {
        "name": name,
        "permissions": [words for one, words in PERMISSION_NAMES.items() if one in permissions],
    }


def _stored(permissions: Collection[Permission]) -> list[str]:
    return [one.value for one in Permission if one in permissions]
