"""A customer's page and what staff do there: approve, reject, enable, disable, send the password mail."""

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.access import staff
from app.applications import application_by_id
from app.back_office.customer_record import (
    UserOfCustomer,
    customer_with_number,
    record_of,
    users_with_memberships,
)
from app.back_office.forms import PasswordMailForm, RejectionForm, VersionForm
from app.back_office.password_mails import mail_password_links
from app.back_office.privileges import Privilege
from app.customers.activation import (
    disable_customer,
    disable_membership,
    disable_user,
    enable_customer,
    enable_membership,
    enable_user,
)
from app.customers.approval import approve, can_be_decided, reject
from app.customers.extensions import display_name_of, group_of
from app.errors import Conflict
from app.flash import Flash
from app.forms import FilledForm, blank, read_form
from app.languages import gettext as _
from app.languages import ngettext
from app.pages import Page, see
from app.visitor import CurrentVisitor, Visitor
from tables import Customer

CUSTOMERS = staff(Privilege.CUSTOMERS)
Switch = Callable[..., Awaitable[bool]]


@get("/customers/{number:str}", name="customer", guards=[CUSTOMERS])
async def customer(number: FromPath[str]) -> Page:
    """All about a customer."""
    return await _page(await _customer(number))


@get("/customers/{number:str}/general", name="customer_general", guards=[CUSTOMERS])
async def customer_general(number: FromPath[str]) -> Page:
    """The same page under the name of its tab."""
    return await _page(await _customer(number))


@post("/customers/{number:str}/approve", name="approve_customer", guards=[CUSTOMERS])
async def approve_customer(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, number: FromPath[str]
) -> Response[Any]:
    """Approves a pending or rejected customer."""
    of = await _customer_to_decide(number)
    form = await read_form(request, VersionForm)
    if not form.is_valid:
        return await _page(of, form, status_code=422)
    try:
        await approve(of.id, version=form.data.version or of.version, visitor=visitor)
    except Conflict:
        return await _changed_meanwhile(number, _("Approve"))
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
        return await _page(of, form, status_code=422)
    version = form.data.version or of.version
    try:
        await reject(of.id, version=version, comment=form.data.comment, visitor=visitor)
    except Conflict:
        return await _changed_meanwhile(number, _("Reject"), form)
    told = _("%(name)s is rejected and told so by mail.", name=await display_name_of(of))
    return see(request, "customer", number=of.number, flash=Flash(told))


@post("/customers/{number:str}/enable", name="enable_customer", guards=[CUSTOMERS])
async def enable(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, number: FromPath[str]
) -> Response[Any]:
    """Enables a customer; its users get the password mail."""
    of = await _customer(number)
    told = _("The customer is enabled. Its users get a mail to choose a password.")
    return await _switch(request, visitor, of, enable_customer, of.id, of.version, _("Enable"), told)


@post("/customers/{number:str}/disable", name="disable_customer", guards=[CUSTOMERS])
async def disable(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, number: FromPath[str]
) -> Response[Any]:
    """Disables a customer; its users are signed out at once."""
    of = await _customer(number)
    told = _("The customer is disabled. Its users are signed out.")
    return await _switch(request, visitor, of, disable_customer, of.id, of.version, _("Disable"), told)


@post("/customers/{number:str}/users/{user:uuid}/enable", name="enable_user", guards=[CUSTOMERS])
async def enable_one_user(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, number: FromPath[str], user: FromPath[uuid.UUID]
) -> Response[Any]:
    """Enables a user for all customers; a password mail follows."""
    of, person = await _user_of_group(number, user)
    told = _("%(name)s is enabled and gets a mail to choose a password.", name=person.name)
    return await _switch(request, visitor, of, enable_user, person.id, person.version, _("Enable"), told)


@post("/customers/{number:str}/users/{user:uuid}/disable", name="disable_user", guards=[CUSTOMERS])
async def disable_one_user(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, number: FromPath[str], user: FromPath[uuid.UUID]
) -> Response[Any]:
    """Disables a user for all customers."""
    of, person = await _user_of_group(number, user)
    told = _("%(name)s is disabled and signed out.", name=person.name)
    return await _switch(request, visitor, of, disable_user, person.id, person.version, _("Disable"), told)


@post(
    "/customers/{number:str}/users/{user:uuid}/enable-membership",
    name="enable_membership",
    guards=[CUSTOMERS],
)
async def enable_one_membership(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, number: FromPath[str], user: FromPath[uuid.UUID]
) -> Response[Any]:
    """Lets a user act for this customer again."""
    of, person = await _user_of_group(number, user)
    told = _("%(name)s may act for this customer again and gets a mail.", name=person.name)
    key, version = person.membership_id, person.membership_version
    return await _switch(request, visitor, of, enable_membership, key, version, _("Enable"), told)


@post(
    "/customers/{number:str}/users/{user:uuid}/disable-membership",
    name="disable_membership",
    guards=[CUSTOMERS],
)
async def disable_one_membership(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, number: FromPath[str], user: FromPath[uuid.UUID]
) -> Response[Any]:
    """Stops a user from acting for this customer."""
    of, person = await _user_of_group(number, user)
    told = _("%(name)s may not act for this customer any more.", name=person.name)
    key, version = person.membership_id, person.membership_version
    return await _switch(request, visitor, of, disable_membership, key, version, _("Disable"), told)


@post("/customers/{number:str}/password-mail", name="send_password_mail", guards=[CUSTOMERS])
async def password_mail(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, number: FromPath[str]
) -> Response[Any]:
    """Mails one user, or all enabled ones, a link to choose a password."""
    of = await _customer(number)
    form = await read_form(request, PasswordMailForm)
    if not form.is_valid:
        return await _page(of, form, status_code=422)
    sent = await mail_password_links(of.id, form.data.user, visitor)
    if not sent:
        flash = Flash(_("There is no enabled user to send a password mail to."), "warning")
    elif len(sent) == 1:
        flash = Flash(_("A password mail goes to %(name)s.", name=sent[0]))
    else:
        flash = Flash(
            ngettext(
                "%(n)s password mail is on its way.", "%(n)s password mails are on their way.", len(sent)
            )
        )
    return see(request, "customer", number=of.number, flash=flash)


async def _switch(
    request: Request[Any, Any, Any],
    visitor: Visitor,
    of: Customer,
    switch: Switch,
    key: uuid.UUID,
    version: int,
    wanted: str,
    told: str,
) -> Response[Any]:
    """Enables or disables by `switch`; `version` counts where the form sent none."""
    form = await read_form(request, VersionForm)
    if not form.is_valid:
        return await _page(of, form, status_code=422)
    try:
        changed = await switch(key, version=form.data.version or version, visitor=visitor)
    except Conflict:
        return await _changed_meanwhile(of.number, wanted)
    flash = Flash(told) if changed else Flash(_("That was so already. Nothing has changed."), "info")
    return see(request, "customer", number=of.number, flash=flash)


async def _changed_meanwhile(number: str, wanted: str, form: FilledForm[Any] | None = None) -> Page:
    """The page as it stands now, with what was wanted, so that the staff member decides anew (security.md,
    Concurrency and faults)."""
    return await _page(await _customer(number), form, status_code=409, wanted=wanted)


async def _page(
    of: Customer, form: FilledForm[Any] | None = None, *, status_code: int = 200, wanted: str = ""
) -> Page:
    record = await record_of(of)
    application = application_by_id(of.application)
    return Page(
        "back_office/customer.html",
        status_code=status_code,
        record=record,
        customer=record.customer,
        details=record.details,
        company=record.company,
        industry=_(record.industry) if record.industry else "",
        individual=record.individual,
        registered_at=application.name if application is not None else of.application,
        form=form or blank(RejectionForm),
        wanted=wanted,
    )


async def _customer(number: str) -> Customer:
    found = await customer_with_number(number)
    if found is None:
        raise NotFoundException
    return found


async def _customer_to_decide(number: str) -> Customer:
    found = await _customer(number)
    if not can_be_decided(found):
        raise NotFoundException
    return found


async def _user_of_group(number: str, user_id: uuid.UUID) -> tuple[Customer, UserOfCustomer]:
    """The user of a customer whose users are managed one by one; the user of an individual is not, nor is
    that of another customer (domain.md 2)."""
    of = await _customer(number)
    person = next((one for one in await users_with_memberships(of.id) if one.id == user_id), None)
    if person is None or await group_of(of) is None:
        raise NotFoundException
    return of, person


routes = [
    customer,
    customer_general,
    approve_customer,
    reject_customer,
    enable,
    disable,
    enable_one_user,
    disable_one_user,
    enable_one_membership,
    disable_one_membership,
    password_mail,
]
