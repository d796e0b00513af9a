"""A customer's page and what staff do there: approve, reject, enable, disable, change the number."""

from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.access import staff
from app.applications import application_by_id
from app.back_office.branch import branch_of, organisation_choices
from app.back_office.customer_contract_routes import OrganisationOfCustomerForm
from app.back_office.customer_record import customer_with_number, record_of
from app.back_office.customer_tabs import customer_page, found_customer
from app.back_office.enabling import Switching, switch_on_tab
from app.back_office.forms import RejectionForm, Version, VersionForm
from app.back_office.new_customer import CustomerNumber
from app.back_office.privileges import Privilege
from app.customers.activation import disable_customer, enable_customer
from app.customers.approval import approve, can_be_decided, reject
from app.customers.change_number import change_customer_number, number_now
from app.customers.creation import NumberTaken
from app.customers.duplicates import likely_duplicates_of
from app.customers.extensions import display_name_of
from app.customers.types import Extension, customer_type_of, type_applies
from app.errors import Conflict
from app.flash import Flash
from app.forms import FilledForm, Form, blank, read_form
from app.languages import gettext as _
from app.pages import Page, see
from app.visitor import CurrentVisitor, Visitor
from tables import Customer

CUSTOMERS = staff(Privilege.CUSTOMERS)
# Its users have the roles again that they had (security.md, Sign-in).
PROVEN = staff(Privilege.CUSTOMERS, again=True)


class NumberForm(Form):
    """Another number of a customer."""

    number: Annotated[str, CustomerNumber(required=True)]
    version: Annotated[int | None, Version()]


@get("/customers/{number:str}", name="customer", guards=[CUSTOMERS])
async def customer(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, number: FromPath[str]
) -> Page | Response[Any]:
    """A customer: approval, details, consents, the newest changes."""
    found = await customer_with_number(number)
    if found is None:
        # Links that were made before the number was changed lead on (domain.md 2).
        return see(request, "customer", number=await _number_now(number))
    return await _page(visitor, found)


@get("/customers/{number:str}/general", name="customer_general", guards=[CUSTOMERS])
async def customer_general(visitor: CurrentVisitor, number: FromPath[str]) -> Page:
    """The same page under the name of its tab."""
    return await _page(visitor, await found_customer(number))


@post("/customers/{number:str}/approve", name="approve_customer", guards=[CUSTOMERS])
async def approve_customer(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, number: FromPath[str]
) -> Response[Any]:
    """Approves a pending or rejected customer."""
    of = await _customer_to_decide(number)
    form = await read_form(request, VersionForm)
    if not form.is_valid:
        return await _page(visitor, of, form, status_code=422)
    try:
        await approve(of.id, version=form.data.version or of.version, visitor=visitor)
    except Conflict:
        return await _changed_meanwhile(visitor, number, _("Approve"))
    told = _("%(name)s is approved and told so by mail.", name=await display_name_of(of))
    return see(request, "customer", number=of.number, flash=Flash(told))


@post("/customers/{number:str}/reject", name="reject_customer", guards=[CUSTOMERS])
async def reject_customer(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, number: FromPath[str]
) -> Response[Any]:
    """Rejects a pending or approved customer, with a comment for the applicant."""
    of = await _customer_to_decide(number)
    form = await read_form(request, RejectionForm)
    if not form.is_valid:
        return await _page(visitor, of, form, status_code=422)
    version = form.data.version or of.version
    try:
        await reject(of.id, version=version, comment=form.data.comment, visitor=visitor)
    except Conflict:
        return await _changed_meanwhile(visitor, number, _("Reject"), form)
    told = _("%(name)s is rejected and told so by mail.", name=await display_name_of(of))
    return see(request, "customer", number=of.number, flash=Flash(told))


@post("/customers/{number:str}/enable", name="enable_customer", guards=[PROVEN])
async def enable(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, number: FromPath[str]
) -> Response[Any]:
    """Enables a customer; its users get the password mail."""
    of = await found_customer(number)
    # The mail leads to a shop that admits the type.
    customer_type_of(of.customer_type)
    told = _("The customer is enabled. Its users get a mail to choose a password.")
    what = Switching(enable_customer, of.id, of.version, _("Enable"), told)
    return await switch_on_tab(request, visitor, of, "customer", _page, what)


@post("/customers/{number:str}/disable", name="disable_customer", guards=[CUSTOMERS])
async def disable(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, number: FromPath[str]
) -> Response[Any]:
    """Disables a customer; its users are signed out at once."""
    of = await found_customer(number)
    told = _("The customer is disabled. Its users are signed out.")
    what = Switching(disable_customer, of.id, of.version, _("Disable"), told)
    return await switch_on_tab(request, visitor, of, "customer", _page, what)


@get("/customers/{number:str}/number", name="customer_number", guards=[CUSTOMERS])
async def number_form(visitor: CurrentVisitor, number: FromPath[str]) -> Page:
    """Asks for another number."""
    of = await found_customer(number)
    form = blank(NumberForm, number=of.number, version=str(of.version))
    return await _number_page(visitor, of, form)


@post("/customers/{number:str}/number", name="change_customer_number", guards=[CUSTOMERS])
async def change_number(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, number: FromPath[str]
) -> Response[Any]:
    """Gives the customer another number; old links lead to the new one."""
    of = await found_customer(number)
    form = await read_form(request, NumberForm)
    if not form.is_valid:
        return await _number_page(visitor, of, form, 422)
    wanted, version = form.data.number, form.data.version or of.version
    try:
        await change_customer_number(of.id, wanted, version=version, visitor=visitor)
    except NumberTaken:
        form.add_error("number", _("Another customer has this number."))
        return await _number_page(visitor, of, form, 422)
    except Conflict:
        return await _changed_meanwhile(visitor, number, _("Change the number"))
    told = _("The customer has the number %(number)s now. Old links lead to it.", number=wanted)
    return see(request, "customer", number=wanted, flash=Flash(told))


async def _changed_meanwhile(
    visitor: Visitor, number: str, wanted: str, form: FilledForm[Any] | None = None
) -> Page:
    """The page as it stands now, with what was wanted, so that the staff member decides anew (security.md,
    Concurrency and faults)."""
    return await _page(visitor, await found_customer(number), form, status_code=409, wanted=wanted)


async def _page(
    visitor: Visitor,
    of: Customer,
    form: FilledForm[Any] | None = None,
    *,
    status_code: int = 200,
    wanted: str = "",
) -> Page:
    record = await record_of(of, branch_of(visitor))
    application = application_by_id(of.application)
    return await customer_page(
        "customer.html",
        "customer",
        of,
        visitor,
        status_code=status_code,
        record=record,
        details=record.details,
        company=record.company,
        industry=_(record.industry) if record.industry else "",
        individual=record.individual,
        registered_at=application.name if application is not None else of.application,
        form=form or blank(RejectionForm),
        organisations=await _organisations(visitor, of),
        organisation_form=blank(OrganisationOfCustomerForm, organisation=str(of.organisation or "")),
        wanted=wanted,
        newest=record.history[0] if record.history else None,
        likely=await likely_duplicates_of(of.id, branch_of(visitor)),
        can_be_merged=type_applies(of.customer_type, Extension.GROUP),
    )


async def _organisations(visitor: Visitor, of: Customer) -> list[tuple[str, str]]:
    """The organisations that the customer may be put into; none for people who belong to none, and where there is
    no tree."""
    choices = await organisation_choices(visitor)
    if not choices or not type_applies(of.customer_type, Extension.COMPANY):
        return []
    return choices if branch_of(visitor) is not None else [("", _("None")), *choices]


async def _number_page(
    visitor: Visitor, of: Customer, form: FilledForm[NumberForm], status_code: int = 200
) -> Page:
    return await customer_page(
        "customer_number.html", "customer", of, visitor, status_code=status_code, form=form
    )


async def _number_now(old_number: str) -> str:
    number = await number_now(old_number) if "\x00" not in old_number else None
    if number is None:
        raise NotFoundException
    return number


async def _customer_to_decide(number: str) -> Customer:
    found = await found_customer(number)
    customer_type_of(found.customer_type)
    if not can_be_decided(found):
        raise NotFoundException
    return found


routes = [
    customer,
    customer_general,
    approve_customer,
    reject_customer,
    enable,
    disable,
    number_form,
    change_number,
]
