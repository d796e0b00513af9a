"""Shipping methods in the back office: what they cost, in which order they are offered, and to whom."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.access import staff
from app.amounts import Amount, amount_as_typed
from app.back_office.branch_reach import changing, may_change, refuse_beyond_branch
from app.back_office.privileges import Privilege
from app.back_office.selling_fields import (
    CURRENCIES,
    Currency,
    LongTexts,
    Names,
    NewId,
    WholeNumber,
    by_language,
    filled_with,
)
from app.back_office.selling_lists import Row, ShownList, delete_page, list_page
from app.back_office.selling_targets import (
    TargetGroupForm,
    chosen_targets,
    organisation_names,
    target_choices,
    targets_as_typed,
    tell_refused,
    tell_unknown,
)
from app.back_office.stale_form import stale_form
from app.checkout.edit_shipping import (
    ShippingMethodExists,
    ShippingMethodMissing,
    change_shipping_method,
    create_shipping_method,
    delete_shipping_method,
)
from app.checkout.shipping import ShippingMethod
from app.errors import Conflict
from app.flash import Flash
from app.forms import FilledForm, Flag, Group, blank, read_form
from app.languages import gettext as _
from app.languages import money_text
from app.links import links_of
from app.pages import Page, see
from app.segments.targets import NoServiceActive, TargetUnknown
from app.visitor import CurrentVisitor, Visitor
from tables.engine import DB
from tables.segments import TargetKind

PRICES = staff(Privilege.PRICES)


class ShippingForm(TargetGroupForm):
    """A shipping method."""

    name: Annotated[Names, Group(prefix="name_")]
    description: Annotated[LongTexts, Group(prefix="description_")]
    price: Annotated[Any, Amount(required=True)]
    currency: Currency
    free_from: Annotated[Any, Amount()]
    position: Annotated[Any, WholeNumber(required=False, at_most=10_000)]
    is_active: Annotated[bool, Flag()]
    version: Annotated[Any, WholeNumber(required=False)]


class NewShippingForm(ShippingForm):
    """A shipping method with its id, which never changes."""

    id: Annotated[str, NewId()]


_ALL = """
    SELECT id, coalesce(names ->> $1, names ->> 'en', id) AS name, price, currency, free_from, position, is_active
    FROM shipping_methods ORDER BY position, id
"""
_ONE = """
    SELECT names::text AS names, descriptions::text AS descriptions, price, currency, free_from, position,
           is_active, version
    FROM shipping_methods WHERE id = $1
"""


@get("/shipping-methods", name="shipping_methods", guards=[PRICES])
async def methods(visitor: CurrentVisitor) -> Page:
    """All shipping methods, in the order in which the checkout offers them."""
    links = links_of(visitor.application)
    rows = await DB.fetch(_ALL, visitor.language)
    return list_page(
        ShownList(
            route="shipping_methods",
            heading=_("Shipping methods"),
            lead=_("How orders can be delivered, in the order in which the checkout offers it."),
            headings=[_("Id"), _("Name"), _("Position"), _("Price, net"), _("Free from"), _("Status")],
            rows=[
                Row(
                    href=links.path("shipping_method", method=row["id"]),
                    cells=[
                        row["id"],
                        row["name"],
                        str(row["position"]),
                        money_text(row["price"], row["currency"]),
                        money_text(row["free_from"], row["currency"])
                        if row["free_from"] is not None
                        else "–",
                    ],
                    badge=(_("Active"), "success") if row["is_active"] else (_("Switched off"), "neutral"),
                )
                for row in rows
            ],
            new="new_shipping_method",
            new_text=_("Create a shipping method"),
        )
    )


@get("/shipping-methods/new", name="new_shipping_method", guards=[PRICES])
async def new_method() -> Page:
    """The form of a new method."""
    return await _page(blank(NewShippingForm, is_active="on", currency="EUR", position="10"), "")


@post("/shipping-methods/new", name="create_shipping_method", guards=[PRICES])
async def create(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Makes a method."""
    form = await read_form(request, NewShippingForm)
    if form.is_valid and await _is_kept(form, form.data.id, None, visitor):
        return see(request, "shipping_methods", flash=Flash(_("The shipping method is created.")))
    return await _page(form, "", status_code=422)


@get("/shipping-methods/{method:str}", name="shipping_method", guards=[PRICES])
async def method(method: FromPath[str]) -> Page:
    """The form of a method; 404 where there is none."""
    return await _page(filled_with(ShippingForm, await _as_typed(method)), method)


@post("/shipping-methods/{method:str}", name="change_shipping_method", guards=[PRICES])
async def change(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, method: FromPath[str]
) -> Response[Any]:
    """Changes a method."""
    stored = await _stored(method)
    await refuse_beyond_branch(TargetKind.SHIPPING_METHOD, method)
    form = await read_form(request, ShippingForm)
    try:
        if form.is_valid and await _is_kept(form, method, stored, visitor):
            return see(request, "shipping_methods", flash=Flash(_("The shipping method is changed.")))
    except Conflict:
        stale = stale_form(ShippingForm, form, await _as_typed(method), await organisation_names())
        return await _page(stale, method, status_code=409)
    return await _page(form, method, status_code=422)


@get("/shipping-methods/{method:str}/delete", name="delete_shipping_method_page", guards=[PRICES])
async def ask_delete(visitor: CurrentVisitor, method: FromPath[str]) -> Page:
    """Asks before a method is deleted."""
    links = links_of(visitor.application)
    await _stored(method)
    await refuse_beyond_branch(TargetKind.SHIPPING_METHOD, method)
    return delete_page(
        _("Delete the shipping method %(id)s?", id=method),
        _("The checkout offers it no more. Orders keep what they say of it."),
        links.path("delete_shipping_method", method=method),
        links.path("shipping_method", method=method),
    )


@post("/shipping-methods/{method:str}/delete", name="delete_shipping_method", guards=[PRICES])
async def delete(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, method: FromPath[str]
) -> Response[Any]:
    """Deletes a method."""
    await _stored(method)
    try:
        async with changing(TargetKind.SHIPPING_METHOD, method):
            await delete_shipping_method(method, visitor=visitor)
    except ShippingMethodMissing:
        raise NotFoundException from None
    return see(request, "shipping_methods", flash=Flash(_("The shipping method is deleted.")))


async def _stored(method: str) -> dict[str, Any]:
    row = await DB.fetch_row(_ONE, method)
    if row is None:
        raise NotFoundException
    texts = {one: msgspec.json.decode(row[one], type=dict[str, str]) for one in ("names", "descriptions")}
    return {**row, **texts}


async def _as_typed(method: str) -> dict[str, str | list[str]]:
    """A method as the fields of its form show it. Raises NotFoundException."""
    row = await _stored(method)
    return {
        "name_en": row["names"].get("en", ""),
        "name_de": row["names"].get("de", ""),
        "description_en": row["descriptions"].get("en", ""),
        "description_de": row["descriptions"].get("de", ""),
        "price": amount_as_typed(row["price"]),
        "currency": row["currency"],
        "free_from": amount_as_typed(row["free_from"]),
        "position": str(row["position"]),
        "is_active": "on" if row["is_active"] else "",
        "version": str(row["version"]),
        **await targets_as_typed(TargetKind.SHIPPING_METHOD, method),
    }


async def _is_kept(
    form: FilledForm[Any], method: str, stored: Mapping[str, Any] | None, visitor: Visitor
) -> bool:
    """Creates or changes the method as the form says; False with errors noted. Raises Conflict."""
    data: ShippingForm = form.data
    chosen = await chosen_targets(data)
    if tell_unknown(form, chosen):
        return False
    details = ShippingMethod(
        id=method,
        names=by_language(data.name, stored["names"] if stored else None),
        descriptions=by_language(data.description, stored["descriptions"] if stored else None),
        price=data.price,
        currency=data.currency,
        free_from=data.free_from,
        position=data.position or 0,
        is_active=data.is_active,
    )
    try:
        if stored is None:
            await create_shipping_method(details, **chosen.whom, visitor=visitor)
        else:
            async with changing(TargetKind.SHIPPING_METHOD, method):
                await change_shipping_method(
                    details, version=data.version or 0, **chosen.whom, visitor=visitor
                )
    except ShippingMethodExists:
        form.add_error("id", _("There is one with this id already."))
    except (NoServiceActive, TargetUnknown) as error:
        tell_refused(form, error)
    return not form.errors


async def _page(form: FilledForm[Any], method: str, status_code: int = 200) -> Page:
    return Page(
        "back_office/selling/shipping_method.html",
        status_code=status_code,
        form=form,
        method=method,
        currencies=[(one, one) for one in CURRENCIES],
        targets=await target_choices(),
        may_change=not method or await may_change(TargetKind.SHIPPING_METHOD, method),
    )


routes = [methods, new_method, create, method, change, ask_delete, delete]
