"""The contracts of a company, as its users see them; only where customers are companies (domain.md 12, pages.md).

What a contract comes to is the company's: everybody who acts for it sees the sum. Which orders are behind it each
sees as in their history: their own, or all with the permission for it.
"""

import uuid
from typing import Any

from litestar import Request, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.access import Account, customers_with
from app.contracts.contract import contract_of_customer, contracts_of_customer
from app.contracts.progress import ORDERS_ON_A_PAGE, orders_of_contract, progress_of
from app.contracts.words import STATE_BADGES, STATE_NAMES
from app.customers.types import Extension
from app.orders.history import sees_all_orders
from app.orders.states import STATE_NAMES as ORDER_STATE_NAMES
from app.pages import Page
from app.visitor import CurrentVisitor, Visitor


@get("/account/contracts", name="contracts", guards=[customers_with(Extension.COMPANY)])
async def contracts_page(visitor: CurrentVisitor) -> Page:
    """All contracts with how far they have come, those that began last first."""
    _account_of, customer_id = _account(visitor)
    found = await contracts_of_customer(customer_id)
    return Page(
        "contracts/contracts.html",
        contracts=found,
        progress=await progress_of(found),
        state_names=STATE_NAMES,
        state_badges=STATE_BADGES,
    )


@get("/account/contracts/{contract_id:uuid}", name="contract", guards=[customers_with(Extension.COMPANY)])
async def contract_page(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, contract_id: FromPath[uuid.UUID]
) -> Page:
    """A contract: its days, what it brings, how far it has come, and the orders that count."""
    account, customer_id = _account(visitor)
    contract = await contract_of_customer(customer_id, contract_id)
    if contract is None:
        raise NotFoundException
    progress = await progress_of([contract])
    asked = request.query_params.get("page", "")
    page = max(int(asked), 1) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1
    sees_all = sees_all_orders(visitor)
    orders = await orders_of_contract(contract, user_id=None if sees_all else account.user_id, page=page)
    return Page(
        "contracts/contract.html",
        contract=contract,
        progress=progress[contract.id],
        orders=orders[:ORDERS_ON_A_PAGE],
        page=page,
        has_more=len(orders) > ORDERS_ON_A_PAGE,
        sees_all=sees_all,
        state_names=STATE_NAMES,
        state_badges=STATE_BADGES,
        order_states=ORDER_STATE_NAMES,
    )


def _account(visitor: Visitor) -> tuple[Account, uuid.UUID]:
    account = visitor.account
    if account is None or account.customer_id is None:
        raise NotFoundException
    return account, account.customer_id


routes = [contracts_page, contract_page]
