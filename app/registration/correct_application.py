"""A rejected applicant corrects the application and sends it again (domain.md 4)."""

from datetime import date
from typing import Any

from app.applications import Application, application_by_id
from app.customers.address_form import AddressForm, address_details
from app.customers.addresses import (
    FIELDS,
    AddressBook,
    add_address,
    addresses_of,
    change_address,
)
from app.customers.approval import open_request
from app.customers.companies import change_company, company_details
from app.customers.extensions import attributes_of, company_of
from app.customers.phones import normalised_phone
from app.customers.types import customer_type_of
from app.forms import FilledForm, blank, field_names
from app.registration.forms import CompanyRegistrationForm, RegistrationForm, correction_form
from app.registration.verify_email import announce_application
from app.sign_in.link_tokens import Link, Purpose, consume, look_up
from tables import Customer, Membership, User
from tables.engine import DB

_CORRECT_PERSON = """
    UPDATE users SET title = $2, first_name = $3, last_name = $4, birthday = $5, phone = $6,
        preferred_language = $7, version = version + 1,
        -- Who follows a link from the mail can read mail at this address.
        email_verified_at = coalesce(email_verified_at, now())
    WHERE id = $1
"""
_COMMENT = """
    SELECT comment FROM approval_requests WHERE customer = $1 AND decision = 'rejected'
    ORDER BY decided_at DESC LIMIT 1
"""
_RENAME = "UPDATE customers SET search_name = $2, version = version + 1 WHERE id = $1"


async def applicant_of(link: Link) -> tuple[Customer, User, Membership] | None:
    """The customer, user and membership that a link to correct an application is for."""
    customer = await Customer.objects().get(Customer.id == link.customer_id)
    user = await User.objects().get(User.id == link.user_id)
    membership = await Membership.objects().get(
        (Membership.customer == link.customer_id) & (Membership.user == link.user_id)
    )
    if customer is None or user is None or membership is None:
        return None
    return customer, user, membership


async def why_rejected(customer: Customer) -> str:
    """What staff wrote to a rejected applicant, "" for nothing: who comes by the sign-in may not have the mail."""
    return str(await DB.fetch_value(_COMMENT, customer.id) or "")


async def filled_in(customer: Customer, user: User) -> FilledForm[RegistrationForm]:
    """The form with what the application says now. A type's own fields stand in the customer's attributes."""
    form = correction_form(customer_type_of(customer.customer_type))
    company = await company_of(customer)
    known: dict[str, Any] = dict(attributes_of(customer))
    for source in (user, company):
        known |= {name: getattr(source, name) for name in field_names(form) if hasattr(source, name)}
    book = AddressBook(customer_id=customer.id)
    # Who has no address yet begins with the country of the shop, as at the registration.
    application = application_by_id(customer.application)
    known["address_country"] = application.default_country if application is not None else ""
    for address in (await addresses_of(book))[:1]:
        known |= {f"address_{name}": getattr(address, name) for name in FIELDS}
    return blank(
        form, **{name: _as_typed(value) for name, value in known.items() if name in field_names(form)}
    )


async def correct_application(
    token: str, application: Application, form: RegistrationForm
) -> Customer | None:
    """Uses the link up, updates the application, and opens a new approval request that staff are told of.

    None when the link does not work any more. Raises app.errors.Conflict when the customer is no longer
    rejected.
    """
    async with DB.transaction() as transaction:
        # Before the user, whom using the link up locks: who disables the customer comes the same way.
        seen = await look_up(token, Purpose.CORRECT_APPLICATION, application)
        if seen is not None:
            await DB.execute("SELECT FROM customers WHERE id = $1 FOR NO KEY UPDATE", seen.customer_id)
        link = await consume(token, Purpose.CORRECT_APPLICATION, application)
        applicant = await applicant_of(link) if link is not None else None
        if applicant is None:
            await transaction.rollback()
            return None
        customer, user, membership = applicant
        await open_request(customer.id)
        await _correct_person(user, application, form)
        await _correct_address(customer, form)
        if isinstance(form, CompanyRegistrationForm):
            country = form.address.country if form.address is not None else ""
            await change_company(customer.id, company_details(form, country))
        else:
            await DB.execute(_RENAME, customer.id, f"{form.first_name} {form.last_name}")
        hook = customer_type_of(customer.customer_type).registered
        if hook is not None:
            await hook(customer, user, membership, form)
        await announce_application(await _anew(Customer, customer), await _anew(User, user))
        return customer


async def _correct_person(user: User, application: Application, form: RegistrationForm) -> None:
    country = form.address.country if form.address is not None else application.default_country
    await DB.execute(
        _CORRECT_PERSON,
        user.id,
        form.title,
        form.first_name,
        form.last_name,
        form.birthday,
        normalised_phone(form.phone, country),
        form.preferred_language or user.preferred_language,
    )


async def _correct_address(customer: Customer, form: RegistrationForm) -> None:
    if form.address is None:
        return
    book = AddressBook(customer_id=customer.id)
    details = _details(form.address, form)
    stored = await addresses_of(book)
    if stored:
        await change_address(book, stored[0].id, details)
    else:
        await add_address(book, details)


def _details(address: AddressForm, form: RegistrationForm) -> Any:
    return address_details(
        address,
        first_name=form.first_name,
        last_name=form.last_name,
        company_name=getattr(form, "company_name", ""),
    )


async def _anew(table: Any, row: Any) -> Any:
    return await table.objects().get(table.id == row.id)


def _as_typed(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value if value is not None else "")
