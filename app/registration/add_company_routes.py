"""The pages on which a known person registers a company (domain.md 4)."""

from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from app.access import anyone, signed_in
from app.customers.address_form import asked_address, typed_so_far
from app.customers.types import CustomerType, Extension
from app.forms import FilledForm, Form, Text, blank, read_form
from app.pages import Page, see
from app.registration.add_company import (
    add_company,
    addable_types,
    added_form,
    link_to_add,
    person_of_link,
)
from app.registration.forms import RegistrationForm
from app.sign_in.limits import count_client
from app.visitor import CurrentVisitor, Visitor
from tables import User
from tables.customers import ApprovalStatus

AT_MOST = 20


class StartForm(Form):
    """The type of customer to register."""

    customer_type: Annotated[str, Text(max_length=40)]


@post("/account/companies/new", name="start_company", guards=[signed_in])
async def start(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Leads the signed-in person to the form; a browser may not follow a form to another host by itself, so that
    a page with a link stands between."""
    await count_client(request.scope, "add-company", AT_MOST)
    form = await read_form(request, StartForm)
    slug = form.value("customer_type")
    wanted = next((one for one in addable_types() if one.customer_type.slug == slug), None)
    if wanted is None:
        raise NotFoundException
    address = await link_to_add(visitor, wanted)
    if wanted.application.origin == visitor.application.origin:
        return Redirect(address, status_code=303)
    return Page("registration/add_company_elsewhere.html", address=address, shop=wanted.application.name)


@get("/register/{customer_type:str}/with-login", name="add_company", guards=[anyone])
async def add_company_page(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, customer_type: FromPath[str]
) -> Page:
    """The form for somebody whom a link makes known. Opening it changes nothing."""
    wanted = _addable(visitor, customer_type)
    token = request.query_params.get("token", "")
    person = await person_of_link(token, visitor.application)
    if person is None:
        return _gone()
    country = visitor.application.default_country
    return _form_page(visitor, wanted, token, person, blank(added_form(wanted), address_country=country))


@post("/register/{customer_type:str}/with-login", name="add_company_post", guards=[anyone])
async def register_company(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, customer_type: FromPath[str]
) -> Response[Any]:
    """Registers the company, once per link."""
    await count_client(request.scope, "add-company", AT_MOST)
    wanted = _addable(visitor, customer_type)
    token = request.query_params.get("token", "")
    person = await person_of_link(token, visitor.application)
    if person is None:
        return _gone()
    asked = added_form(wanted)
    form = await read_form(request, asked)
    if "change_country" in request.query_params:
        return _form_page(visitor, wanted, token, person, typed_so_far(asked, form))
    if not form.is_valid:
        return _form_page(visitor, wanted, token, person, form, 422)
    customer = await add_company(token, visitor.application, wanted, form.data)
    if customer is None:
        return _gone()
    is_pending = customer.approval_status == ApprovalStatus.PENDING
    return see(request, "company_added", customer_type=wanted.slug, pending="1" if is_pending else None)


@get("/register/{customer_type:str}/added", name="company_added", guards=[anyone])
async def company_added(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, customer_type: FromPath[str]
) -> Page:
    """Says what happens next."""
    return Page(
        "registration/company_added.html",
        customer_type=_addable(visitor, customer_type),
        is_pending="pending" in request.query_params,
    )


def _addable(visitor: Visitor, slug: str) -> CustomerType:
    admitted = (one for one in visitor.application.login if one.applies(Extension.GROUP))
    found = next((one for one in admitted if one.slug == slug), None)
    if found is None:
        raise NotFoundException
    return found


def _form_page(
    visitor: Visitor,
    customer_type: CustomerType,
    token: str,
    person: User,
    form: FilledForm[RegistrationForm],
    status_code: int = 200,
) -> Page:
    return Page(
        "registration/add_company.html",
        status_code=status_code,
        form=form,
        token=token,
        person=person,
        customer_type=customer_type,
        customer_types=(customer_type,),
        **asked_address(form, "address_", visitor),
    )


def _gone() -> Page:
    return Page("registration/add_company_gone.html", status_code=410)


routes = [add_company_page, register_company, company_added]
# In every shop: whoever is signed in there can add a company elsewhere.
account_routes = [start]
