"""The users of a customer in the back office: list, enable, disable, send the password mail."""

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.access import staff
from app.back_office.all_privileges import LAST_OF_ALL, LastWithAllPrivileges
from app.back_office.audit_list import audit_lines_of_customer
from app.back_office.customer_record import UserOfCustomer, users_with_memberships
from app.back_office.customer_tabs import customer_page, found_customer
from app.back_office.forms import PasswordMailForm, VersionForm
from app.back_office.password_mails import mail_password_links
from app.back_office.privileges import Privilege
from app.customers.activation import disable_membership, disable_user, enable_membership, enable_user
from app.customers.extensions import group_of
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


@get("/customers/{number:str}/users", name="customer_users", guards=[CUSTOMERS])
async def users(visitor: CurrentVisitor, number: FromPath[str]) -> Page:
    """The users of a customer."""
    return await _page(visitor, await found_customer(number))


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
    of = await found_customer(number)
    form = await read_form(request, PasswordMailForm)
    if not form.is_valid:
        return await _page(visitor, of, form, status_code=422)
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
    return see(request, "customer_users", number=of.number, flash=flash)


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
        return await _page(visitor, of, form, status_code=422)
    try:
        changed = await switch(key, version=form.data.version or version, visitor=visitor)
    except Conflict:
        return await _page(visitor, of, status_code=409, wanted=wanted)
    except LastWithAllPrivileges:
        form.add_error("", _(LAST_OF_ALL))
        return await _page(visitor, of, form, status_code=422)
    flash = Flash(told) if changed else Flash(_("That was so already. Nothing has changed."), "info")
    return see(request, "customer_users", number=of.number, flash=flash)


async def _page(
    visitor: Visitor,
    of: Customer,
    form: FilledForm[Any] | None = None,
    *,
    status_code: int = 200,
    wanted: str = "",
) -> Page:
    history = await audit_lines_of_customer(of.id) if wanted else ()
    return await customer_page(
        "customer_users_tab.html",
        "customer_users",
        of,
        visitor,
        status_code=status_code,
        users=await users_with_memberships(of.id),
        # The user of an individual is not managed on its own (domain.md 2).
        has_users_of_its_own=await group_of(of) is not None,
        form=form or blank(VersionForm),
        wanted=wanted,
        newest=history[0] if history else None,
    )


async def _user_of_group(number: str, user_id: uuid.UUID) -> tuple[Customer, UserOfCustomer]:
    """The user of a customer whose users are managed one by one; the user of an individual is not, nor is
    that of another customer (domain.md 2)."""
    of = await found_customer(number)
    person = next((one for one in await users_with_memberships(of.id) if one.id == user_id), None)
    if person is None or await group_of(of) is None:
        raise NotFoundException
    return of, person


routes = [
    users,
    enable_one_user,
    disable_one_user,
    enable_one_membership,
    disable_one_membership,
    password_mail,
]
