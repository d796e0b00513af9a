"""The entries of a price list in the back office: list, add, change, delete."""

import uuid
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery

from app.amounts import Amount, amount_as_typed
from app.back_office.branch_reach import changing, may_change, refuse_beyond_branch
from app.back_office.selling_fields import (
    Moment,
    Percent,
    WholeNumber,
    filled_with,
    moment_as_typed,
    percent_as_typed,
)
from app.back_office.selling_lists import ON_A_PAGE, SearchForm, offset_of, page_asked_for, pages_of
from app.back_office.selling_prices import PRICES, stored_list
from app.back_office.selling_products import product_with_sku
from app.back_office.stale_form import stale_form
from app.catalog.products import canonical_sku
from app.catalog.words import words_of
from app.errors import Conflict
from app.flash import Flash
from app.forms import FilledForm, Form, Text, asked_for, blank, read_form
from app.languages import datetime_text, money_text
from app.languages import gettext as _
from app.pages import Page, see
from app.prices.price_entries import (
    EntriesOverlap,
    EntryDetails,
    PriceEntryMissing,
    ProductMissing,
    add_entries,
    change_entry,
    delete_entry,
)
from app.prices.price_lists import PriceListInvalid
from app.visitor import CurrentVisitor, Visitor
from tables.engine import DB
from tables.segments import TargetKind


class EntryForm(Form):
    """A price of a product from a quantity on."""

    sku: Annotated[str, Text(max_length=60)]
    quantity_from: Annotated[Any, WholeNumber(at_least=1)]
    amount: Annotated[Any, Amount()]
    percent_off: Annotated[Any, Percent()]
    valid_from: Annotated[Any, Moment()]
    valid_to: Annotated[Any, Moment()]
    version: Annotated[Any, WholeNumber(required=False)]

    @classmethod
    def problems(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Either a price or a percentage, and a time that runs forward."""
        if {"amount", "percent_off"} <= values.keys() and (
            (values["amount"] is None) == (values["percent_off"] is None)
        ):
            yield "amount", _("Please enter either a price or a percentage.")
        since, until = values.get("valid_from"), values.get("valid_to")
        if since is not None and until is not None and since >= until:
            yield "valid_to", _("The end must come after the beginning.")


_ENTRIES = """
    SELECT e.id, p.sku, coalesce(p.names ->> 'en', '') AS name, e.quantity_from, e.amount, e.percent_off,
           e.valid_from, e.valid_to, count(*) OVER () AS count
    FROM price_entries e JOIN products p ON p.id = e.product
    WHERE e.price_list = $1
      AND ($2 = '' OR strpos(p.sku_canonical, $2) > 0
           OR (SELECT bool_and(strpos(p.search_text, word) > 0) FROM unnest($3::text[]) AS word))
    ORDER BY p.sku_canonical, e.quantity_from, e.valid_from NULLS FIRST, e.id LIMIT $4 OFFSET $5
"""


@get("/price-lists/{list_id:str}/entries", name="price_entries", guards=[PRICES])
async def price_entries(list_id: FromPath[str], q: FromQuery[str] = "", page: FromQuery[int] = 1) -> Page:
    """The entries of a list by SKU, and the form of a new one."""
    return await _list_page(list_id, blank(EntryForm, quantity_from="1"), q=q, page=page)


@post("/price-lists/{list_id:str}/entries", name="add_price_entry", guards=[PRICES])
async def add(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, list_id: FromPath[str]
) -> Response[Any]:
    """Adds an entry."""
    await stored_list(list_id)
    await refuse_beyond_branch(TargetKind.PRICE_LIST, list_id)
    form = await read_form(request, EntryForm)
    if form.is_valid and await _is_kept(form, list_id, None, visitor):
        return see(request, "price_entries", list_id=list_id, flash=Flash(_("The price is added.")))
    return await _list_page(list_id, form, status_code=422)


@get("/price-lists/{list_id:str}/entries/{entry_id:uuid}", name="price_entry", guards=[PRICES])
async def price_entry(list_id: FromPath[str], entry_id: FromPath[uuid.UUID]) -> Page:
    """The form of an entry; 404 where the list has none like it."""
    typed = await _as_typed(list_id, entry_id)
    return await _entry_page(list_id, entry_id, filled_with(EntryForm, typed))


@post("/price-lists/{list_id:str}/entries/{entry_id:uuid}", name="change_price_entry", guards=[PRICES])
async def change(
    request: Request[Any, Any, Any],
    visitor: CurrentVisitor,
    list_id: FromPath[str],
    entry_id: FromPath[uuid.UUID],
) -> Response[Any]:
    """Changes an entry."""
    await _stored(list_id, entry_id)
    await refuse_beyond_branch(TargetKind.PRICE_LIST, list_id)
    form = await read_form(request, EntryForm)
    try:
        if form.is_valid and await _is_kept(form, list_id, entry_id, visitor):
            return see(request, "price_entries", list_id=list_id, flash=Flash(_("The price is changed.")))
    except Conflict:
        stale = stale_form(EntryForm, form, await _as_typed(list_id, entry_id))
        return await _entry_page(list_id, entry_id, stale, status_code=409)
    return await _entry_page(list_id, entry_id, form, status_code=422)


@post("/price-lists/{list_id:str}/entries/{entry_id:uuid}/delete", name="delete_price_entry", guards=[PRICES])
async def delete(
    request: Request[Any, Any, Any],
    visitor: CurrentVisitor,
    list_id: FromPath[str],
    entry_id: FromPath[uuid.UUID],
) -> Response[Any]:
    """Deletes an entry."""
    await _stored(list_id, entry_id)
    try:
        async with changing(TargetKind.PRICE_LIST, list_id):
            await delete_entry(list_id, entry_id, visitor=visitor)
    except PriceEntryMissing:
        raise NotFoundException from None
    return see(request, "price_entries", list_id=list_id, flash=Flash(_("The price is deleted.")))


async def _stored(list_id: str, entry_id: uuid.UUID) -> dict[str, Any]:
    row = await DB.fetch_row(
        "SELECT e.*, p.sku FROM price_entries e JOIN products p ON p.id = e.product"
        " WHERE e.id = $1 AND e.price_list = $2",
        entry_id,
        list_id,
    )
    if row is None:
        raise NotFoundException
    return row


async def _as_typed(list_id: str, entry_id: uuid.UUID) -> dict[str, str]:
    """An entry as the fields of its form show it. Raises NotFoundException."""
    row = await _stored(list_id, entry_id)
    return {
        "sku": row["sku"],
        "quantity_from": str(row["quantity_from"]),
        "amount": amount_as_typed(row["amount"]),
        "percent_off": percent_as_typed(row["percent_off"]),
        "valid_from": moment_as_typed(row["valid_from"]),
        "valid_to": moment_as_typed(row["valid_to"]),
        "version": str(row["version"]),
    }


async def _is_kept(
    form: FilledForm[EntryForm], list_id: str, entry_id: uuid.UUID | None, visitor: Visitor
) -> bool:
    """Adds or changes the entry as the form says; False with errors noted. Raises Conflict."""
    data = form.data
    product = await product_with_sku(data.sku)
    if product is None:
        form.add_error("sku", _("There is no product with this SKU."))
        return False
    details = EntryDetails(
        product_id=product,
        quantity_from=data.quantity_from,
        amount=data.amount,
        percent_off=data.percent_off,
        valid_from=data.valid_from,
        valid_to=data.valid_to,
    )
    try:
        async with changing(TargetKind.PRICE_LIST, list_id):
            if entry_id is None:
                await add_entries(list_id, [details], visitor=visitor)
            else:
                version = data.version or 0
                await change_entry(list_id, entry_id, details, version=version, visitor=visitor)
    except EntriesOverlap:
        told = _("The list has a price of this product for this quantity at the same time.")
        form.add_error("quantity_from", told)
    except ProductMissing:
        form.add_error("sku", _("There is no product with this SKU."))
    except PriceEntryMissing:
        raise NotFoundException from None
    except PriceListInvalid as error:
        form.add_error(error.field, _("This cannot be."))
    return not form.errors


async def _list_page(
    list_id: str, form: FilledForm[EntryForm], *, q: str = "", page: int = 1, status_code: int = 200
) -> Page:
    of = await stored_list(list_id)
    wanted, number = asked_for(q), page_asked_for(page)
    rows = await DB.fetch(
        _ENTRIES, list_id, canonical_sku(wanted), words_of(wanted), ON_A_PAGE, offset_of(number)
    )
    return Page(
        "back_office/selling/price_entries.html",
        status_code=status_code,
        form=form,
        list_id=list_id,
        list_name=of["name"],
        may_change=await may_change(TargetKind.PRICE_LIST, list_id),
        q=wanted,
        search=blank(SearchForm, q=wanted),
        entries=[
            {
                "id": row["id"],
                "sku": row["sku"],
                "name": row["name"],
                "quantity_from": row["quantity_from"],
                "price": money_text(row["amount"], of["currency"])
                if row["amount"] is not None
                else _("%(percent)s %% off", percent=percent_as_typed(row["percent_off"])),
                "valid": " – ".join(
                    datetime_text(row[one]) if row[one] is not None else "…"
                    for one in ("valid_from", "valid_to")
                )
                if row["valid_from"] or row["valid_to"]
                else _("always"),
            }
            for row in rows
        ],
        page=number,
        pages=pages_of(rows[0]["count"] if rows else 0),
    )


async def _entry_page(
    list_id: str, entry_id: uuid.UUID, form: FilledForm[EntryForm], status_code: int = 200
) -> Page:
    return Page(
        "back_office/selling/price_entry.html",
        status_code=status_code,
        form=form,
        list_id=list_id,
        entry_id=entry_id,
        may_change=await may_change(TargetKind.PRICE_LIST, list_id),
    )


routes = [price_entries, add, price_entry, change, delete]
