"""The page on which a rejected applicant corrects the application (domain.md 4)."""

from typing import Any

from litestar import Request, Response, get, post

from app.access import anyone
from app.customers.address_form import asked_address, typed_so_far
from app.customers.types import customer_type_of
from app.errors import Conflict
from app.forms import FilledForm, read_form
from app.pages import Page, see
from app.registration.correct_application import (
    applicant_of,
    correct_application,
    filled_in,
    why_rejected,
)
from app.registration.forms import RegistrationForm, check_language, correction_form
from app.sign_in.limits import count_client
from app.sign_in.link_tokens import Link, Purpose, TokenState, look_up
from app.visitor import CurrentVisitor, Visitor
from tables import Customer, User
from tables.customers import ApprovalStatus


@get("/register/correct", name="correct_application", guards=[anyone])
async def correct_application_page(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Page:
    """The application as it stands, to be corrected. Opening it changes nothing."""
    token = request.query_params.get("token", "")
    link = await look_up(token, Purpose.CORRECT_APPLICATION, visitor.application)
    applicant = await _applicant(link)
    if applicant is None:
        return _gone(link)
    customer, user = applicant
    return await _form_page(visitor, customer, token, await filled_in(customer, user))


@post("/register/correct", name="correct_application_post", guards=[anyone])
async def send_corrected_application(
    request: Request[Any, Any, Any], visitor: CurrentVisitor
) -> Response[Any]:
    """Sends the corrected application, once per link."""
    await count_client(request.scope, "correction")
    token = request.query_params.get("token", "")
    link = await look_up(token, Purpose.CORRECT_APPLICATION, visitor.application)
    applicant = await _applicant(link)
    if applicant is None:
        return _gone(link)
    customer, _user = applicant
    asked = correction_form(customer_type_of(customer.customer_type))
    form = await read_form(request, asked)
    check_language(form, visitor.application)
    if "change_country" in request.query_params:
        return await _form_page(visitor, customer, token, typed_so_far(asked, form))
    if not form.is_valid:
        return await _form_page(visitor, customer, token, form, 422)
    try:
        corrected = await correct_application(token, visitor.application, form.data)
    except Conflict:
        corrected = None
    if corrected is None:
        return _gone(await look_up(token, Purpose.CORRECT_APPLICATION, visitor.application))
    return see(request, "application_corrected")


@get("/register/corrected", name="application_corrected", guards=[anyone])
async def application_corrected() -> Page:
    """Says that the application is looked at anew."""
    return Page("registration/corrected.html")


async def _applicant(link: Link | None) -> tuple[Customer, User] | None:
    """Whose application a working link is for, as long as there is something to correct."""
    if link is None or link.state is not TokenState.VALID:
        return None
    found = await applicant_of(link)
    if found is None or found[0].approval_status != ApprovalStatus.REJECTED:
        return None
    return found[0], found[1]


async def _form_page(
    visitor: Visitor,
    customer: Customer,
    token: str,
    form: FilledForm[RegistrationForm],
    status_code: int = 200,
) -> Page:
    customer_type = customer_type_of(customer.customer_type)
    return Page(
        "registration/correct.html",
        status_code=status_code,
        form=form,
        token=token,
        why=await why_rejected(customer),
        customer_type=customer_type,
        customer_types=(customer_type,),
        **asked_address(form, "address_", visitor),
    )


def _gone(link: Link | None) -> Page:
    state = link.state if link is not None else TokenState.INVALID
    return Page("registration/correct_gone.html", status_code=410, state=state.value)


routes = [correct_application_page, send_corrected_application, application_corrected]
