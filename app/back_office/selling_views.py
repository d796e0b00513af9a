"""Catalog views in the back office: include, then exclude (domain.md 8)."""

import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, QueryParameter

from app.access import staff
from app.back_office.branch_reach import changing, may_change, refuse_beyond_branch
from app.back_office.privileges import Privilege
from app.back_office.selling_fields import NewId, WholeNumber, filled_with
from app.back_office.selling_lists import Row, ShownList, delete_page
from app.back_office.selling_products import category_choices
from app.back_office.selling_states import SWITCH_OF_ROW, find_by_state, state_badge
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
from app.catalog.edit_view import (
    ViewDetails,
    ViewIdTaken,
    ViewRefused,
    ViewRule,
    change_view,
    create_view,
    delete_view,
)
from app.catalog.products import canonical_sku
from app.errors import Conflict
from app.flash import Flash
from app.forms import FilledForm, Flag, Several, Text, blank, read_form
from app.languages import gettext as _
from app.links import links_of
from app.pages import Page, see
from app.segments.targets import NoServiceActive, TargetUnknown, aim
from app.visitor import CurrentVisitor, Visitor
from tables.catalog import ViewRuleAction
from tables.engine import DB
from tables.segments import TargetKind

CATALOG = staff(Privilege.CATALOG)
INCLUDE, EXCLUDE = ViewRuleAction.INCLUDE, ViewRuleAction.EXCLUDE


class ViewForm(TargetGroupForm):
    """A catalog view with its rules."""

    name: Annotated[str, Text()]
    description: Annotated[str, Text(required=False, multiline=True, max_length=2000)]
    include_all: Annotated[bool, Flag()]
    include_categories: Annotated[list[str], Several()]
    include_products: Annotated[str, Text(required=False, multiline=True, max_length=20_000)]
    exclude_categories: Annotated[list[str], Several()]
    exclude_products: Annotated[str, Text(required=False, multiline=True, max_length=20_000)]
    is_active: Annotated[bool, Flag()]
    version: Annotated[Any, WholeNumber(required=False)]


class NewViewForm(ViewForm):
    """A catalog view with its id, which never changes."""

    id: Annotated[str, NewId()]


_FOUND = f"""
    SELECT id, name, description, {SWITCH_OF_ROW} AS state, count(*) OVER () AS count
    FROM catalog_views
    WHERE strpos(lower(concat_ws(' ', id, name, description)), lower($1)) > 0
      AND ($2 = '' OR $2 = {SWITCH_OF_ROW})
    ORDER BY id LIMIT $3 OFFSET $4
"""


@get("/catalog-views", name="catalog_views", guards=[CATALOG])
async def catalog_views(
    visitor: CurrentVisitor,
    wanted_state: Annotated[str, QueryParameter(name="state")] = "",
    q: FromQuery[str] = "",
    page: FromQuery[int] = 1,
) -> Page:
    """Catalog views that fit the search, by id."""
    links, found = links_of(visitor.application), await find_by_state(_FOUND, q, wanted_state, page)
    return found.shown(
        ShownList(
            route="catalog_views",
            heading=_("Catalog views"),
            lead=_("What a target group sees of the catalog. Who is in no target group sees everything."),
            headings=view_headings(),
            rows=[view_row(row, links.path("catalog_view", view=row["id"])) for row in found.rows],
            new="new_catalog_view",
            new_text=_("Create a catalog view"),
            search_label=_("Id, name or description"),
        ),
        "upcoming",
        "ended",
    )


def view_headings() -> list[str]:
    """What stands above the columns of lists of catalog views."""
    return [_("Id"), _("Name"), _("Description"), _("Status")]


def view_row(row: Mapping[str, Any], address: str) -> Row:
    """A catalog view as a line of a list, which leads to an address, "" for none."""
    cells = [row["id"], row["name"], row["description"] or "–"]
    return Row(href=address, cells=cells, badge=state_badge(row["state"]))


@get("/catalog-views/new", name="new_catalog_view", guards=[CATALOG])
async def new_catalog_view() -> Page:
    """The form of a new view."""
    return await _page(blank(NewViewForm, is_active="on", include_all="on"), "")


@post("/catalog-views/new", name="create_catalog_view", guards=[CATALOG])
async def create(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Makes a view."""
    form = await read_form(request, NewViewForm)
    if form.is_valid and await _is_kept(form, form.data.id, visitor, is_new=True):
        return see(request, "catalog_views", flash=Flash(_("The catalog view is created.")))
    return await _page(form, "", status_code=422)


@get("/catalog-views/{view:str}", name="catalog_view", guards=[CATALOG])
async def catalog_view(view: FromPath[str]) -> Page:
    """The form of a view; 404 where there is none."""
    return await _page(filled_with(ViewForm, await _as_typed(view)), view)


@post("/catalog-views/{view:str}", name="change_catalog_view", guards=[CATALOG])
async def change(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, view: FromPath[str]
) -> Response[Any]:
    """Changes a view."""
    await _stored(view)
    await refuse_beyond_branch(TargetKind.CATALOG_VIEW, view)
    form = await read_form(request, ViewForm)
    try:
        if form.is_valid and await _is_kept(form, view, visitor, is_new=False):
            return see(request, "catalog_views", flash=Flash(_("The catalog view is changed.")))
    except Conflict:
        names = {**dict(await category_choices()), **await organisation_names()}
        stale = stale_form(ViewForm, form, await _as_typed(view), names)
        return await _page(stale, view, status_code=409)
    return await _page(form, view, status_code=422)


@get("/catalog-views/{view:str}/delete", name="delete_catalog_view_page", guards=[CATALOG])
async def ask_delete(visitor: CurrentVisitor, view: FromPath[str]) -> Page:
    """Asks before a view is deleted."""
    row, links = await _stored(view), links_of(visitor.application)
    await refuse_beyond_branch(TargetKind.CATALOG_VIEW, view)
    return delete_page(
        _("Delete the catalog view %(name)s?", name=row["name"]),
        _("Who saw the catalog by this view alone sees everything afterwards."),
        links.path("delete_catalog_view", view=view),
        links.path("catalog_view", view=view),
    )


@post("/catalog-views/{view:str}/delete", name="delete_catalog_view", guards=[CATALOG])
async def delete(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, view: FromPath[str]
) -> Response[Any]:
    """Deletes a view."""
    await _stored(view)
    async with changing(TargetKind.CATALOG_VIEW, view):
        await delete_view(view, visitor=visitor)
    return see(request, "catalog_views", flash=Flash(_("The catalog view is deleted.")))


async def _stored(view: str) -> dict[str, Any]:
    row = await DB.fetch_row("SELECT * FROM catalog_views WHERE id = $1", view)
    if row is None:
        raise NotFoundException
    return row


async def _as_typed(view: str) -> dict[str, str | list[str]]:
    """A view as the fields of its form show it. Raises NotFoundException."""
    row = await _stored(view)
    rules = await DB.fetch(
        "SELECT r.action, r.category, p.sku FROM catalog_view_rules r LEFT JOIN products p ON p.id = r.product"
        " WHERE r.view = $1 ORDER BY p.sku",
        view,
    )

    def of(action: ViewRuleAction, column: str) -> list[str]:
        return [str(one[column]) for one in rules if one["action"] == action and one[column] is not None]

    all_in = any(one["category"] is None and one["sku"] is None for one in rules if one["action"] == INCLUDE)
    return {
        "name": row["name"],
        "description": row["description"],
        "include_all": "on" if all_in else "",
        "include_categories": of(INCLUDE, "category"),
        "include_products": ", ".join(of(INCLUDE, "sku")),
        "exclude_categories": of(EXCLUDE, "category"),
        "exclude_products": ", ".join(of(EXCLUDE, "sku")),
        "is_active": "on" if row["is_active"] else "",
        "version": str(row["version"]),
        **await targets_as_typed(TargetKind.CATALOG_VIEW, view),
    }


async def _is_kept(form: FilledForm[Any], view: str, visitor: Visitor, *, is_new: bool) -> bool:
    """Creates or changes the view as the form says; False with errors noted. Raises Conflict."""
    data: ViewForm = form.data
    chosen = await chosen_targets(data)
    rules = await _rules(form)
    if tell_unknown(form, chosen) or form.errors:
        return False
    details = ViewDetails(name=data.name, description=data.description, is_active=data.is_active, rules=rules)
    try:
        async with DB.transaction():
            await _write(view, details, chosen, data.version or 0, visitor, is_new=is_new)
    except ViewIdTaken:
        form.add_error("id", _("There is one with this id already."))
    except ViewRefused:
        form.add_error("", _("A category or product of the rules is gone. Please open the page anew."))
    except (NoServiceActive, TargetUnknown) as error:
        tell_refused(form, error)
    return not form.errors


async def _write(
    view: str, details: ViewDetails, chosen: ChosenTargets, version: int, visitor: Visitor, *, is_new: bool
) -> None:
    if is_new:
        await create_view(view, details, visitor=visitor)
        await aim(TargetKind.CATALOG_VIEW, view, **chosen.whom, visitor=visitor)
    else:
        async with changing(TargetKind.CATALOG_VIEW, view):
            await change_view(view, version, details, visitor=visitor)
            await aim(TargetKind.CATALOG_VIEW, view, **chosen.whom, visitor=visitor)


async def _rules(form: FilledForm[Any]) -> list[ViewRule]:
    """The rules that the form names; unknown categories and SKUs are noted at their fields."""
    data: ViewForm = form.data
    known = dict(await category_choices())
    rules = [ViewRule(INCLUDE)] if data.include_all else []
    for action, categories, products in (
        (INCLUDE, data.include_categories, data.include_products),
        (EXCLUDE, data.exclude_categories, data.exclude_products),
    ):
        if not known.keys() >= set(categories):
            form.add_error(f"{action.value}_categories", _("Please choose one of the options."))
            continue
        rules += [ViewRule(action, category=uuid.UUID(one)) for one in categories]
        found, unknown = await _products(filter(None, map(str.strip, re.split(r"[,;\n]", products))))
        if unknown:
            told = _("There is no product %(skus)s.", skus=", ".join(unknown[:10]))
            form.add_error(f"{action.value}_products", told)
        rules += [ViewRule(action, product=one) for one in found]
    return rules


async def _products(skus: Iterable[str]) -> tuple[list[uuid.UUID], list[str]]:
    wanted = {canonical_sku(sku): sku for sku in skus}
    rows = await DB.fetch(
        "SELECT id, sku_canonical FROM products WHERE sku_canonical = ANY($1::text[])", list(wanted)
    )
    found = {row["sku_canonical"]: row["id"] for row in rows}
    return list(found.values()), [sku for key, sku in wanted.items() if key not in found]


async def _page(form: FilledForm[Any], view: str, status_code: int = 200) -> Page:
    return Page(
        "back_office/selling/catalog_view.html",
        status_code=status_code,
        form=form,
        view=view,
        categories=await category_choices(),
        targets=await target_choices(),
        may_change=not view or await may_change(TargetKind.CATALOG_VIEW, view),
    )


routes = [catalog_views, new_catalog_view, create, catalog_view, change, ask_delete, delete]
