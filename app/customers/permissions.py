"""What the users of a customer may do. Permissions are checked, never the names of roles (domain.md 10)."""

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from app.access import (
    Account,
    AuthenticationNeeded,
    Guard,
    NotPermitted,
    customers_with,
    recently_authenticated,
)
from app.customers.types import CustomerType, Extension, customer_type_of
from app.languages import gettext as _
from app.languages import text
from app.visitor import Visitor


class Permission(StrEnum):
    """Something that not every user of a company may do."""

    PURCHASE = "purchase"
    APPROVE = "approve"
    MANAGE_USERS = "manage_users"
    # The company's own data and the addresses that its users share.
    MANAGE_COMPANY = "manage_company"
    # Also what colleagues have ordered.
    SEE_ALL_ORDERS = "see_all_orders"


_KNOWN = frozenset(Permission)
ACCOUNT_ADMINISTRATOR = "account_administrator"
BUILT_IN_ROLES: Mapping[str, frozenset[Permission]] = {
    "buyer": frozenset({Permission.PURCHASE}),
    "approver": frozenset({Permission.PURCHASE, Permission.APPROVE}),
    ACCOUNT_ADMINISTRATOR: frozenset(Permission),
    "viewer": frozenset(),
}
BUILT_IN_ROLE_NAMES: Mapping[str, str] = {
    "buyer": text("Buyer"),
    "approver": text("Approver"),
    ACCOUNT_ADMINISTRATOR: text("Account administrator"),
    "viewer": text("Viewer"),
}


def permissions_of(
    customer_type: CustomerType, roles: Iterable[str], own_roles: Mapping[str, Collection[str]] | None = None
) -> frozenset[Permission]:
    """What a user with these roles may do. The single user of an individual customer may everything.

    `own_roles` are the roles that the company has made itself: what each may do, by the role's id. A role that
    is neither built in nor one of these gives nothing.
    """
    if not customer_type.applies(Extension.GROUP):
        return frozenset(Permission)
    own = own_roles or {}
    return frozenset().union(
        *(
            BUILT_IN_ROLES.get(role) or {Permission(one) for one in own.get(role, ()) if one in _KNOWN}
            for role in roles
        )
    )


def permissions_of_account(account: Account) -> frozenset[Permission]:
    """What somebody may do for the customer whom they act for, as they look at the shop now.

    Who stands in for an approver approves for that time, and nothing else of theirs. Who looks at the shop as
    another role never may more than they may themself.
    """
    customer_type = customer_type_of(account.customer_type)
    own = account.own_roles
    granted = permissions_of(customer_type, account.roles, own)
    if Permission.APPROVE in permissions_of(customer_type, account.roles_stood_in_for, own):
        granted |= {Permission.APPROVE}
    if account.view_as_role:
        granted &= permissions_of(customer_type, (account.view_as_role,), own)
    return granted


def looked_as(visitor: Visitor | None) -> str:
    """The name of the role as which the visitor looks at the shop, in their language; "" when as themself."""
    if visitor is None or visitor.account is None or not visitor.is_signed_in:
        return ""
    role = visitor.account.view_as_role
    return _(BUILT_IN_ROLE_NAMES[role]) if role in BUILT_IN_ROLE_NAMES else visitor.account.view_as_role_name


def visitor_may(visitor: Visitor, permission: Permission) -> bool:
    """Whether the signed-in visitor may do something for the customer whom they act for."""
    account = visitor.account
    if account is None or not visitor.is_signed_in or not account.customer_type:
        return False
    return permission in permissions_of_account(account)


def may_order(visitor: Visitor) -> bool:
    """Whether the visitor may order: guests may, and of a company those who may purchase (domain.md 10)."""
    return not visitor.is_signed_in or visitor_may(visitor, Permission.PURCHASE)


def permitted(permission: Permission, *, again: bool = False) -> Guard:
    """The route is for people who act for a customer with many users and have a permission there.

    With `again` they must have proved within 5 minutes who they are: before changes of roles a session that
    somebody else got hold of is not enough (security.md, Sign-in).
    """
    in_group = customers_with(Extension.GROUP)

    async def permission_guard(
        connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
    ) -> None:
        await in_group(connection, handler)
        visitor: Visitor = connection.scope["visitor"]  # type: ignore[typeddict-item]  # put there by app.main
        if not visitor_may(visitor, permission):
            raise NotPermitted
        if again and not recently_authenticated(visitor):
            raise AuthenticationNeeded

    audience = f"signed in: may {permission}" + (", again within 5 minutes" if again else "")
    permission_guard.audience = audience  # type: ignore[attr-defined]  # read by audience_of
    return permission_guard
