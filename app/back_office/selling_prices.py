"""Price lists in the back office; their entries: selling_price_entries.py."""

from collections.abc import Mapping
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, QueryParameter

from app.access import staff
from app.back_office.branch_reach import changing, may_change, refuse_beyond_branch
from app.back_office.privileges import Privilege
from app.back_office.selling_fields import (
    CURRENCIES,
    Currency,
    Moment,
    NewId,
    WholeNumber,
    filled_with,
    moment_as_typed,
)
from app.back_office.selling_lists import Row, ShownList, delete_page
from app.back_office.selling_states import STATE_OF_ROW, find_by_state, state_badge
from app.back_office.selling_targets import (
    ChosenTargets,
    TargetGroupForm,
    chosen_targets,
    organisation_names,
    target_choices,
    targets_as_typed,
    tell_refused,
    tell_unknown,
)
from app.back_office.stale_form import stale_form
from app.errors import Conflict
from app.flash import Flash
from app.forms import Choice, FilledForm, Flag, Text, blank, read_form
from app.languages import gettext as _
from app.languages import text
from app.links import links_of
from app.pages import Page, see
from app.prices.price_lists import (
    PriceListDetails,
    PriceListExists,
    PriceListInvalid,
    PriceListMissing,
    change_price_list,
    create_price_list,
    delete_price_list,
)
from app.segments.targets import NoServiceActive, TargetUnknown, aim
from app.visitor import CurrentVisitor, Visitor
from tables.engine import DB
from tables.segments import TargetKind

PRICES = staff(Privilege.PRICES)
KINDS = (("net", text("Net: without VAT")), ("gross", text("Gross: with VAT")))


class PriceListForm(TargetGroupForm):
    """A price list."""

    name: Annotated[str, Text()]
    currency: Currency
    kind: Annotated[str, Choice(options=KINDS)]
    priority: Annotated[Any, WholeNumber(required=False, at_least=-1_000_000)]
    valid_from: Annotated[Any, Moment()]
    valid_to: Annotated[Any, Moment()]
    is_active: Annotated[bool, Flag()]
    version: Annotated[Any, WholeNumber(required=False)]


class NewPriceListForm(PriceListForm):
    """A price list with its id, which never changes."""

    id: Annotated[str, NewId()]


_FOUND = f"""
    SELECT id, name, currency, is_net, priority, {STATE_OF_ROW} AS state, count(*) OVER () AS count
    FROM price_lists
    WHERE strpos(lower(id || ' ' || name), lower($1)) > 0 AND ($2 = '' OR $2 = {STATE_OF_ROW})
    ORDER BY id LIMIT $3 OFFSET $4
"""


@get("/price-lists", name="price_lists", guards=[PRICES])
async def price_lists(
    visitor: CurrentVisitor,
    wanted_state: Annotated[str, QueryParameter(name="state")] = "",
    q: FromQuery[str] = "",
    page: FromQuery[int] = 1,
) -> Page:
    """Price lists that fit the search, by id."""
    links, found = links_of(visitor.application), await find_by_state(_FOUND, q, wanted_state, page)
    return found.shown(
        ShownList(
            route="price_lists",
            heading=_("Price lists"),
            lead=_(
                "The best valid price for the quantity wins; of equal ones the list of the higher priority."
            ),
            headings=price_list_headings(),
            rows=[price_list_row(row, links.path("price_list", list_id=row["id"])) for row in found.rows],
            new="new_price_list",
            new_text=_("Create a price list"),
            search_label=_("Id or name"),
        )
    )


def price_list_headings() -> list[str]:
    """What stands above the columns of lists of price lists."""
    return [_("Id"), _("Name"), _("Currency"), _("Kind"), _("Priority"), _("Status")]


def price_list_row(row: Mapping[str, Any], address: str) -> Row:
    """A price list as a line of a list, which leads to an address, "" for none."""
    kind = _("net") if row["is_net"] else _("gross")
    return Row(
        href=address,
        cells=[row["id"], row["name"], row["currency"], kind, str(row["priority"])],
        badge=state_badge(row["state"]),
    )


@get("/price-lists/new", name="new_price_list", guards=[PRICES])
async def new_price_list() -> Page:
    """The form of a new price list."""
    return await _page(blank(NewPriceListForm, is_active="on", currency="EUR", kind="net", priority="0"), "")


@post("/price-lists/new", name="create_price_list", guards=[PRICES])
async def create(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Makes a price list; its entries come next."""
    form = await read_form(request, NewPriceListForm)
    if form.is_valid and await _is_kept(form, form.data.id, visitor, is_new=True):
        told = _("The price list is created. Now give it entries.")
        return see(request, "price_entries", list_id=form.data.id, flash=Flash(told))
    return await _page(form, "", status_code=422)


@get("/price-lists/{list_id:str}", name="price_list", guards=[PRICES])
async def price_list(list_id: FromPath[str]) -> Page:
    """The form of a price list; 404 where there is none."""
    return await _page(filled_with(PriceListForm, await _as_typed(list_id)), list_id)


@post("/price-lists/{list_id:str}", name="change_price_list", guards=[PRICES])
async def change(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, list_id: FromPath[str]
) -> Response[Any]:
    """Changes a price list."""
    await stored_list(list_id)
    await refuse_beyond_branch(TargetKind.PRICE_LIST, list_id)
    form = await read_form(request, PriceListForm)
    try:
        if form.is_valid and await _is_kept(form, list_id, visitor, is_new=False):
            return see(request, "price_list", list_id=list_id, flash=Flash(_("The price list is changed.")))
    except Conflict:
        stale = stale_form(PriceListForm, form, await _as_typed(list_id), await organisation_names())
        return await _page(stale, list_id, status_code=409)
    return await _page(form, list_id, status_code=422)


@get("/price-lists/{list_id:str}/delete", name="delete_price_list_page", guards=[PRICES])
async def ask_delete(visitor: CurrentVisitor, list_id: FromPath[str]) -> Page:
    """Asks before a price list is deleted."""
    row, links = await stored_list(list_id), links_of(visitor.application)
    await refuse_beyond_branch(TargetKind.PRICE_LIST, list_id)
    return delete_page(
        _("Delete the price list %(name)s?", name=row["name"]),
        _("All its entries are deleted. Orders keep their prices."),
        links.path("delete_price_list", list_id=list_id),
        links.path("price_list", list_id=list_id),
    )


@post("/price-lists/{list_id:str}/delete", name="delete_price_list", guards=[PRICES])
async def delete(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, list_id: FromPath[str]
) -> Response[Any]:
    """Deletes a price list with its entries."""
    await stored_list(list_id)
    try:
        async with changing(TargetKind.PRICE_LIST, list_id):
            await delete_price_list(list_id, visitor=visitor)
    except PriceListMissing:
        raise NotFoundException from None
    return see(request, "price_lists", flash=Flash(_("The price list is deleted.")))


async def stored_list(list_id: str) -> dict[str, Any]:
    """The row of a price list. Raises NotFoundException."""
    row = await DB.fetch_row("SELECT * FROM price_lists WHERE id = $1", list_id)
    if row is None:
        raise NotFoundException
    return row


async def _as_typed(list_id: str) -> dict[str, str | list[str]]:
    """A price list as the fields of its form show it. Raises NotFoundException."""
    row = await stored_list(list_id)
    return {
        "name": row["name"],
        "currency": row["currency"],
        "kind": "net" if row["is_net"] else "gross",
        "priority": str(row["priority"]),
        "valid_from": moment_as_typed(row["valid_from"]),
        "valid_to": moment_as_typed(row["valid_to"]),
        "is_active": "on" if row["is_active"] else "",
        "version": str(row["version"]),
        **await targets_as_typed(TargetKind.PRICE_LIST, list_id),
    }


async def _is_kept(form: FilledForm[Any], list_id: str, visitor: Visitor, *, is_new: bool) -> bool:
    """Creates or changes the list as the form says; False with errors noted. Raises Conflict."""
    data: PriceListForm = form.data
    chosen: ChosenTargets = await chosen_targets(data)
    if tell_unknown(form, chosen):
        return False
    details = PriceListDetails(
        name=data.name,
        currency=data.currency,
        is_net=data.kind == "net",
        priority=data.priority or 0,
        valid_from=data.valid_from,
        valid_to=data.valid_to,
        is_active=data.is_active,
    )
    try:
        async with DB.transaction():
            if is_new:
                await create_price_list(list_id, details, visitor=visitor)
                await aim(TargetKind.PRICE_LIST, list_id, **chosen.whom, visitor=visitor)
            else:
                async with changing(TargetKind.PRICE_LIST, list_id):
                    await change_price_list(list_id, details, version=data.version or 0, visitor=visitor)
                    await aim(TargetKind.PRICE_LIST, list_id, **chosen.whom, visitor=visitor)
    except PriceListExists:
        form.add_error("id", _("There is one with this id already."))
    except PriceListInvalid as error:
        told = (
            _("The end must come after the beginning.") if error.field == "valid_to" else _("This cannot be.")
        )
        form.add_error(error.field, told)
    except (NoServiceActive, TargetUnknown) as error:
        tell_refused(form, error)
    return not form.errors


async def _page(form: FilledForm[Any], list_id: str, status_code: int = 200) -> Page:
    return Page(
        "back_office/selling/price_list.html",
        status_code=status_code,
        form=form,
        list_id=list_id,
        kinds=[(value, _(name)) for value, name in KINDS],
        currencies=[(one, one) for one in CURRENCIES],
        targets=await target_choices(),
        may_change=not list_id or await may_change(TargetKind.PRICE_LIST, list_id),
    )


routes = [price_lists, new_price_list, create, price_list, change, ask_delete, delete]
