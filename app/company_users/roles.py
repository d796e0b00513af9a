"""The roles of a company: the built-in ones, and bundles of permissions that it has made itself (domain.md 10)."""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.customers.permissions import (
    ACCOUNT_ADMINISTRATOR,
    BUILT_IN_ROLE_NAMES,
    BUILT_IN_ROLES,
    Permission,
)
from app.languages import gettext as _
from app.languages import text
from tables.engine import DB

# More would be a list that nobody reads; the visitor's query reads them all.
MOST_OWN_ROLES = 50

PERMISSION_NAMES: Mapping[Permission, str] = {
    Permission.PURCHASE: text("Place orders"),
    Permission.APPROVE: text("Approve orders beyond a colleague's budget"),
    Permission.SEE_ALL_ORDERS: text("See the orders of all colleagues"),
    Permission.MANAGE_USERS: text("Manage users, roles and budgets"),
    Permission.MANAGE_COMPANY: text("Change the company's details and shared addresses"),
}
_EXPLANATIONS = {
    "buyer": text("Orders for the company and sees their own orders."),
    "approver": text("Orders for the company, and decides on orders that exceed a colleague's budget."),
    ACCOUNT_ADMINISTRATOR: text(
        "May do everything: orders, users, roles, budgets and the company's details."
    ),
    "viewer": text("Looks at products and prices, and orders nothing."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role. `id` is the word or the key by which memberships name it; `users` is how many have it."""

    id: str
    # In English for built-in roles, to be translated where it is shown.
    own_name: str
    permissions: frozenset[Permission]
    is_built_in: bool
    version: int = 0
    users: int = 0

    @property
    def name(self) -> str:
        """What the role is called, in the language of the person."""
        return _(self.own_name) if self.is_built_in else self.own_name

    @property
    def explanation(self) -> str:
        """What a built-in role is for; "" for others."""
        return _(_EXPLANATIONS[self.id]) if self.is_built_in else ""

    @property
    def permission_names(self) -> list[str]:
        """What one may do in this role, in the language of the person."""
        return [_(name) for permission, name in PERMISSION_NAMES.items() if permission in self.permissions]


_OWN = """
    SELECT r.id::text AS id, r.name AS own_name, r.permissions, r.version FROM company_roles r
    WHERE r.customer = $1 ORDER BY lower(r.name), r.id
"""
# From the index of listed_members alone: users have few different sets of roles, however many users there are.
_USERS_OF_ROLES = """
    SELECT role, sum(s.users)::bigint AS users
    FROM (SELECT l.roles, count(*) AS users FROM listed_members l WHERE l.customer = $1 GROUP BY l.roles) AS s,
         unnest(s.roles) AS role
    GROUP BY role
"""


async def roles_of(customer_id: uuid.UUID | None) -> tuple[Role, ...]:
    """All roles of a company: the built-in ones, then its own by name. One query."""
    built_in = [
        Role(id=key, own_name=BUILT_IN_ROLE_NAMES[key], permissions=permissions, is_built_in=True)
        for key, permissions in BUILT_IN_ROLES.items()
    ]
    return (*built_in, *map(_own_role, await DB.fetch(_OWN, customer_id)))


async def roles_with_users(customer_id: uuid.UUID | None) -> tuple[Role, ...]:
    """The same, each with how many users have it."""
    users = {row["role"]: row["users"] for row in await DB.fetch(_USERS_OF_ROLES, customer_id)}
    return tuple(
        Role(
            id=role.id,
            own_name=role.own_name,
            permissions=role.permissions,
            is_built_in=role.is_built_in,
            version=role.version,
            users=users.get(role.id, 0),
        )
        for role in await roles_of(customer_id)
    )


def role_names(roles: Iterable[Role], ids: Collection[str]) -> list[str]:
    """The names of those roles that a membership has, in the order of the list, for the person."""
    return [role.name for role in roles if role.id in ids]


def recorded_names(roles: Iterable[Role], ids: Collection[str]) -> list[str]:
    """The names as the audit log keeps them: in English, since others read it too."""
    return [role.own_name for role in roles if role.id in ids]


def together(roles: Iterable[Role], ids: Collection[str]) -> frozenset[Permission]:
    """What somebody with these roles may do."""
    return frozenset().union(*(role.permissions for role in roles if role.id in ids))


def grantable(roles: Iterable[Role], may: Collection[Permission]) -> list[Role]:
    """The roles that somebody may give to others: nobody grants more than they have (domain.md 10)."""
    return [role for role in roles if role.permissions <= frozenset(may)]


def role_options(roles: Sequence[Role]) -> list[tuple[str, str]]:
    """(id, name) of roles, for a choice."""
    return [(role.id, role.name) for role in roles]


def _own_role(row: dict[str, Any]) -> Role:
    known = frozenset(Permission(one) for one in row.pop("permissions") if one in frozenset(Permission))
    return Role(**row, permissions=known, is_built_in=False)
