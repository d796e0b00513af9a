"""What all tabs of a customer's page share: who it is, and where the other tabs are (pages.md, Back office)."""

from dataclasses import dataclass
from typing import Any

from litestar.exceptions import NotFoundException

from app.back_office.contract_access import sees_contracts_of
from app.back_office.customer_record import customer_with_number
from app.customers.extensions import display_name_of
from app.customers.types import Extension, installed_type, type_applies
from app.errors import told_type_missing
from app.languages import gettext as _
from app.languages import text
from app.links import links_of
from app.pages import Page
from app.visitor import Visitor
from tables import Customer

# (route, name): what belongs to a customer, each on a page of its own.
TABS = (
    ("customer", text("General")),
    ("customer_users", text("Users")),
    ("customer_addresses", text("Addresses")),
    ("customer_orders", text("Orders")),
    ("customer_segments", text("Segments")),
    ("customer_price_lists", text("Price lists")),
    ("customer_catalog_views", text("Catalog views")),
    ("customer_contracts", text("Contracts")),
    ("customer_account_managers", text("Account managers")),
    ("customer_history", text("History")),
)
# Tabs that only companies have.
OF_COMPANIES = ("customer_contracts", "customer_account_managers")


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab as a page shows it."""

    name: str
    address: str
    is_open: bool


async def customer_page(
    template: str,
    tab: str,
    of: Customer,
    visitor: Visitor,
    *,
    status_code: int = 200,
    **context: Any,
) -> Page:
    """A tab of a customer's page; `tab` is its route. `context` is what the tab itself shows."""
    links, installed = links_of(visitor.application), installed_type(of.customer_type)
    return Page(
        f"back_office/{template}",
        status_code=status_code,
        customer=of,
        customer_name=await display_name_of(of),
        type_name=name_of_type(of.customer_type),
        type_missing=told_type_missing(of.customer_type) if installed is None else "",
        tab=_(dict(TABS)[tab]),
        tabs=[
            Tab(_(name), links.path(route, number=of.number), route == tab)
            for route, name in TABS
            if await _is_shown(route, of, visitor)
        ],
        **context,
    )


async def _is_shown(route: str, of: Customer, visitor: Visitor) -> bool:
    if route not in OF_COMPANIES:
        return True
    if not type_applies(of.customer_type, Extension.COMPANY):
        return False
    return route != "customer_contracts" or await sees_contracts_of(visitor, of.id)


def name_of_type(customer_type_id: str) -> str:
    """What customers of a type are, in the language of the current request, also where it is not installed."""
    installed = installed_type(customer_type_id)
    return (
        _(installed.name) if installed is not None else _("%(type)s (not installed)", type=customer_type_id)
    )


async def found_customer(number: str) -> Customer:
    """The customer of that number. Raises NotFoundException."""
    found = await customer_with_number(number)
    if found is None:
        raise NotFoundException
    return found
