"""Creating a customer: first its type, then the form of that type."""

from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import QueryParameter

from app.access import staff
from app.applications import application_for_type
from app.back_office.branch import branch_of
from app.back_office.new_customer import create_by_staff, new_customer_form, shop_for
from app.back_office.privileges import Privilege
from app.customers.address_form import asked_address, typed_so_far
from app.customers.creation import LoginTaken, NumberTaken
from app.customers.types import CustomerType, Extension, all_customer_types
from app.flash import Flash
from app.forms import FilledForm, blank, read_form
from app.languages import gettext as _
from app.pages import Page, see
from app.registration.forms import check_language
from app.registration.routes import address_fields
from app.visitor import CurrentVisitor, Visitor

WantedType = Annotated[str, QueryParameter(name="type")]


@get("/customers/new", name="new_customer", guards=[staff(Privilege.CUSTOMERS)])
async def new_customer(visitor: CurrentVisitor, wanted: WantedType = "") -> Page:
    """The choice of customer type, or the form of the chosen one."""
    if not wanted:
        return Page("back_office/new_customer_type.html", types=_creatable_types(visitor))
    customer_type = _customer_type(visitor, wanted)
    shop = shop_for(customer_type)
    form = blank(
        new_customer_form(customer_type),
        preferred_language=shop.languages[0],
        address_country=shop.default_country,
    )
    return _form_page(visitor, customer_type, form)


@post("/customers/new", name="create_customer", guards=[staff(Privilege.CUSTOMERS)])
async def create_customer(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, wanted: WantedType = ""
) -> Response[Any]:
    """Creates the customer, or tells all errors at once."""
    customer_type = _customer_type(visitor, wanted)
    asked = new_customer_form(customer_type)
    form = await read_form(request, asked)
    check_language(form, shop_for(customer_type))
    if "change_country" in request.query_params:
        return _form_page(visitor, customer_type, typed_so_far(asked, form))
    if not form.is_valid:
        return _form_page(visitor, customer_type, form, 422)
    try:
        created = await create_by_staff(customer_type, form.data, visitor)
    except NumberTaken:
        form.add_error("number", _("Another customer has this number."))
        return _form_page(visitor, customer_type, form, 422)
    except LoginTaken:
        form.add_error("login" if form.value("login") else "email", _("Another user has this login."))
        return _form_page(visitor, customer_type, form, 422)
    told = _(
        "Customer %(number)s is created. A mail asks the first user to choose a password.",
        number=created.number,
    )
    return see(request, "customer", number=created.number, flash=Flash(told))


def _form_page(
    visitor: Visitor, customer_type: CustomerType, form: FilledForm[Any], status_code: int = 200
) -> Page:
    return Page(
        "back_office/new_customer.html",
        status_code=status_code,
        form=form,
        customer_type=customer_type,
        shop=shop_for(customer_type),
        **asked_address(form, "address_", visitor),
    )


def _creatable_types(visitor: Visitor) -> list[CustomerType]:
    """Types whose customers can sign in somewhere; for who is limited to a branch, those that can belong to it."""
    return [
        one
        for one in all_customer_types().values()
        if application_for_type(one.id) is not None
        and (branch_of(visitor) is None or one.applies(Extension.COMPANY))
    ]


def _customer_type(visitor: Visitor, wanted: str) -> CustomerType:
    found = next((one for one in _creatable_types(visitor) if one.id == wanted), None)
    if found is None:
        raise NotFoundException
    return found


# The fields of an address follow its country here as in the shops.
routes = [new_customer, create_customer, address_fields]
