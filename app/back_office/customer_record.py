"""A customer as staff see it: details, approval, consents, history; users; addresses (domain.md 15).

A fixed number of queries, however many users and addresses there are.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from app.back_office.audit_list import AuditLine, audit_lines_of_customer
from app.customers.addresses import FIELDS, StoredAddress
from app.customers.approval import can_be_decided
from app.customers.companies import industry_name
from app.customers.extensions import company_of, details_of, individual_of
from app.customers.types import CustomerType, installed_type
from tables import Company, Customer, User
from tables.engine import DB


@dataclass(frozen=True, slots=True, kw_only=True)
class UserOfCustomer:
    """A user with the membership that ties them to the customer. Times are UTC."""

    id: uuid.UUID
    name: str
    login: str
    email: str
    email_verified_at: datetime | None
    is_active: bool
    version: int
    last_signed_in_at: datetime | None
    membership_id: uuid.UUID
    membership_is_active: bool
    membership_version: int
    # Ids of built-in roles, and names of those that the company has made itself.
    roles: list[str]
    department: str
    position: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """An approval request and what became of it. Times are UTC."""

    opened_at: datetime
    decided_at: datetime | None
    decision: str | None
    decided_by: str
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenConsent:
    """The newest word of a user on a kind of consent. The time is UTC."""

    user_name: str
    kind: str
    is_given: bool
    document_version: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """The first user of a customer: who has registered it, and whom staff write to or call."""

    id: uuid.UUID
    name: str
    email: str
    is_verified: bool
    phone: str
    # Whether a password mail would be of use.
    may_sign_in: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRecord:
    """All that the general page of a customer shows."""

    customer: Customer
    # None where it is not installed any more.
    customer_type: CustomerType | None
    details: dict[str, str]
    company: Company | None
    individual: User | None
    contact: Contact | None
    # The first address that is the customer's own (domain.md 1).
    contact_address: StoredAddress | None
    decisions: tuple[Decision, ...]
    consents: tuple[GivenConsent, ...]
    history: tuple[AuditLine, ...]

    @property
    def name(self) -> str:
        """The display name."""
        return self.details["name"]

    @property
    def industry(self) -> str:
        """The company's industry in English; "" where there is no company or none is known."""
        return industry_name(self.company.industry) if self.company is not None else ""

    @property
    def can_be_decided(self) -> bool:
        """Whether staff approve or reject this customer."""
        return can_be_decided(self.customer)


async def customer_with_number(number: str) -> Customer | None:
    """The customer of that number, or None."""
    if "\x00" in number:
        # PostgreSQL refuses such a parameter instead of finding nothing.
        return None
    return await Customer.objects().get(Customer.number == number)


async def record_of(customer: Customer, branch: uuid.UUID | None = None) -> CustomerRecord:
    """Everything staff see of a customer, who are limited to a branch of the tree where one is named."""
    contact, contact_address = await _contact_of(customer.id)
    return CustomerRecord(
        customer=customer,
        customer_type=installed_type(customer.customer_type),
        details=await details_of(customer),
        company=await company_of(customer),
        individual=await individual_of(customer),
        contact=contact,
        contact_address=contact_address,
        decisions=tuple(Decision(**row) for row in await DB.fetch(_DECISIONS, customer.id)),
        consents=tuple(GivenConsent(**row) for row in await DB.fetch(_CONSENTS, customer.id)),
        history=await audit_lines_of_customer(customer.id, branch),
    )


async def users_with_memberships(customer_id: uuid.UUID) -> tuple[UserOfCustomer, ...]:
    """The users of a customer, oldest membership first."""
    return tuple(UserOfCustomer(**row) for row in await DB.fetch(_USERS, customer_id))


async def addresses_of(customer_id: uuid.UUID) -> tuple[StoredAddress, ...]:
    """The addresses of a customer, those that are shared first."""
    return tuple(StoredAddress(**row) for row in await DB.fetch(_ADDRESSES, customer_id))


async def _contact_of(customer_id: uuid.UUID) -> tuple[Contact | None, StoredAddress | None]:
    (row,) = await DB.fetch(_CONTACT, customer_id)
    person = {name: value for name, value in row.items() if not name.startswith("address_")}
    address = {name: row[f"address_{name}"] for name in _OF_ADDRESS}
    return (
        Contact(**person) if person["id"] is not None else None,
        StoredAddress(is_personal=False, **address) if address["id"] is not None else None,
    )


_OF_ADDRESS = ("id", "is_preferred_billing", "is_preferred_shipping", "version", *FIELDS)
_USERS = """
    SELECT u.id, coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.login) AS name, u.login,
           u.email, u.email_verified_at, u.is_active, u.version, u.last_signed_in_at, m.id AS membership_id,
           m.is_active AS membership_is_active, m.version AS membership_version, m.department, m.position,
           ARRAY(SELECT coalesce(r.name, has.role) FROM unnest(m.roles) WITH ORDINALITY AS has (role, n)
                 LEFT JOIN company_roles r ON r.customer = m.customer AND r.id::text = has.role
                 ORDER BY has.n) AS roles
    FROM memberships m JOIN users u ON u.id = m."user"
    WHERE m.customer = $1 ORDER BY m.created_at, m.id
"""
# Each may be missing; the names of their columns say to whom they belong.
_CONTACT = f"""
    SELECT person.*, {", ".join(f'a."{name}" AS address_{name}' for name in _OF_ADDRESS)}
    FROM (SELECT) AS one
    LEFT JOIN (
        SELECT u.id, coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.login) AS name,
               u.email, u.phone, u.email_verified_at IS NOT NULL AS is_verified,
               u.is_active AND m.is_active AS may_sign_in
        FROM memberships m JOIN users u ON u.id = m."user"
        WHERE m.customer = $1 ORDER BY m.created_at, m.id LIMIT 1) AS person ON true
    LEFT JOIN (
        SELECT * FROM addresses WHERE customer = $1 AND membership IS NULL
        ORDER BY created_at, id LIMIT 1) AS a ON true
"""
# Also the personal ones of all users, which their colleagues do not see.
_ADDRESSES = f"""
    SELECT id, membership IS NOT NULL AS is_personal, is_preferred_billing, is_preferred_shipping, version,
           {", ".join(FIELDS)}
    FROM addresses WHERE customer = $1 ORDER BY membership NULLS FIRST, created_at, id
"""
_DECISIONS = """
    SELECT r.opened_at, r.decided_at, r.decision, r.comment,
           coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.login, '') AS decided_by
    FROM approval_requests r LEFT JOIN users u ON u.id = r.decided_by
    WHERE r.customer = $1 ORDER BY r.opened_at DESC, r.id DESC
"""
_CONSENTS = """
    SELECT DISTINCT ON (m.created_at, m.id, k.kind)
           coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.login) AS user_name,
           k.kind, k.is_given, k.document_version, k.recorded_at
    FROM memberships m JOIN users u ON u.id = m."user" JOIN consents k ON k."user" = u.id
    WHERE m.customer = $1 ORDER BY m.created_at, m.id, k.kind, k.recorded_at DESC, k.id DESC
"""
