"""What the users of a customer may do. Permissions are checked, never the names of roles (domain.md 10)."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from app.customers.types import CustomerType, Extension, customer_type_of
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


ACCOUNT_ADMINISTRATOR = "account_administrator"
BUILT_IN_ROLES: Mapping[str, frozenset[Permission]] = {
    "buyer": frozenset({Permission.PURCHASE}),
    "approver": frozenset({Permission.PURCHASE, Permission.APPROVE}),
    ACCOUNT_ADMINISTRATOR: frozenset(Permission),
    "viewer": frozenset(),
}


def permissions_of(customer_type: CustomerType, roles: Iterable[str]) -> frozenset[Permission]:
    """What a user with these roles may do. The single user of an individual customer may everything."""
    if not customer_type.applies(Extension.GROUP):
        return frozenset(Permission)
    return frozenset().union(*(BUILT_IN_ROLES.get(role, frozenset()) for role in roles))


def visitor_may(visitor: Visitor, permission: Permission) -> bool:
    """Whether the signed-in visitor may do something for the customer whom they act for."""
    account = visitor.account
    if account is None or not visitor.is_signed_in or not account.customer_type:
        return False
    return permission in permissions_of(customer_type_of(account.customer_type), account.roles)
