"""Contracts in the back office: list, create, edit, delete; how far each has come (domain.md 12)."""

import uuid
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery, QueryParameter

from app.amounts import Amount, amount_as_typed
from app.back_office.branch_reach import bringing
from app.back_office.contract_access import (
    contracts_of_own_customers,
    found_contract,
    only_of,
    sees_contracts_of,
)
from app.back_office.customer_record import customer_with_number
from app.back_office.privileges import Privilege
from app.back_office.selling_fields import Currency, WholeNumber, filled_with
from app.back_office.selling_lists import delete_page, page_asked_for
from app.back_office.selling_orders import BADGES
from app.back_office.stale_form import stale_form
from app.contracts.contract import Contract, contract_of_id
from app.contracts.edit_contract import (
    ContractDetails,
    ContractRefused,
    change_contract,
    create_contract,
    delete_contract,
)
from app.contracts.progress import ORDERS_ON_A_PAGE, orders_of_contract, progress_of
from app.contracts.search import ON_A_PAGE, ContractSearch, find_contracts
from app.contracts.words import STATE_BADGES, STATE_NAMES
from app.errors import Conflict
from app.flash import Flash
from app.forms import Day, FilledForm, Form, Several, Text, asked_for, blank, read_form
from app.languages import gettext as _
from app.languages import text
from app.links import links_of
from app.orders.states import STATE_NAMES as ORDER_STATE_NAMES
from app.pages import Page, see
from app.visitor import CurrentVisitor, Visitor
from tables import Customer
from tables.engine import DB
from tables.orders import OrderState

CONTRACTS = contracts_of_own_customers
STATES = (
    ("valid", text("Valid")),
    ("ending", text("Ending within 30 days")),
    ("future", text("Not begun yet")),
    ("ended", text("Ended")),
)


class ContractForm(Form):
    """A contract as it is typed."""

    number: Annotated[str, Text(required=False, max_length=40)]
    name: Annotated[str, Text(max_length=200)]
    starts_on: Annotated[Any, Day(required=True)]
    ends_on: Annotated[Any, Day(required=False)]
    target_revenue: Annotated[Any, Amount()]
    currency: Currency
    price_lists: Annotated[list[str], Several()]
    catalog_views: Annotated[list[str], Several()]
    comment: Annotated[str, Text(required=False, multiline=True, max_length=5000)]
    version: Annotated[Any, WholeNumber(required=False)]


class NewContractForm(ContractForm):
    """A new contract says with whom it is made."""

    customer: Annotated[str, Text(max_length=40)]


class ContractSearchForm(Form):
    """The search above the list."""

    q: Annotated[str, Text(required=False)]
    state: Annotated[str, Text(required=False)]


@get("/contracts", name="back_office_contracts", guards=[CONTRACTS])
async def contracts(
    visitor: CurrentVisitor,
    wanted_state: Annotated[str, QueryParameter(name="state")] = "",
    q: FromQuery[str] = "",
    page: FromQuery[int] = 1,
) -> Page:
    """Contracts that the staff member may see, those that end first at the top."""
    asked, number = asked_for(q), page_asked_for(page)
    chosen = wanted_state if wanted_state in dict(STATES) else ""
    branch = visitor.account.branch if visitor.account is not None else None
    search = ContractSearch(q=asked, state=chosen, managed_by=only_of(visitor), branch=branch)
    found = await find_contracts(search, number)
    return Page(
        "back_office/contracts.html",
        search=blank(ContractSearchForm, q=asked, state=chosen),
        q=asked,
        state=chosen,
        states=[("", _("All")), *((value, _(name)) for value, name in STATES)],
        contracts=found.contracts,
        progress=await progress_of(found.contracts),
        state_names=_state_names(),
        state_badges=STATE_BADGES,
        only_own=only_of(visitor) is not None,
        page=number,
        pages=max(1, -(-found.count // ON_A_PAGE)),
    )


@get("/contracts/new", name="new_contract", guards=[CONTRACTS])
async def new(visitor: CurrentVisitor, customer: FromQuery[str] = "") -> Page:
    """The form of a new contract."""
    today = await DB.fetch_value("SELECT (now() AT TIME ZONE $1)::date", visitor.application.time_zone)
    form = blank(
        NewContractForm,
        customer=asked_for(customer, 40),
        starts_on=today.isoformat(),
        currency=visitor.application.currency,
    )
    return await _page(visitor, form, None)


@post("/contracts/new", name="create_contract", guards=[CONTRACTS])
async def create(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Makes a contract with a customer that the staff member may see."""
    form = await read_form(request, NewContractForm)
    if not form.is_valid:
        return await _page(visitor, form, None, status_code=422)
    of = await _customer_for(visitor, form.data.customer)
    if of is None:
        form.add_error("customer", _("There is no customer %(numbers)s.", numbers=form.data.customer))
        return await _page(visitor, form, None, status_code=422)
    try:
        async with bringing(_brought(form.data)):
            key = await create_contract(of.id, _details(form.data), visitor=visitor)
    except ContractRefused as error:
        form.add_error(error.field, str(error))
        return await _page(visitor, form, None, status_code=422)
    return see(request, "back_office_contract", contract_id=key, flash=Flash(_("The contract is created.")))


@get("/contracts/{contract_id:uuid}", name="back_office_contract", guards=[CONTRACTS])
async def contract(
    visitor: CurrentVisitor, contract_id: FromPath[uuid.UUID], page: FromQuery[int] = 1
) -> Page:
    """A contract: how far it has come, and its form; 404 for one that the staff member may not see."""
    found = await found_contract(visitor, contract_id)
    form = filled_with(ContractForm, _as_typed(found))
    return await _page(visitor, form, found, orders_page=page_asked_for(page))


@post("/contracts/{contract_id:uuid}", name="change_contract", guards=[CONTRACTS])
async def change(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, contract_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Changes a contract."""
    found = await found_contract(visitor, contract_id)
    form = await read_form(request, ContractForm)
    if not form.is_valid:
        return await _page(visitor, form, found, status_code=422)
    try:
        async with bringing(_brought(form.data)):
            await change_contract(contract_id, form.data.version or 0, _details(form.data), visitor=visitor)
    except ContractRefused as error:
        form.add_error(error.field, str(error))
        return await _page(visitor, form, found, status_code=422)
    except Conflict:
        now = await contract_of_id(contract_id)
        stale = stale_form(ContractForm, form, _as_typed(now))
        return await _page(visitor, stale, now, status_code=409)
    told = _("The contract is changed.")
    return see(request, "back_office_contract", contract_id=contract_id, flash=Flash(told))


@get("/contracts/{contract_id:uuid}/delete", name="delete_contract_page", guards=[CONTRACTS])
async def ask_delete(visitor: CurrentVisitor, contract_id: FromPath[uuid.UUID]) -> Page:
    """Asks before a contract is deleted."""
    found, links = await found_contract(visitor, contract_id), links_of(visitor.application)
    return delete_page(
        _("Delete the contract %(number)s?", number=found.number),
        _(
            "Its price lists and catalog views hold for %(customer)s no more. Orders stay as they are.",
            customer=found.customer_name,
        ),
        links.path("delete_contract", contract_id=contract_id),
        links.path("back_office_contract", contract_id=contract_id),
    )


@post("/contracts/{contract_id:uuid}/delete", name="delete_contract", guards=[CONTRACTS])
async def delete(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, contract_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Deletes a contract."""
    await found_contract(visitor, contract_id)
    await delete_contract(contract_id, visitor=visitor)
    return see(request, "back_office_contracts", flash=Flash(_("The contract is deleted.")))


async def _customer_for(visitor: Visitor, number: str) -> Customer | None:
    """The customer of that number, if the staff member may make contracts with it."""
    of = await customer_with_number(number)
    if of is None or not await sees_contracts_of(visitor, of.id):
        return None
    return of


def _brought(data: ContractForm) -> dict[str, list[str]]:
    return {"price_lists": data.price_lists, "catalog_views": data.catalog_views}


def _details(data: ContractForm) -> ContractDetails:
    return ContractDetails(
        number=data.number,
        name=data.name,
        starts_on=data.starts_on,
        ends_on=data.ends_on,
        comment=data.comment,
        target_revenue=data.target_revenue,
        currency=data.currency,
        price_lists=data.price_lists,
        catalog_views=data.catalog_views,
    )


def _as_typed(of: Contract) -> dict[str, str | list[str]]:
    return {
        "number": of.number,
        "name": of.name,
        "starts_on": of.starts_on.isoformat(),
        "ends_on": of.ends_on.isoformat() if of.ends_on else "",
        "target_revenue": amount_as_typed(of.target_revenue),
        "currency": of.currency,
        "price_lists": [one.id for one in of.price_lists],
        "catalog_views": [one.id for one in of.catalog_views],
        "comment": of.comment,
        "version": str(of.version),
    }


def _state_names() -> dict[str, str]:
    return {state.value: _(name) for state, name in STATE_NAMES.items()}


async def _page(
    visitor: Visitor,
    form: FilledForm[Any],
    of: Contract | None,
    *,
    orders_page: int = 1,
    status_code: int = 200,
) -> Page:
    orders = await orders_of_contract(of, page=orders_page) if of is not None else []
    return Page(
        "back_office/contract.html",
        status_code=status_code,
        form=form,
        of=of,
        progress=(await progress_of([of]))[of.id] if of is not None else None,
        orders=[
            (one, _(ORDER_STATE_NAMES[OrderState(one.state)]), BADGES[OrderState(one.state)])
            for one in orders[:ORDERS_ON_A_PAGE]
        ],
        orders_page=orders_page,
        has_more_orders=len(orders) > ORDERS_ON_A_PAGE,
        price_lists=await _choices("price_lists"),
        catalog_views=await _choices("catalog_views"),
        may_open_customer=visitor.may(Privilege.CUSTOMERS),
        may_open_orders=visitor.may(Privilege.ORDERS),
        state_names=_state_names(),
        state_badges=STATE_BADGES,
    )


async def _choices(table: str) -> list[tuple[str, str]]:
    rows = await DB.fetch(f"SELECT id, name FROM {table} ORDER BY name, id")  # a constant of this module
    return [(row["id"], f"{row['name']} ({row['id']})") for row in rows]


routes = [contracts, new, create, contract, change, ask_delete, delete]
