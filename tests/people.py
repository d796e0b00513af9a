"""The cast of all tests: people made quickly in the database, with what one needs to play them."""

import uuid
from dataclasses import dataclass
from functools import cache

from app.back_office.privileges import ALL_PRIVILEGES
from app.sign_in.passwords import HASHER
from tables import (
    Address,
    ApprovalStatus,
    Company,
    Customer,
    Membership,
    StaffMember,
    User,
)
from tables.engine import DB
from tests.browser_like import Person, visit

PASSWORD = "a long walk by the sea"
ANOTHER_PASSWORD = "seven green bottles hanging"


@dataclass
class Known:
    """Somebody whom the shop knows."""

    email: str
    login: str
    password: str
    user_id: uuid.UUID
    customer_id: uuid.UUID | None
    membership_id: uuid.UUID | None
    number: str
    application: str

    async def signed_in(self, application: str | None = None, **visit_options: str) -> Person:
        """A browser in which this person is signed in."""
        person = await visit(application or self.application, **visit_options)
        page = await person.sign_in(self.login, self.password)
        assert page.status == 200, f"{self.login} could not sign in: {page.text[:300]}"
        return person


async def shopper(email: str = "ines@example.com", **changes: object) -> Known:
    """An individual customer who may sign in at the shop."""
    return await _customer("INDIVIDUAL", "shop", email, changes, company=None)


async def company(email: str = "maria@alfki.example", **changes: object) -> Known:
    """An approved company with its account administrator."""
    return await _customer(
        "SMB", "business", email, changes, company=str(changes.pop("company_name", "Alfreds Futterkiste"))
    )


async def pending_company(email: str = "new.owner@pending.example", **changes: object) -> Known:
    """A company that awaits approval."""
    known = await company(
        email, **{"approval_status": ApprovalStatus.PENDING, "company_name": "New Owner Ltd", **changes}
    )
    await DB.execute(
        "INSERT INTO approval_requests (id, customer, opened_at, comment) VALUES ($1, $2, now(), '')",
        uuid.uuid4(),
        known.customer_id,
    )
    return known


async def staff_member(
    email: str = "admin@example.com",
    privileges: tuple[str, ...] | None = None,
    branch: uuid.UUID | None = None,
) -> Known:
    """A staff member, by default with all privileges and for all customers, else for those of an organisation and of
    what lies below it."""
    user = await _user(email, {})
    await StaffMember.insert(
        StaffMember(
            user=user.id,
            privileges=list(ALL_PRIVILEGES if privileges is None else privileges),
            organisation=branch,
            created_at=user.created_at,
        )
    )
    return Known(email, user.login, PASSWORD, user.id, None, None, "", "back-office")


async def colleague(of: Known, email: str, roles: tuple[str, ...] = ("buyer",)) -> Known:
    """Another user of the same customer."""
    user = await _user(email, {})
    membership = Membership(
        user=user.id, customer=of.customer_id, roles=list(roles), created_at=user.created_at
    )
    await Membership.insert(membership)
    return Known(
        email, user.login, PASSWORD, user.id, of.customer_id, membership.id, of.number, of.application
    )


_numbers = iter(range(10_000, 1_000_000))


async def _customer(
    customer_type: str, application: str, email: str, changes: dict[str, object], company: str | None
) -> Known:
    of_customer = {name: changes.pop(name) for name in list(changes) if name in ("approval_status", "number")}
    if "customer_is_active" in changes:
        of_customer["is_active"] = changes.pop("customer_is_active")
    of_membership = {"is_active": changes.pop("membership_is_active", True)}
    with_address = changes.pop("with_address", True)
    user = await _user(email, changes)
    customer = Customer(
        **{
            "number": f"T{next(_numbers)}",
            "customer_type": customer_type,
            "application": application,
            "approval_status": ApprovalStatus.APPROVED,
            "search_name": company or f"{user.first_name} {user.last_name}",
            "created_at": user.created_at,
            **of_customer,
        }
    )
    await Customer.insert(customer)
    if company is not None:
        await Company.insert(Company(customer=customer.id, company_name=company))
    roles = ["account_administrator"] if company is not None else []
    membership = Membership(
        user=user.id, customer=customer.id, roles=roles, created_at=user.created_at, **of_membership
    )
    await Membership.insert(membership)
    if with_address:
        await Address.insert(
            Address(
                customer=customer.id,
                company_name=company or "",
                first_name=user.first_name,
                last_name=user.last_name,
                street="Obere Str. 57",
                postal_code="12209",
                city="Berlin",
                country="DE",
                is_preferred_billing=True,
                is_preferred_shipping=True,
                created_at=user.created_at,
            )
        )
    return Known(
        email, user.login, PASSWORD, user.id, customer.id, membership.id, customer.number, application
    )


async def _user(email: str, changes: dict[str, object]) -> User:
    from app.customers.emails import canonical_email, canonical_login

    now = await DB.fetch_value("SELECT now()")
    login = str(changes.pop("login", email))
    user = User(
        **{
            "login": login,
            "login_canonical": canonical_login(login),
            "email": email,
            "email_canonical": canonical_email(email),
            "email_verified_at": now,
            "password_hash": _hash(PASSWORD),
            "password_changed_at": now,
            "first_name": "Maria",
            "last_name": "Anders",
            "preferred_language": "en",
            "created_at": now,
            **changes,
        }
    )
    await User.insert(user)
    return user


@cache
def _hash(password: str) -> str:
    return HASHER.hash(password)
