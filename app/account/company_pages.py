"""The company of a signed-in person; only where customers have the extension CompanyCustomer (pages.md)."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException

from app.access import NotPermitted, customers_with
from app.account.routes import customer_of
from app.account.stale_edit import shown_value, stale_page, version_of
from app.audit import record
from app.customers.addresses import AddressBook, addresses_of
from app.customers.companies import (
    CompanyForm,
    StaleCompany,
    change_company,
    company_details,
    company_problems,
    country_of_company,
    industry_name,
)
from app.customers.custom_attributes import (
    declared_for,
    keep_attributes,
    labels_of,
    shown_attributes,
    stored_attributes,
    typed_attributes,
    with_attributes,
)
from app.customers.extensions import attributes_of, company_of
from app.customers.permissions import Permission, visitor_may
from app.customers.taxation_checks import RESULT_NAMES
from app.customers.types import Extension
from app.field_labels import FIELD_LABELS
from app.flash import Flash
from app.forms import FilledForm, blank, read_form
from app.languages import gettext as _
from app.pages import Page, see
from app.visitor import CurrentVisitor, Visitor
from tables import Company, Customer
from tables.engine import DB

LABELS = {
    name: FIELD_LABELS[name]
    for name in ("company_name", "company_name_2", "taxation_id", "industry", "description")
}


@get("/account/company", name="company", guards=[customers_with(Extension.COMPANY)])
async def company_page(visitor: CurrentVisitor) -> Page:
    """The company's data; a form for those who may change it."""
    customer, company = await _company(visitor)
    stored = {name: getattr(company, name) for name in LABELS} | _attributes(visitor, customer)
    form = blank(_form(visitor), **stored, version=str(customer.version))
    return await _page(visitor, customer, company, form)


@post("/account/company", name="company_post", guards=[customers_with(Extension.COMPANY)])
async def save_company(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Saves the company's data."""
    customer, company = await _company(visitor)
    if not visitor_may(visitor, Permission.MANAGE_COMPANY):
        raise NotPermitted
    form = await read_form(request, _form(visitor))
    country = await country_of_company(customer.id)
    for name, message in company_problems({"taxation_id": form.value("taxation_id")}, country):
        form.add_error(name, message)
    if not form.is_valid:
        return await _page(visitor, customer, company, form, 422)
    details = company_details(form.data, country)
    declared = declared_for(visitor.application, "customer")
    attributes = typed_attributes(form.data, declared, await request.form())
    typed = {name: getattr(details, name) for name in LABELS} | attributes
    try:
        async with DB.transaction():
            await change_company(customer.id, details, version_of(form))
            await keep_attributes("customer", customer.id, declared, attributes)
            await record(
                "company changed",
                visitor=visitor,
                customer_id=customer.id,
                before={name: getattr(company, name) for name in LABELS} | _attributes(visitor, customer),
                after=typed,
            )
    except StaleCompany as stale:
        stored = {name: shown_value(getattr(stale.stored, name)) for name in LABELS}
        stored |= _attributes(visitor, await customer_of(visitor))
        labels = LABELS | labels_of(declared, visitor.language)
        words = {"industry": lambda value: _(industry_name(value))}
        return stale_page("company", labels, typed, stored, stale.version, words)
    return see(request, "company", flash=Flash(_("The company's details are saved.")))


async def _company(visitor: Visitor) -> tuple[Customer, Company]:
    customer = await customer_of(visitor)
    company = await company_of(customer)
    if company is None:
        raise NotFoundException
    return customer, company


def _form(visitor: Visitor) -> type[CompanyForm]:
    return with_attributes(CompanyForm, declared_for(visitor.application, "customer"))


def _attributes(visitor: Visitor, customer: Customer) -> dict[str, str]:
    declared = declared_for(visitor.application, "customer")
    return stored_attributes(declared, {"customer": attributes_of(customer)})


async def _page(
    visitor: Visitor,
    customer: Customer,
    company: Company,
    form: FilledForm[CompanyForm],
    status_code: int = 200,
) -> Page:
    declared = declared_for(visitor.application, "customer")
    return Page(
        "account/company.html",
        status_code=status_code,
        form=form,
        customer=customer,
        company=company,
        industry=industry_name(company.industry),
        attributes=shown_attributes(declared, _attributes(visitor, customer), visitor.language),
        may_change=visitor_may(visitor, Permission.MANAGE_COMPANY),
        taxation_result=RESULT_NAMES.get(company.taxation_id_result, ""),
        addresses=await addresses_of(AddressBook(customer_id=customer.id)),
    )


routes = [company_page, save_company]
