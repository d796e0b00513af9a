"""How customers come into being, whoever causes it: registration, back office, import, demo data."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

import msgspec

from app.applications import Application
from app.customers.addresses import AddressBook, AddressDetails, add_address
from app.customers.approval import open_request
from app.customers.companies import CompanyDetails, keep_company
from app.customers.departures import refuse_who_has_left
from app.customers.emails import canonical_email, canonical_login
from app.customers.free_logins import is_login_taken, lock_logins
from app.customers.numbers import next_customer_number
from app.customers.types import CustomerType
from app.segments.segmentation_services import update_segments_of
from tables import Customer, Membership, User
from tables.customers import ApprovalStatus
from tables.engine import DB
from tables.keys import new_key

Row = TypeVar("Row", User, Customer, Membership)


class LoginTaken(Exception):
    """Another user has this login, or can have it back."""


class NumberTaken(Exception):
    """Another customer has this number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """A person who becomes a user. Without a password hash the person chooses one by mail (domain.md 5)."""

    login: str
    email: str
    first_name: str
    last_name: str
    password_hash: str | None = None
    email_verified_at: datetime | None = None
    title: str = ""
    birthday: date | None = None
    phone: str = ""
    fax: str = ""
    preferred_language: str = "en"
    department: str = ""
    position: str = ""

    @property
    def name(self) -> str:
        """First and last name, or the login where neither is known."""
        return f"{self.first_name} {self.last_name}".strip() or self.login


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCustomer:
    """What was created. A group customer without users has neither user nor membership."""

    customer: Customer
    user: User | None
    membership: Membership | None


_INSERT_USER = """
    INSERT INTO users (id, login, login_canonical, email, email_canonical, email_verified_at, password_hash,
                       password_changed_at, title, first_name, last_name, birthday, phone, fax,
                       preferred_language, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7::text, CASE WHEN $7::text IS NOT NULL THEN now() END, $8, $9, $10, $11, $12,
            $13, $14, now())
    ON CONFLICT (login_canonical) WHERE login_canonical IS NOT NULL DO NOTHING
"""
_INSERT_CUSTOMER = """
    INSERT INTO customers (id, number, customer_type, approval_status, application, search_name, attributes,
                           created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, now())
    ON CONFLICT (number) WHERE number IS NOT NULL DO NOTHING
"""


async def create_customer(
    *,
    application: Application,
    customer_type: CustomerType,
    user: NewUser | None,
    company: CompanyDetails | None = None,
    address: AddressDetails | None = None,
    number: str = "",
    roles: tuple[str, ...] | None = None,
    is_approved: bool | None = None,
    attributes: dict[str, object] | None = None,
) -> NewCustomer:
    """Creates a customer with its first user, in one transaction with that of the caller.

    `number` "" takes the next one; `roles` None gives those of the type's first user; `is_approved` None does
    what the application says for the type: a customer that waits for approval has an open request.
    Raises LoginTaken and NumberTaken; nothing is left behind then.
    """
    if is_approved is None:
        is_approved = not application.needs_approval(customer_type)
    async with DB.transaction():
        # The user first: of parallel registrations of one login all but one stop here.
        user_row = await create_user(user) if user is not None else None
        customer = await _create_customer_row(
            application,
            customer_type,
            number or await next_customer_number(),
            ApprovalStatus.APPROVED if is_approved else ApprovalStatus.PENDING,
            company.company_name if company is not None else (user.name if user is not None else ""),
            attributes or {},
        )
        if company is not None:
            await keep_company(customer.id, company)
        membership = None
        if user_row is not None and user is not None:
            given = customer_type.first_user_roles if roles is None else roles
            membership = await add_member(customer, user_row, given, user.department, user.position)
        if address is not None:
            await add_address(AddressBook(customer_id=customer.id), address)
        if not is_approved:
            await open_request(customer.id)
        if membership is None and address is None:
            # Else the member or the address has brought the segments up to date.
            await update_segments_of(customer.id)
    return NewCustomer(customer=customer, user=user_row, membership=membership)


async def create_user(user: NewUser) -> User:
    """Creates a user, in the current transaction. Raises LoginTaken."""
    await lock_logins(canonical_login(user.login))
    if await is_login_taken(canonical_login(user.login)):
        raise LoginTaken
    key = new_key()
    created = await DB.execute(
        _INSERT_USER,
        key,
        user.login,
        canonical_login(user.login),
        user.email,
        canonical_email(user.email),
        user.email_verified_at,
        user.password_hash,
        user.title,
        user.first_name,
        user.last_name,
        user.birthday,
        user.phone,
        user.fax,
        user.preferred_language,
    )
    if not created:
        raise LoginTaken
    return await _stored(User, User.id == key)


async def add_member(
    customer: Customer, user: User, roles: tuple[str, ...], department: str = "", position: str = ""
) -> Membership:
    """Makes a user a member of a customer, in the current transaction. Raises Conflict for who has just left the
    last one that they had."""
    key = new_key()
    await DB.execute(
        'INSERT INTO memberships (id, "user", customer, roles, department, position, created_at)'
        " VALUES ($1, $2, $3, $4, $5, $6, now())",
        key,
        user.id,
        customer.id,
        list(roles),
        department,
        position,
    )
    await refuse_who_has_left(user.id)
    await update_segments_of(customer.id)
    return await _stored(Membership, Membership.id == key)


async def _create_customer_row(
    application: Application,
    customer_type: CustomerType,
    number: str,
    status: ApprovalStatus,
    search_name: str,
    attributes: dict[str, object],
) -> Customer:
    key = new_key()
    created = await DB.execute(
        _INSERT_CUSTOMER,
        key,
        number,
        customer_type.id,
        status.value,
        application.id,
        search_name,
        msgspec.json.encode(attributes).decode(),
    )
    if not created:
        raise NumberTaken
    return await _stored(Customer, Customer.id == key)


async def _stored(table: type[Row], where: Any) -> Row:
    row = await table.objects().get(where)
    if row is None:
        raise LookupError(f"{table.__name__} has lost a row that was just written")
    return row
