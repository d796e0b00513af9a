"""What binds a customer, on its page: contracts, account managers, the organisation (domain.md 11, 12)."""

import uuid
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.access import NotPermitted, staff
from app.back_office.branch import branch_of, organisation_choices
from app.back_office.contract_access import sees_contracts_of
from app.back_office.customer_tabs import customer_page, found_customer
from app.back_office.privileges import Privilege
from app.contracts.account_managers import (
    account_managers_of,
    add_account_manager,
    possible_account_managers,
    remove_account_manager,
)
from app.contracts.contract import contracts_of_customer
from app.contracts.progress import progress_of
from app.contracts.words import STATE_BADGES, STATE_NAMES
from app.customers.types import Extension, customer_type_of
from app.flash import Flash
from app.forms import FilledForm, Form, Text, blank, read_form
from app.languages import gettext as _
from app.organisations.tree import OrganisationUnknown, put_customer_into
from app.pages import Page, see
from app.visitor import CurrentVisitor, Visitor
from tables import Customer

CUSTOMERS = staff(Privilege.CUSTOMERS)
CONTRACTS = staff(Privilege.CONTRACTS)


class AccountManagerForm(Form):
    """The staff member who is to look after the customer."""

    staff_member: Annotated[str, Text(max_length=40)]


class OrganisationOfCustomerForm(Form):
    """The organisation that the customer belongs to; "" for none."""

    organisation: Annotated[str, Text(required=False, max_length=40)]


@get("/customers/{number:str}/contracts", name="customer_contracts", guards=[CUSTOMERS])
async def contracts(visitor: CurrentVisitor, number: FromPath[str]) -> Page:
    """The contracts of a company, for its account managers and staff with the privilege for all."""
    of = await _company(number)
    if not await sees_contracts_of(visitor, of.id):
        raise NotPermitted
    found = await contracts_of_customer(of.id)
    return await customer_page(
        "customer_contracts.html",
        "customer_contracts",
        of,
        visitor,
        contracts=found,
        progress=await progress_of(found),
        state_names={state.value: _(name) for state, name in STATE_NAMES.items()},
        state_badges=STATE_BADGES,
    )


@get("/customers/{number:str}/account-managers", name="customer_account_managers", guards=[CUSTOMERS])
async def managers(visitor: CurrentVisitor, number: FromPath[str]) -> Page:
    """Who looks after a company."""
    return await _managers_page(visitor, await _company(number), blank(AccountManagerForm))


@post("/customers/{number:str}/account-managers", name="add_account_manager", guards=[CONTRACTS])
async def add_manager(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, number: FromPath[str]
) -> Response[Any]:
    """Lets a staff member look after the company: they see and edit its contracts from now on."""
    of = await _company(number)
    form = await read_form(request, AccountManagerForm)
    if not form.is_valid:
        return await _managers_page(visitor, of, form, 422)
    possible = {str(one.staff_member): one for one in await possible_account_managers(of.id)}
    chosen = possible.get(form.data.staff_member)
    if chosen is None or not await add_account_manager(of.id, chosen.staff_member, visitor=visitor):
        form.add_error("staff_member", _("Please choose one of the options."))
        return await _managers_page(visitor, of, form, 422)
    told = _("%(name)s looks after the customer now.", name=chosen.name)
    return see(request, "customer_account_managers", number=of.number, flash=Flash(told))


@post(
    "/customers/{number:str}/account-managers/{staff_member:uuid}/remove",
    name="remove_account_manager",
    guards=[CONTRACTS],
)
async def remove_manager(
    request: Request[Any, Any, Any],
    visitor: CurrentVisitor,
    number: FromPath[str],
    staff_member: FromPath[uuid.UUID],
) -> Response[Any]:
    """Lets a staff member look after the company no more."""
    of = await _company(number)
    removed = await remove_account_manager(of.id, staff_member, visitor=visitor)
    told = _("The account manager is removed.") if removed else _("That was so already. Nothing has changed.")
    return see(request, "customer_account_managers", number=of.number, flash=Flash(told))


@post("/customers/{number:str}/organisation", name="put_into_organisation", guards=[CUSTOMERS])
async def put_into_organisation(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, number: FromPath[str]
) -> Response[Any]:
    """Makes a company belong to an organisation, or to none. Who is limited to a branch keeps it there."""
    of = await _company(number)
    form = await read_form(request, OrganisationOfCustomerForm)
    typed = form.data.organisation if form.is_valid else ""
    flash = Flash(_("There is no such organisation."), "warning")
    if typed in dict(await organisation_choices(visitor)) or (not typed and branch_of(visitor) is None):
        try:
            await put_customer_into(of.id, uuid.UUID(typed) if typed else None, visitor=visitor)
            flash = Flash(_("The organisation of the customer is saved."))
        except OrganisationUnknown:
            pass
    return see(request, "customer", number=of.number, flash=flash)


async def _company(number: str) -> Customer:
    """The business customer of that number; 404 for others, who have no contracts. Raises
    CustomerTypeMissing."""
    of = await found_customer(number)
    if not customer_type_of(of.customer_type).applies(Extension.COMPANY):
        raise NotFoundException
    return of


async def _managers_page(
    visitor: Visitor, of: Customer, form: FilledForm[AccountManagerForm], status_code: int = 200
) -> Page:
    may_change = visitor.may(Privilege.CONTRACTS)
    possible = await possible_account_managers(of.id) if may_change else []
    return await customer_page(
        "customer_account_managers.html",
        "customer_account_managers",
        of,
        visitor,
        status_code=status_code,
        form=form,
        managers=await account_managers_of(of.id),
        possible=[(str(one.staff_member), f"{one.name} ({one.email})") for one in possible],
        may_change=may_change,
    )


routes = [contracts, managers, add_manager, remove_manager, put_into_organisation]
