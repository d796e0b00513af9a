"""The users of a customer in the back office: list, enable, disable, send the password mail."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.access import NotPermitted, staff
from app.back_office.audit_list import audit_lines_of_customer
from app.back_office.branch import branch_of, people_seen
from app.back_office.customer_record import UserOfCustomer, users_with_memberships
from app.back_office.customer_tabs import customer_page, found_customer
from app.back_office.enabling import Switching, switch_on_tab
from app.back_office.forms import PasswordMailForm, Version, VersionForm, typed_id
from app.back_office.password_mails import mail_password_links
from app.back_office.privileges import Privilege
from app.customers.activation import disable_membership, disable_user, enable_membership, enable_user
from app.customers.administrators import WithoutAdministrator
from app.customers.departures import former_users_of
from app.customers.extensions import group_of
from app.customers.types import Extension, customer_type_of, type_applies
from app.flash import Flash
from app.forms import FilledForm, Form, Text, blank, read_form
from app.languages import gettext as _
from app.languages import ngettext
from app.pages import Page, see
from app.visitor import CurrentVisitor, Visitor
from tables import Customer

CUSTOMERS = staff(Privilege.CUSTOMERS)
# Whoever is let in again has the roles again that they had (security.md, Sign-in).
PROVEN = staff(Privilege.CUSTOMERS, again=True)


class DisableForm(Form):
    """Disabling a user; `administrator` is the colleague who takes the place of a last administrator."""

    version: Annotated[int | None, Version()]
    administrator: Annotated[str, Text(required=False, max_length=40)]


@dataclass(frozen=True, slots=True)
class Successor:
    """What has to be answered before a company's last administrator is disabled: `route` is where the answer goes,
    `colleagues` are (id, name) of those who can take their place, nobody where it is about another company."""

    route: str
    user: UserOfCustomer
    colleagues: tuple[tuple[str, str], ...]


@get("/customers/{number:str}/users", name="customer_users", guards=[CUSTOMERS])
async def users(visitor: CurrentVisitor, number: FromPath[str]) -> Page:
    """The users of a customer."""
    return await _page(visitor, await found_customer(number))


@post("/customers/{number:str}/users/{user:uuid}/enable", name="enable_user", guards=[PROVEN])
async def enable_one_user(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, number: FromPath[str], user: FromPath[uuid.UUID]
) -> Response[Any]:
    """Enables a user for all customers; a password mail follows."""
    of, person = await _user_of_group(number, user)
    told = _("%(name)s is enabled and gets a mail to choose a password.", name=person.name)
    await _refuse_for_part_of(visitor, person)
    what = Switching(enable_user, person.id, person.version, _("Enable"), told)
    return await switch_on_tab(request, visitor, of, "customer_users", _page, what)


@post("/customers/{number:str}/users/{user:uuid}/disable", name="disable_user", guards=[CUSTOMERS])
async def disable_one_user(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, number: FromPath[str], user: FromPath[uuid.UUID]
) -> Response[Any]:
    """Disables a user for all customers."""
    of, person = await _user_of_group(number, user)
    told = _("%(name)s is disabled and signed out.", name=person.name)
    await _refuse_for_part_of(visitor, person)
    what = Switching(disable_user, person.id, person.version, _("Disable"), told)
    return await _disabled(request, visitor, of, person, "disable_user", what)


@post(
    "/customers/{number:str}/users/{user:uuid}/enable-membership",
    name="enable_membership",
    guards=[PROVEN],
)
async def enable_one_membership(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, number: FromPath[str], user: FromPath[uuid.UUID]
) -> Response[Any]:
    """Lets a user act for this customer again."""
    of, person = await _user_of_group(number, user)
    told = _("%(name)s may act for this customer again and gets a mail.", name=person.name)
    key, version = person.membership_id, person.membership_version
    what = Switching(enable_membership, key, version, _("Enable"), told)
    return await switch_on_tab(request, visitor, of, "customer_users", _page, what)


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
    what = Switching(disable_membership, key, version, _("Disable"), told)
    return await _disabled(request, visitor, of, person, "disable_membership", what)


@post("/customers/{number:str}/password-mail", name="send_password_mail", guards=[CUSTOMERS])
async def password_mail(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, number: FromPath[str]
) -> Response[Any]:
    """Mails one user, or all enabled ones, a link to choose a password."""
    of = await found_customer(number)
    # The link leads to a shop that admits the type.
    customer_type_of(of.customer_type)
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


async def _disabled(
    request: Request[Any, Any, Any],
    visitor: Visitor,
    of: Customer,
    person: UserOfCustomer,
    route: str,
    what: Switching,
) -> Response[Any]:
    """Disables, and asks who becomes administrator where that would leave users whom nobody can manage."""
    form = await read_form(request, DisableForm)
    successor = typed_id(form.value("administrator"))
    switch: Callable[..., Awaitable[bool]] = partial(what.switch, administrator=successor)
    try:
        return await switch_on_tab(
            request, visitor, of, "customer_users", _page, replace(what, switch=switch)
        )
    except WithoutAdministrator as left:
        colleagues: tuple[tuple[str, str], ...] = ()
        if list(left.companies) == [of.id]:
            said = _(
                "%(name)s is the last account administrator. Please choose who takes over.", name=person.name
            )
            form.add_error("administrator", said)
            colleagues = await _colleagues_of(person, of)
        else:
            said = _(
                "%(name)s is the last account administrator of another customer. Please disable them there first,"
                " where you are asked who takes over.",
                name=person.name,
            )
            form.add_error("", said)
        asked = Successor(route, person, colleagues)
        return await _page(visitor, of, form, status_code=422, successor=asked)


async def _colleagues_of(person: UserOfCustomer, of: Customer) -> tuple[tuple[str, str], ...]:
    return tuple(
        (str(one.id), one.name)
        for one in await users_with_memberships(of.id)
        if one.id != person.id and one.is_active and one.membership_is_active
    )


async def _page(
    visitor: Visitor,
    of: Customer,
    form: FilledForm[Any] | None = None,
    *,
    status_code: int = 200,
    wanted: str = "",
    successor: Successor | None = None,
) -> Page:
    people = await users_with_memberships(of.id)
    history = await audit_lines_of_customer(of.id, branch_of(visitor)) if wanted else ()
    return await customer_page(
        "customer_users_tab.html",
        "customer_users",
        of,
        visitor,
        status_code=status_code,
        users=people,
        former_users=await former_users_of(of.id),
        # Whom the staff member sees as a whole, and may disable everywhere.
        whole=await people_seen(visitor, [one.id for one in people]),
        # The user of an individual is not managed on its own (domain.md 2).
        has_users_of_its_own=type_applies(of.customer_type, Extension.GROUP),
        form=form or blank(VersionForm),
        successor=successor,
        wanted=wanted,
        newest=history[0] if history else None,
    )


async def _refuse_for_part_of(visitor: Visitor, person: UserOfCustomer) -> None:
    """Who is limited to a branch does nothing that holds at customers outside of it as well (domain.md 11)."""
    if person.id not in await people_seen(visitor, [person.id]):
        raise NotPermitted


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
