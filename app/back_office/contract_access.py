"""Who sees and edits contracts: the customer's account managers, and staff with the privilege for all
(domain.md 12)."""

import uuid
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import NotFoundException
from litestar.handlers.base import BaseRouteHandler

from app.access import NotPermitted, signed_in
from app.back_office.branch import sees_customer
from app.back_office.privileges import Privilege
from app.contracts.account_managers import looks_after
from app.contracts.contract import Contract, ContractUnknown, contract_of_id
from app.visitor import Visitor


async def contracts_of_own_customers(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """The route is for staff with the privilege for all contracts, and for account managers: what they reach by
    it is of their own customers only."""
    await signed_in(connection, handler)
    if not sees_contracts(connection.scope["visitor"]):  # type: ignore[typeddict-item]  # put there by app.main
        raise NotPermitted


contracts_of_own_customers.audience = "account managers, staff: contracts"  # type: ignore[attr-defined]  # read by audience_of


def sees_contracts(visitor: Visitor) -> bool:
    """Whether the staff member sees any contracts: all, or those of the customers whom they look after."""
    if not visitor.is_staff or visitor.account is None:
        return False
    return visitor.may(Privilege.CONTRACTS) or visitor.account.looks_after_customers


def only_of(visitor: Visitor) -> uuid.UUID | None:
    """The user as whose customers' account manager the visitor sees contracts; None for who sees all."""
    if visitor.may(Privilege.CONTRACTS) or visitor.account is None:
        return None
    return visitor.account.user_id


async def sees_contracts_of(visitor: Visitor, customer_id: uuid.UUID) -> bool:
    """Whether the staff member sees and edits the contracts of a customer; of none outside of their branch."""
    if not sees_contracts(visitor) or not await sees_customer(visitor, customer_id):
        return False
    own = only_of(visitor)
    return own is None or await looks_after(own, customer_id)


async def found_contract(visitor: Visitor, contract_id: uuid.UUID) -> Contract:
    """A contract that the staff member may see; else 404, as for one that is missing."""
    try:
        found = await contract_of_id(contract_id)
    except ContractUnknown:
        raise NotFoundException from None
    if not await sees_contracts_of(visitor, found.customer_id):
        raise NotFoundException
    return found
