"""How a company of the demo shop runs itself: colleagues with roles and budgets, a role of its own, an invitation, an
order that waits for approval, order templates, a contract, and a second company for its administrator.

What people would have done is done as them, by the functions of the shop: so it has its history and its mails.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.applications import Application
from app.basket.basket import basket_of
from app.basket.many_lines import add_many_to_basket
from app.basket.owner import BasketOwner
from app.catalog.products import products_by_sku
from app.checkout.payments import payment_providers
from app.checkout.shipping import shipping_methods_for
from app.company_users.changing import change_limits
from app.company_users.invitations import Invitee, invite
from app.company_users.own_roles import create_role
from app.contracts.account_managers import add_account_manager
from app.contracts.edit_contract import ContractDetails, create_contract
from app.customers.addresses import AddressDetails
from app.customers.permissions import Permission
from app.order_templates.edit_template import create_template
from app.orders.wish import OrderWish
from app.requisitions.asking import order_or_ask
from app.sign_in.sent_twice import NOT_SENT
from app.visitor import Visitor, hash_of_session_token, recognise
from tables.customers import BudgetPeriod
from tables.engine import DB
from tables.keys import new_key

COMPANY = "ALFKI"
# For which the administrator of the first one approves as well.
SECOND_COMPANY = "BLAUS"
APPROVER = "greta.hahn@alfki.example"
CLERK = "tom.weber@alfki.example"
INVITED = "nina.kraft@alfki.example"
OWN_ROLE = "Warehouse"
CONTRACT_NUMBER = "ALFKI-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoColleague:
    """Somebody of the company. Limits are net cents; who has none of the built-in roles gets the company's own."""

    email: str
    first_name: str
    last_name: str
    department: str
    position: str
    roles: tuple[str, ...] = ()
    order_limit: int | None = None
    budget: int | None = None
    period: BudgetPeriod = BudgetPeriod.NONE


COLLEAGUES = (
    DemoColleague(
        email=APPROVER,
        first_name="Greta",
        last_name="Hahn",
        department="Purchasing",
        position="Head of Purchasing",
        roles=("approver",),
    ),
    DemoColleague(
        email=CLERK,
        first_name="Tom",
        last_name="Weber",
        department="Warehouse",
        position="Warehouse clerk",
        order_limit=150_00,
        budget=400_00,
        period=BudgetPeriod.MONTH,
    ),
    DemoColleague(
        email="lena.vogt@alfki.example",
        first_name="Lena",
        last_name="Vogt",
        department="Accounting",
        position="Accountant",
        roles=("viewer",),
    ),
)
TEMPLATES: Mapping[str, tuple[bool, Mapping[str, int]]] = {
    "Weekly kitchen order": (True, {"NW-001": 10, "NW-003": 4, "NW-042": 12}),
    "Gifts for customers": (False, {"NW-008": 6, "NW-050": 6}),
}
ASKED_FOR = {"NW-001": 8, "NW-038": 1}
WHY = "For the company's anniversary on Friday."


async def add_own_role(application: Application, administrator: str) -> str:
    """The id of the role that the company has made itself, in the current transaction."""
    stored = await DB.fetch_value(
        "SELECT r.id::text FROM company_roles r JOIN customers c ON c.id = r.customer"
        " WHERE c.number = $1 AND r.name = $2",
        COMPANY,
        OWN_ROLE,
    )
    if stored is not None:
        return str(stored)
    may = (Permission.PURCHASE, Permission.SEE_ALL_ORDERS)
    return await create_role(await _as(administrator, application), OWN_ROLE, may)


async def limit_colleague(application: Application, administrator: str, colleague: DemoColleague) -> None:
    """Gives a new colleague what limits they have, in the current transaction."""
    if colleague.order_limit is None and colleague.budget is None:
        return
    await change_limits(
        await _as(administrator, application),
        await DB.fetch_value("SELECT id FROM users WHERE login_canonical = $1", colleague.email),
        order_limit=colleague.order_limit,
        amount=colleague.budget,
        period=colleague.period,
        version=None,
    )


async def add_invitation(application: Application, administrator: str) -> int:
    """Invites somebody who has not answered yet, in the current transaction, unless there was any; how many."""
    if await _has("invitations"):
        return 0
    invitee = Invitee(
        email=INVITED, first_name="Nina", last_name="Kraft", roles=("buyer",), order_limit=250_00
    )
    await invite(await _as(administrator, application), [invitee], NOT_SENT)
    return 1


async def add_templates(application: Application, buyer: str) -> int:
    """Adds order templates, in the current transaction, unless the company has any; how many."""
    if await _has("order_templates"):
        return 0
    visitor = await _as(buyer, application)
    for name, (is_shared, wanted) in TEMPLATES.items():
        found = await products_by_sku(wanted, visitor)
        lines = [(found[sku].id, quantity) for sku, quantity in wanted.items() if sku in found]
        await create_template(visitor, name, is_shared=is_shared, lines=lines)
    return len(TEMPLATES)


async def add_requisition(application: Application) -> int:
    """Lets the clerk ask for more than their limits allow, in the current transaction, unless the company has had a
    requisition; how many that were."""
    if await _has("requisitions") or not await _is_member(CLERK, COMPANY):
        return 0
    visitor = await _as(CLERK, application)
    account = visitor.account
    if account is None:
        return 0
    owner = BasketOwner(
        application_id=application.id, user_id=account.user_id, customer_id=account.customer_id
    )
    found = await products_by_sku(ASKED_FOR, visitor)
    await add_many_to_basket(visitor, owner, {found[sku]: n for sku, n in ASKED_FOR.items() if sku in found})
    address = await _address()
    delivery = (await shipping_methods_for(visitor))[0].delivery(visitor.language)
    basket = await basket_of(visitor, owner, country=address.country, delivery=delivery)
    if basket is None or basket.is_empty:
        return 0
    wish = OrderWish(
        email=account.email,
        buyer_name=account.name,
        billing=address,
        shipping=address,
        delivery=delivery,
        payment=payment_providers()["invoice"],
    )
    await order_or_ask(
        visitor, owner, wish, idempotency_key="demo", fingerprint=basket.reckoning.fingerprint, comment=WHY
    )
    return 1


async def add_own_contract(now: datetime, staff_login: str) -> int:
    """Adds the contract that the company's orders of this year count towards, in the current transaction; how many
    contracts that were."""
    of = await DB.fetch_value("SELECT id FROM customers WHERE number = $1", COMPANY)
    known = "SELECT EXISTS (SELECT FROM contracts WHERE number = $1)"
    if of is None or await DB.fetch_value(known, CONTRACT_NUMBER):
        return 0
    # It began ten months ago, whenever that is: the demo's orders end now.
    starts_on = (now - timedelta(days=300)).date().replace(day=1)
    details = ContractDetails(
        number=CONTRACT_NUMBER,
        name="Alfreds Futterkiste annual agreement",
        starts_on=starts_on,
        ends_on=starts_on.replace(year=starts_on.year + 2) - timedelta(days=1),
        target_revenue=5_000_00,
        comment="Agreed on with Maria Anders: a bonus of 3 % once the target is reached.",
    )
    await create_contract(of, details)
    manager = await DB.fetch_value(
        'SELECT s.id FROM staff_members s JOIN users u ON u.id = s."user" WHERE u.login_canonical = $1',
        staff_login,
    )
    if manager is not None:
        await add_account_manager(of, manager)
    return 1


async def add_second_company(administrator: str) -> int:
    """Makes the administrator an approver of a second company, in the current transaction; how many that were."""
    if await _is_member(administrator, SECOND_COMPANY):
        return 0
    # The first company is where they are at home, and so the older place (app/sign_in/sign_in.py).
    return await DB.execute(
        'INSERT INTO memberships (id, "user", customer, roles, department, position, created_at)'
        " SELECT $1, u.id, c.id, '{approver}', 'Management', 'Adviser', now() + interval '1 second'"
        " FROM users u, customers c WHERE u.login_canonical = $2 AND c.number = $3",
        new_key(),
        administrator,
        SECOND_COMPANY,
    )


async def is_there(administrator: str) -> bool:
    """Whether the company and its administrator are as the demo has made them: else nothing is done as them."""
    return await _is_member(administrator, COMPANY, role="account_administrator")


async def _as(login: str, application: Application) -> Visitor:
    """The visitor that somebody of the company is while signed in, known by a session that ends at once and whose
    token nobody ever has."""
    token = secrets.token_urlsafe(32)
    await DB.execute(
        """
        INSERT INTO sessions (id, token_hash, "user", membership, application, session_epoch, signed_in_at,
                              authenticated_at, user_agent, address_family, created_at, last_used_at, expires_at)
        SELECT $1, $2, u.id, m.id, $3, u.session_epoch, now(), now(), '', '', now(), now(), now() + interval '1 hour'
        FROM users u JOIN memberships m ON m."user" = u.id JOIN customers c ON c.id = m.customer
        WHERE u.login_canonical = $4 AND c.number = $5
        """,
        new_key(),
        hash_of_session_token(token),
        application.id,
        login,
        COMPANY,
    )
    visitor = await recognise(application, token, "en")
    await DB.execute("DELETE FROM sessions WHERE token_hash = $1", hash_of_session_token(token))
    return visitor


async def _address() -> AddressDetails:
    """Where the company is."""
    row = await DB.fetch_row(
        "SELECT a.company_name, a.first_name, a.last_name, a.street, a.postal_code, a.city, a.region, a.country,"
        " a.phone FROM addresses a JOIN customers c ON c.id = a.customer"
        " WHERE c.number = $1 AND a.is_preferred_billing",
        COMPANY,
    )
    return AddressDetails(**(row or {}))


async def _has(table: str) -> bool:
    """Whether the company has a row in a table, which is named by this module."""
    found: bool = await DB.fetch_value(
        f"SELECT EXISTS (SELECT FROM {table} t JOIN customers c ON c.id = t.customer WHERE c.number = $1)",
        COMPANY,
    )
    return found


async def _is_member(login: str, number: str, role: str = "") -> bool:
    found: bool = await DB.fetch_value(
        'SELECT EXISTS (SELECT FROM memberships m JOIN users u ON u.id = m."user"'
        " JOIN customers c ON c.id = m.customer"
        " WHERE u.login_canonical = $1 AND c.number = $2 AND ($3 = '' OR $3 = ANY(m.roles)))",
        login,
        number,
        role,
    )
    return found
