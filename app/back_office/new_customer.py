"""Creating a customer in the back office (domain.md 2, 4, 5)."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

import msgspec

from app.applications import Application, application_for_type
from app.audit import record
from app.back_office.branch import branch_of
from app.customers.address_form import address_details
from app.customers.companies import company_details
from app.customers.creation import NewUser, create_customer
from app.customers.emails import Email, Login
from app.customers.phones import normalised_phone
from app.customers.types import CustomerType
from app.forms import Invalid, Text
from app.languages import gettext as _
from app.organisations.tree import put_customer_into
from app.registration.forms import CompanyRegistrationForm, RegistrationForm, without
from app.sign_in.password_mails import send_password_mail
from app.visitor import Visitor
from tables import Customer
from tables.engine import DB

# Words that stand where a number would stand in the addresses of the back office.
NO_NUMBERS = frozenset({"new", "approve", "reject"})
# Chosen or agreed to by the person alone: staff never set a password or accept terms (domain.md 5).
NOT_FOR_STAFF = ("password", "terms", "newsletter")


@dataclass(frozen=True, kw_only=True)
class CustomerNumber(Text):
    """A customer number; empty means the next one."""

    required: bool = False
    max_length: int = 40

    def value(self, raw: str) -> str:
        """Refuses what would not do as a part of an address."""
        text = super().value(raw)
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", text) or text.lower() in NO_NUMBERS:
            raise Invalid(_("Please use letters, digits, dots and dashes, for example 2026-0815."))
        return text


@dataclass(frozen=True, kw_only=True)
class AnyLogin(Text):
    """A login as staff enter it: a user name or an e-mail, which may differ from that of the profile (domain.md
    3). Empty means the e-mail."""

    required: bool = False
    max_length: int = 254

    def value(self, raw: str) -> str:
        """Refuses what is neither."""
        return Email().value(raw) if "@" in raw else Login().value(raw)


@cache
def new_customer_form(customer_type: CustomerType) -> type[RegistrationForm]:
    """What staff are asked of a new customer: the registration of its type, without what only the person may
    choose, and with number and login."""
    fields: list[tuple[str, Any]] = [
        ("number", Annotated[str, CustomerNumber()]),
        ("login", Annotated[str, AnyLogin()]),
    ]
    asked = without(customer_type.registration_form, *NOT_FOR_STAFF)
    return msgspec.defstruct(  # type: ignore[return-value]  # a subclass of the type's form
        "NewCustomerForm", fields, bases=(asked,), kw_only=True
    )


async def create_by_staff(customer_type: CustomerType, form: Any, visitor: Visitor) -> Customer:
    """Creates a customer with its first user, approved since staff vouch for it, and mails the user a link to
    choose a password (domain.md 5, trigger 1). `form` is a `new_customer_form`.

    Raises LoginTaken, NumberTaken, and LookupError where no application admits the type.
    """
    application = shop_for(customer_type)
    country = form.address.country if form.address is not None else ""
    async with DB.transaction():
        created = await create_customer(
            application=application,
            customer_type=customer_type,
            number=form.number,
            is_approved=True,
            user=NewUser(
                login=form.login or form.email,
                email=form.email,
                title=form.title,
                first_name=form.first_name,
                last_name=form.last_name,
                birthday=form.birthday,
                phone=normalised_phone(form.phone, country or application.default_country),
                preferred_language=form.preferred_language or application.languages[0],
            ),
            company=company_details(form, country) if isinstance(form, CompanyRegistrationForm) else None,
            address=address_details(
                form.address,
                first_name=form.first_name,
                last_name=form.last_name,
                company_name=getattr(form, "company_name", ""),
            )
            if form.address is not None
            else None,
        )
        if created.user is None or created.membership is None:
            raise RuntimeError("a customer that staff create has a first user")
        if customer_type.registered is not None:
            await customer_type.registered(created.customer, created.user, created.membership, form)
        await record(
            "customer created",
            visitor=visitor,
            user_id=created.user.id,
            customer_id=created.customer.id,
            after={"number": created.customer.number, "customer_type": customer_type.id},
        )
        # Who is limited to a branch of the tree makes customers of that branch.
        if (branch := branch_of(visitor)) is not None:
            await put_customer_into(created.customer.id, branch, visitor=visitor)
        await send_password_mail(created.user.id, "created")
    return created.customer


def shop_for(customer_type: CustomerType) -> Application:
    """Where customers of the type sign in. Raises LookupError where that is nowhere."""
    application = application_for_type(customer_type.id)
    if application is None:
        raise LookupError(f"No application lets customers of the type {customer_type.id} log in.")
    return application
