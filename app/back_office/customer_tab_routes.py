"""Tabs of a customer's page: addresses, orders, segments, price lists, catalog views, history (domain.md 15)."""

import uuid
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery

from app.access import staff
from app.applications import application_for_type
from app.back_office.audit_list import PER_PAGE, audit_lines
from app.back_office.branch import branch_of
from app.back_office.customer_offers import Offers, catalog_views_for, price_lists_for
from app.back_office.customer_record import addresses_of
from app.back_office.customer_tabs import customer_page, found_customer
from app.back_office.privileges import Privilege
from app.back_office.selling_lists import ON_A_PAGE, offset_of, page_asked_for, pages_of
from app.back_office.selling_orders import BADGES
from app.flash import Flash
from app.forms import FilledForm, Form, Text, blank, read_form
from app.languages import gettext as _
from app.orders.states import STATE_NAMES
from app.pages import Page, see
from app.segments.custom import SegmentUnknown, names_of_segments
from app.segments.customer_groups import group_given_to
from app.segments.implicit import REGISTERED_USERS, implicit_segments
from app.segments.members import assign, reasons_of_customer, remove, segments_of_customer
from app.visitor import CurrentVisitor, Visitor
from tables import Customer
from tables.engine import DB
from tables.orders import OrderState

CUSTOMERS = staff(Privilege.CUSTOMERS)
SEGMENTS = staff(Privilege.SEGMENTS)
# Of these origins staff may take a customer out again.
BY_HAND = frozenset({"hand", "import"})


class SegmentForm(Form):
    """The segment that a customer is put into."""

    segment: Annotated[str, Text(max_length=60)]


_ORDERS = """
    SELECT o.number, o.placed_at, o.buyer_name, o.state, o.gross_total, o.currency, o.withdrawn_at,
           count(*) OVER () AS count
    FROM orders o WHERE o.customer = $1 ORDER BY o.placed_at DESC, o.id DESC LIMIT $2 OFFSET $3
"""


@get("/customers/{number:str}/addresses", name="customer_addresses", guards=[CUSTOMERS])
async def addresses(visitor: CurrentVisitor, number: FromPath[str]) -> Page:
    """The addresses of a customer and of its users."""
    of = await found_customer(number)
    found = await addresses_of(of.id)
    return await customer_page("customer_addresses.html", "customer_addresses", of, visitor, addresses=found)


@get("/customers/{number:str}/orders", name="customer_orders", guards=[CUSTOMERS])
async def orders(visitor: CurrentVisitor, number: FromPath[str], page: FromQuery[int] = 1) -> Page:
    """The orders of a customer, the newest first."""
    of, asked = await found_customer(number), page_asked_for(page)
    rows = await DB.fetch(_ORDERS, of.id, ON_A_PAGE, offset_of(asked))
    return await customer_page(
        "customer_orders.html",
        "customer_orders",
        of,
        visitor,
        orders=[
            {
                **row,
                "state": _(STATE_NAMES[OrderState(row["state"])]),
                "badge": BADGES[OrderState(row["state"])],
            }
            for row in rows
        ],
        may_open=visitor.may(Privilege.ORDERS),
        page=asked,
        pages=pages_of(rows[0]["count"] if rows else 0),
    )


@get("/customers/{number:str}/segments", name="customer_segments", guards=[CUSTOMERS])
async def segments(visitor: CurrentVisitor, number: FromPath[str]) -> Page:
    """The segments of a customer, and why it is in each."""
    return await _segments_page(visitor, await found_customer(number), blank(SegmentForm))


@post("/customers/{number:str}/segments", name="put_into_segment", guards=[SEGMENTS])
async def put_into_segment(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, number: FromPath[str]
) -> Response[Any]:
    """Puts the customer into a custom segment by hand."""
    of = await found_customer(number)
    form = await read_form(request, SegmentForm)
    if not form.is_valid:
        return await _segments_page(visitor, of, form, 422)
    try:
        added = await assign(form.data.segment, [of.id], visitor=visitor)
    except SegmentUnknown:
        form.add_error("segment", _("Please choose one of the options."))
        return await _segments_page(visitor, of, form, 422)
    told = (
        _("The customer is in the segment now.") if added else _("That was so already. Nothing has changed.")
    )
    return see(request, "customer_segments", number=of.number, flash=Flash(told))


@post(
    "/customers/{number:str}/segments/{segment:str}/remove",
    name="take_out_of_segment",
    guards=[SEGMENTS],
)
async def take_out_of_segment(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, number: FromPath[str], segment: FromPath[str]
) -> Response[Any]:
    """Takes the customer out of a segment that it was put into by hand or by import."""
    of = await found_customer(number)
    try:
        removed = await remove(segment, [of.id], visitor=visitor)
    except SegmentUnknown:
        removed = 0
    told = _("The customer is taken out.") if removed else _("That was so already. Nothing has changed.")
    return see(request, "customer_segments", number=of.number, flash=Flash(told))


@get("/customers/{number:str}/price-lists", name="customer_price_lists", guards=[CUSTOMERS])
async def price_lists(visitor: CurrentVisitor, number: FromPath[str]) -> Page:
    """The price lists of a customer: specific to it, and effective through its segments."""
    of = await found_customer(number)
    offers = await price_lists_for(of, await _segments_of(of))
    return await _offers_page(visitor, of, "customer_price_lists", offers, "price_list", Privilege.PRICES)


@get("/customers/{number:str}/catalog-views", name="customer_catalog_views", guards=[CUSTOMERS])
async def catalog_views(visitor: CurrentVisitor, number: FromPath[str]) -> Page:
    """The catalog views of a customer: specific to it, and effective through its segments."""
    of = await found_customer(number)
    offers = await catalog_views_for(of, await _segments_of(of))
    return await _offers_page(
        visitor, of, "customer_catalog_views", offers, "catalog_view", Privilege.CATALOG
    )


@get("/customers/{number:str}/history", name="customer_history", guards=[CUSTOMERS])
async def history(
    visitor: CurrentVisitor, number: FromPath[str], before: FromQuery[uuid.UUID | None] = None
) -> Page:
    """Who changed what about a customer and its users, the newest entries first."""
    of = await found_customer(number)
    found = await audit_lines(customer_number=of.number, before=before, branch=branch_of(visitor))
    return await customer_page(
        "customer_history.html",
        "customer_history",
        of,
        visitor,
        entries=found[:PER_PAGE],
        older_than=found[PER_PAGE - 1].id if len(found) > PER_PAGE else None,
    )


async def _segments_of(of: Customer) -> list[str]:
    """The segments that a signed-in user of the customer has in its shop."""
    application = application_for_type(of.customer_type)
    return sorted({*await segments_of_customer(of.id, application), REGISTERED_USERS.id})


async def _segments_page(
    visitor: Visitor, of: Customer, form: FilledForm[SegmentForm], status_code: int = 200
) -> Page:
    names, implicit = await names_of_segments(), {one.id for one in implicit_segments()}
    reasons = await reasons_of_customer(of.id)
    return await customer_page(
        "customer_segments.html",
        "customer_segments",
        of,
        visitor,
        status_code=status_code,
        form=form,
        segments=[
            {
                "id": one,
                "name": names.get(one, one),
                "is_implicit": one in implicit,
                "reasons": why,
                "is_by_hand": any(reason.origin in BY_HAND for reason in why),
            }
            for one, why in reasons.items()
        ],
        others=[(one, name) for one, name in names.items() if one not in implicit and one not in reasons],
        group_of_organisation=names.get(await group_given_to(of.id), ""),
        may_change=visitor.may(Privilege.SEGMENTS),
    )


async def _offers_page(
    visitor: Visitor, of: Customer, tab: str, offers: Offers, route: str, privilege: Privilege
) -> Page:
    return await customer_page(
        "customer_offers.html",
        tab,
        of,
        visitor,
        offers=offers,
        route=route,
        parameter={"price_list": "list_id", "catalog_view": "view"}[route],
        has_prices=route == "price_list",
        may_open=visitor.may(privilege),
        segment_names=await names_of_segments(),
    )


routes = [
    addresses,
    orders,
    segments,
    put_into_segment,
    take_out_of_segment,
    price_lists,
    catalog_views,
    history,
]
