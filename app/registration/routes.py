"""Registering: the choice of type, the form, and what happens next (domain.md 4, pages.md)."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.access import anyone
from app.applications import Application
from app.customers.address_form import AddressForm, asked_address, typed_so_far
from app.customers.creation import LoginTaken
from app.customers.types import CustomerType
from app.forms import FilledForm, blank, read_form
from app.languages import gettext as _
from app.pages import Page, see
from app.registration.forms import RegistrationForm, check_language, registration_form
from app.registration.register import register
from app.sign_in.breached_passwords import breach_problem
from app.sign_in.limits import count_client
from app.sign_in.sent_twice import sending_of
from app.visitor import CurrentVisitor, Visitor

# Each costs a hash and a mail. Generous: a whole school may sit behind one address.
REGISTRATIONS_OF_CLIENT = 100


@get("/register", name="register", guards=[anyone])
async def register_page(visitor: CurrentVisitor) -> Page:
    """The choice of customer type; where there is nothing to choose, the form itself."""
    admitted = visitor.application.login
    if len(admitted) == 1:
        return form_page(visitor, admitted[0], _blank_form(visitor, admitted[0]))
    return Page("registration/choose_type.html", admitted=admitted)


@get("/register/{customer_type:str}", name="register_as", guards=[anyone])
async def register_as_page(visitor: CurrentVisitor, customer_type: FromPath[str]) -> Page:
    """The form of one customer type; 404 where the application does not admit it."""
    wanted = _admitted(visitor.application, customer_type)
    return form_page(visitor, wanted, _blank_form(visitor, wanted))


@post("/register/{customer_type:str}", name="register_as_post", guards=[anyone])
async def register_as(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, customer_type: FromPath[str]
) -> Response[Any]:
    """Registers whoever filled in everything well; tells all errors at once to others."""
    wanted = _admitted(visitor.application, customer_type)
    asked = registration_form(wanted, visitor.application)
    form = await read_form(request, asked)
    check_language(form, visitor.application)
    if "change_country" in request.query_params:
        return form_page(visitor, wanted, typed_so_far(asked, form))
    if not form.is_valid:
        return form_page(visitor, wanted, form, 422)
    await count_client(request.scope, "registration", REGISTRATIONS_OF_CLIENT)
    problem = await breach_problem(form.data.password)
    if problem is not None:
        form.add_error("password", problem)
        return form_page(visitor, wanted, form, 422)
    try:
        await register(visitor.application, wanted, form.data, visitor.language, sending_of(request, form))
    except LoginTaken:
        form.add_error("login", _("This user name is taken. Please choose another one."))
        return form_page(visitor, wanted, form, 422)
    return see(request, "register_done", customer_type=wanted.slug)


@get("/register/done", name="register_done", guards=[anyone])
async def register_done(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Page:
    """Says what happens next, the same to everybody who registered as this type."""
    admitted = visitor.application.login
    slug = request.query_params.get("customer_type", "")
    customer_type = next((one for one in admitted if one.slug == slug), next(iter(admitted), None))
    if customer_type is None:
        raise NotFoundException
    return Page("registration/done.html", customer_type=customer_type, customer_types=(customer_type,))


# Of the fields of an address: in the account, at registration, and in the checkout.
ADDRESS_PREFIXES = ("", "address_", "billing_", "shipping_")


@get("/address-fields", name="address_fields", guards=[anyone])
async def address_fields(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Page:
    """The fragment of an address form that asks what a country needs; `prefix` is one of ADDRESS_PREFIXES."""
    named = request.query_params.get("prefix", "")
    prefix = named if named in ADDRESS_PREFIXES else ""
    asked = request.query_params
    country = asked.get("country", "") or asked.get(f"{prefix}country", "")
    form = blank(AddressForm, **{f"{prefix}country": country})
    return Page("account/fields_of_country.html", form=form, **asked_address(form, prefix, visitor))


def form_page(
    visitor: Visitor, customer_type: CustomerType, form: FilledForm[RegistrationForm], status_code: int = 200
) -> Page:
    """The registration form of a type. Only that type is active on it, also where others are admitted."""
    return Page(
        "registration/form.html",
        status_code=status_code,
        form=form,
        customer_type=customer_type,
        customer_types=(customer_type,),
        **asked_address(form, "address_", visitor),
    )


def _blank_form(visitor: Visitor, customer_type: CustomerType) -> FilledForm[RegistrationForm]:
    return blank(
        registration_form(customer_type, visitor.application),
        preferred_language=visitor.language,
        address_country=visitor.application.default_country,
    )


def _admitted(application: Application, slug: str) -> CustomerType:
    found = next((one for one in application.login if one.slug == slug), None)
    if found is None:
        raise NotFoundException
    return found


routes = [register_page, register_as_page, register_as, register_done, address_fields]
