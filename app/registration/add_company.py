"""A person with a login registers a company as well, in whichever shop companies are at home (domain.md 4).

The person is signed in where they come from; a one-time link takes them to the form, which may lie in another
shop, where they have no session and cannot have one yet.
"""

import uuid
from dataclasses import dataclass

from app.applications import Application, all_applications
from app.audit import record
from app.customers.address_form import address_details
from app.customers.companies import company_details
from app.customers.consents import accept_terms
from app.customers.creation import add_member, create_customer
from app.customers.types import CustomerType, Extension
from app.links import links_of
from app.registration.forms import CompanyRegistrationForm, RegistrationForm, form_of
from app.registration.verify_email import announce_application
from app.sign_in.link_tokens import Purpose, TokenState, consume, issue, look_up
from app.visitor import Visitor
from tables import Customer, User
from tables.customers import ApprovalStatus
from tables.engine import DB

# As long as a registration form may take.
LINK_MINUTES = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Addable:
    """A type of customer that a known person can register, and the shop where it is at home."""

    customer_type: CustomerType
    application: Application


def addable_types() -> list[Addable]:
    """What a known person can register: customers with many users, each where it is admitted first."""
    found: dict[str, Addable] = {}
    for application in all_applications():
        for one in application.login:
            if one.applies(Extension.GROUP):
                found.setdefault(one.id, Addable(customer_type=one, application=application))
    return list(found.values())


def added_form(customer_type: CustomerType) -> type[RegistrationForm]:
    """The form of a type without what we know of the person already."""
    of_person = ("title", "first_name", "last_name", "birthday", "phone", "preferred_language")
    return form_of(customer_type, *of_person, "email", "login", "password", "newsletter")


async def link_to_add(visitor: Visitor, wanted: Addable) -> str:
    """The absolute address of the form for the signed-in visitor; it works once, for an hour.

    Raises LookupError when nobody is signed in.
    """
    if visitor.account is None or not visitor.is_signed_in:
        raise LookupError
    async with DB.transaction():
        token = await issue(Purpose.ADD_COMPANY, visitor.account.user_id, wanted.application, LINK_MINUTES)
    return links_of(wanted.application).url(
        "add_company", customer_type=wanted.customer_type.slug, token=token
    )


async def person_of_link(token: str, application: Application) -> User | None:
    """Who registers by a link, None for one that does not work (any more). Using it up is for `add_company`."""
    link = await look_up(token, Purpose.ADD_COMPANY, application)
    if link is None or link.state is not TokenState.VALID:
        return None
    return await _acting(link.user_id)


async def add_company(
    token: str, application: Application, customer_type: CustomerType, form: RegistrationForm
) -> Customer | None:
    """Registers a customer whose first user is the person of the link; None when the link does not work.

    Approval is as for everybody (domain.md 4); the e-mail of the person is verified already, so that staff are
    told at once.
    """
    async with DB.transaction() as transaction:
        link = await consume(token, Purpose.ADD_COMPANY, application)
        user = await _acting(link.user_id) if link is not None else None
        if user is None:
            await transaction.rollback()
            return None
        country = form.address.country if form.address is not None else ""
        is_company = isinstance(form, CompanyRegistrationForm)
        created = await create_customer(
            application=application,
            customer_type=customer_type,
            user=None,
            company=company_details(form, country) if is_company else None,
            address=address_details(
                form.address,
                first_name=user.first_name,
                last_name=user.last_name,
                company_name=getattr(form, "company_name", ""),
            )
            if form.address is not None
            else None,
        )
        membership = await add_member(created.customer, user, customer_type.first_user_roles)
        await accept_terms(user.id, application)
        if customer_type.registered is not None:
            await customer_type.registered(created.customer, user, membership, form)
        await record(
            "customer registered",
            user_id=user.id,
            customer_id=created.customer.id,
            after={
                "number": created.customer.number,
                "customer_type": customer_type.id,
                "application": application.id,
            },
        )
        if created.customer.approval_status == ApprovalStatus.PENDING:
            await announce_application(created.customer, user)
        return created.customer


async def _acting(user_id: uuid.UUID) -> User | None:
    """The user, as long as they are active and their e-mail is verified."""
    user = await User.objects().get(User.id == user_id)
    return user if user is not None and user.is_active and user.email_verified_at is not None else None
